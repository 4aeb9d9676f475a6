"""Versions of a contract's text: kept in their order, the newest is the current one, and nothing overwrites another."""

from __future__ import annotations

import pytest


@pytest.fixture
def contract(itself, session, person):
    case = itself.cases.open(
        "legal.contract", title="Rent of a store", requester=person("maria"), owner=person("lev"),
        fields={"vendor": "Ladoga", "amount": 900_000},
    )  # fmt: skip
    session.commit()
    return case


@pytest.fixture
def add(browse, contract, session):
    def send(name, *, version=None, **given):
        session.refresh(contract)
        seen = contract.version if version is None else version
        return browse("lev").submit(
            f"/p/legal/contracts/{contract.number}/versions", {"version": seen, **given},
            files={"text": (name, name.encode(), "text/plain")} if name else None,
        )  # fmt: skip

    return send


def test_each_version_is_a_line_with_its_file_and_the_newest_is_current(contract, add, browse, session):
    assert add("draft.txt", side="ours", note="First draft").status_code == 303
    assert add("reply.txt", side="theirs", note="Clause 6 struck out").status_code == 303

    session.refresh(contract)
    assert [(line["side"], line["note"]) for line in contract.fields["versions"]] == [
        ("ours", "First draft"), ("theirs", "Clause 6 struck out"),
    ]  # fmt: skip
    page = browse("lev").get(f"/p/legal/contracts/{contract.number}/versions").text.partition("<tbody>")[2]
    assert page.index("reply.txt") < page.index("current") < page.index("draft.txt")
    assert f"/p/legal/contracts/{contract.number}/versions" in browse("lev").get(f"/cases/{contract.number}").text


def test_without_a_file_nothing_is_kept_and_the_note_stays(contract, add, session):
    answer = add("", note="Clause 6 struck out")

    assert answer.status_code == 422
    assert "Choose the file of the version" in answer.text
    assert "Clause 6 struck out" in answer.text


def test_the_second_of_two_who_add_is_told(contract, add, session):
    seen = contract.version
    add("draft.txt")
    late = add("other.txt", version=seen, note="Mine")

    assert late.status_code == 409
    assert "Mine" in late.text
    session.refresh(contract)
    assert len(contract.fields["versions"]) == 1


def test_others_find_no_versions(contract, browse):
    assert browse("irina").get(f"/p/legal/contracts/{contract.number}/versions").status_code == 404
    assert browse("maria").get(f"/p/legal/contracts/{contract.number}/versions").status_code == 404

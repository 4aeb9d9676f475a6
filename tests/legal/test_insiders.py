"""Insider matters: those who are named see them, and nobody else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from acm.cases.models import Case
from acm.pages.visibility import unrestricted


@pytest.fixture
def told(legal, session, department, person):
    """Maria tells of a merger and names Oleg; Anna heads Legal here. The number of the matter."""
    department("legal").head_id = person("anna").id
    session.commit()

    def tell(browse):
        answer = browse("maria").submit(
            "/p/legal/insiders", {"title": "Project Amber", "event": "We buy Vector", "people": "oleg"}
        )
        assert answer.status_code == 303
        return re.search(r"LG-\d+", answer.headers["location"])[0]

    return tell


def test_only_the_named_see_it(told, browse):
    number = told(browse)

    seen = {
        who: browse(who).get(f"/requests/{number}").status_code for who in ("maria", "anna", "oleg", "lev", "irina")
    }

    assert seen == {"maria": 200, "anna": 200, "oleg": 200, "lev": 404, "irina": 404}


def test_no_group_gets_it_and_no_list_or_search_shows_it(told, browse, session):
    number = told(browse)
    case = session.scalars(unrestricted(select(Case).where(Case.number == number), "test")).one()

    assert (case.group_id, case.confidential) == (None, True)
    for path in ("/cases", "/queues/legal-all", "/search?q=Vector", f"/api/v1/cases/{number}"):
        assert "Amber" not in browse("lev").get(path).text, path


def test_a_form_that_is_not_whole_says_what_is_missing_and_loses_nothing(legal, browse):
    answer = browse("maria").submit("/p/legal/insiders", {"title": "", "event": "We buy Vector", "people": "nemo"})

    assert answer.status_code == 422
    assert "There is no colleague with the login nemo" in answer.text
    assert "Say in a few words what it is about" in answer.text
    assert "We buy Vector" in answer.text


def test_a_stranger_is_asked_to_sign_in(legal, browse):
    for path in ("powers", "contracts", "hearings", "insiders/new"):
        assert browse().get(f"/p/legal/{path}").status_code in (302, 303, 401), path

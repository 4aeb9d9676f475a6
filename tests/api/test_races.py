"""Many at the same moment: one effect for one key, and words rather than a fault for whoever cannot be served now."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from acm.cases.models import Case
from acm.pages.visibility import unrestricted

FILED = {"json": {"values": {"reason": "home"}}, "headers": {"Idempotency-Key": "pressed"}}
ADDRESS = "/api/v1/services/it-004/requests"


def cases(session):
    return session.scalar(unrestricted(select(func.count(Case.id)), "test"))


def test_twenty_equal_requests_at_once_file_one_case(program, offer, session):
    offer()
    programs, begin = [program("maria") for _ in range(20)], threading.Barrier(20)

    def press(one):
        begin.wait(30)
        return one.post(ADDRESS, **FILED)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(press, programs))

    numbers = {answer.json()["number"] for answer in answers if answer.status_code == 201}
    assert len(numbers) == 1
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert cases(session) == 1


def test_the_same_key_with_other_answers_is_a_conflict_and_files_nothing(program, offer, session):
    offer()
    maria = program("maria")
    first = maria.post(ADDRESS, **FILED)

    other = maria.post(ADDRESS, json={"values": {"reason": "another"}}, headers=FILED["headers"])

    assert (first.status_code, other.status_code) == (201, 409)
    assert cases(session) == 1


@pytest.mark.parametrize(
    ("address", "said", "other"),
    [
        ("/api/v1/cases", {"type": "request", "title": "No network", "group": "it-net"}, {"title": "No telephone"}),
        ("/api/v1/cases/{vpn}/comments", {"body": "which version?", "audience": "all"}, {"body": "which device?"}),
    ],
    ids=["case", "comment"],
)
def test_a_case_and_a_comment_sent_again_under_one_key_are_made_once(program, vpn, address, said, other):
    oleg, address, key = program("oleg"), address.format(vpn=vpn.number), {"Idempotency-Key": "sent"}
    first = oleg.post(address, json=said, headers=key)
    again = oleg.post(address, json=said, headers=key)
    changed = oleg.post(address, json={**said, **other}, headers=key)
    without = oleg.post(address, json=said)

    assert (first.status_code, again.status_code, changed.status_code, without.status_code) == (201, 201, 409, 201)
    assert again.json()["id"] == first.json()["id"] != without.json()["id"]


def test_while_somebody_holds_what_is_to_be_changed_others_read_and_are_told_to_wait(program, vpn, runtime):
    oleg, address = program("oleg"), f"/api/v1/cases/{vpn.number}"
    comment = {"json": {"body": "which version?"}}
    with runtime.db.write_engine.connect() as holder:  # on SQLite it holds the right to write
        holder.exec_driver_sql(
            f"SELECT id FROM page WHERE id = {vpn.id}" + (" FOR UPDATE" * (not runtime.db.is_sqlite))
        )
        began = time.monotonic()
        refused, seconds = oleg.post(f"{address}/comments", **comment), time.monotonic() - began
        read = oleg.get(address)
        holder.exec_driver_sql("ROLLBACK") if runtime.db.is_sqlite else holder.rollback()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"] == "/problems/busy"
    assert seconds < 20
    assert read.status_code == 200
    assert oleg.post(f"{address}/comments", **comment).status_code == 201


def test_a_connection_that_the_database_ends_is_replaced_by_itself(program, vpn, runtime):
    oleg, address = program("oleg"), f"/api/v1/cases/{vpn.number}"
    assert oleg.get(address).status_code == 200
    if runtime.db.is_sqlite:
        pytest.skip("SQLite has no connection that somebody else could end")
    with runtime.db.write_engine.connect() as other:
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    statuses = [oleg.get(address).status_code, oleg.post(f"{address}/comments", json={"body": "on"}).status_code]
    assert statuses == [200, 201]

"""Queues and lists of cases as their readers see them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from acm.cases.models import Queue
from tests.statements import NEWS, listening


def rows(html):
    return re.findall(r'id="c-([A-Z0-9-]+)"', html)


def total(html):
    return int(re.search(r'data-total="(\d+)"', html)[1])


def test_a_queue_of_a_group_lists_its_open_cases_and_the_count_is_the_list(browse, open_request):
    mine = [open_request(f"case {n}") for n in range(3)]
    open_request("desk", to="it-desk")
    open_request("done", state="resolved")

    html = browse("oleg").get("/queues/it-net").text

    assert set(rows(html)) == {c.number for c in mine}
    assert total(html) == 3
    assert "case 1" in html


def test_a_queue_that_is_not_ones_own_is_not_there(browse):
    assert browse("vera").get("/queues/it-net").status_code == 404
    assert browse("maria").get("/queues/it-net").status_code == 404


def test_the_address_keeps_the_conditions_and_each_can_be_taken_away(browse, open_request):
    open_request("VPN one", owner="oleg")
    open_request("VPN two")

    html = browse("oleg").get("/cases?owner=me&category=open&q=vpn").text

    assert total(html) == 1
    assert "owner: me" in html
    assert 'href="/cases?category=open&amp;q=vpn"' in html


def test_a_list_opened_from_a_figure_shows_exactly_what_was_counted(browse, open_request):
    for n in range(4):
        open_request(f"case {n}")

    html = browse("irina").get("/cases?group=it-net&category=open,done&exact=1").text

    assert total(html) == len(rows(html)) == 4


def test_pages_follow_each_other_without_loss(browse, open_request):
    cases = {open_request(f"case {n}").number for n in range(60)}
    oleg, seen, address = browse("oleg"), [], "/queues/it-net"

    while address:
        html = oleg.get(address).text
        seen += rows(html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        address = following[1].replace("&amp;", "&") if following else ""

    assert sorted(seen) == sorted(cases)


def test_htmx_gets_the_rows_alone(browse, open_request):
    open_request("case")
    html = browse("oleg").get("/queues/it-net?q=case", headers={"HX-Request": "true"}).text

    assert html.lstrip().startswith('<div id="rows"')
    assert "<html" not in html


def test_groups_stand_in_order_with_their_counts(browse, open_request):
    open_request("late", due=timedelta(minutes=-5))
    open_request("some day", due=timedelta(days=40))

    html = browse("oleg").get("/queues/it-net").text

    assert html.index("Overdue <span>1</span>") < html.index("Later <span>1</span>")


def test_a_nonsense_condition_is_refused_with_a_sentence(browse):
    answer = browse("oleg").get("/cases?priority=urgent")

    assert answer.status_code == 422
    assert "is no value of this condition" in answer.text


def test_a_view_is_saved_under_a_name_and_is_its_makers_own(browse, open_request, session):
    open_request("free")
    oleg = browse("oleg")

    saved = oleg.submit(
        "/queues", {"name": "Мои сети", "group": "it-net", "owner": "none", "category": "open", "sort": "opened"}
    )
    html = oleg.get(saved.headers["location"]).text

    assert re.fullmatch(r"/queues/moi-seti-[0-9a-f]{4}", saved.headers["location"])
    assert total(html) == 1
    assert "Мои сети" in oleg.get("/my" if False else "/queues").text
    assert browse("pavel").get(saved.headers["location"]).status_code == 404
    assert session.query(Queue).one().sort == "opened"


def test_only_who_may_share_queues_shares_them(browse):
    data = {"name": "All of us", "category": "open", "shared": "yes"}

    assert browse("oleg").submit("/queues", data).status_code == 403
    shared = browse("irina").submit("/queues", data).headers["location"]
    assert browse("oleg").get(shared).status_code == 200
    assert browse("oleg").submit(f"{shared}/removal").status_code == 403
    assert browse("irina").submit(f"{shared}/removal").headers["location"] == "/queues"


def test_the_next_case_is_taken_and_opened(browse, open_request, session):
    case = open_request("first")

    answer = browse("oleg").submit("/queues/it-net/next")
    session.refresh(case)

    assert answer.headers["location"] == f"/cases/{case.number}"
    assert case.state == "in_progress"
    assert browse("oleg").submit("/queues/it-net/next").headers["location"].endswith("empty=1")


def test_the_side_bar_counts_open_cases_of_each_queue(browse, open_request):
    for n in range(3):
        open_request(f"case {n}", owner="oleg" if n else "")
    html = browse("oleg").get("/queues").text
    side = html[html.index("<aside") : html.index("</aside>")]

    assert re.search(r'href="/queues/it-net".*?class="count">3<', side)
    assert re.search(r'href="/cases\?category=open&amp;owner=me".*?class="count">2<', side)


def test_a_look_at_a_case_beside_the_list(browse, open_request):
    case = open_request("VPN fails", body="It **fails** since today")

    html = browse("oleg").get(f"/cases/{case.number}/peek?queue=it-net", headers={"HX-Request": "true"}).text

    assert html.lstrip().startswith('<aside class="peek" id="peek"')
    assert "<strong>fails</strong>" in html
    assert browse("vera").get(f"/cases/{case.number}/peek", headers={"HX-Request": "true"}).status_code == 404


@pytest.mark.parametrize("address", ["/queues/it-net", "/cases?group=it-net&grouping=service&sort=opened"])
def test_a_list_needs_the_same_few_statements_for_10_and_100_rows(browse, open_request, database, address):
    oleg, counts = browse("oleg"), []
    with listening(database.read_engine) as statements:
        for amount in (10, 90):
            for n in range(amount):
                open_request(f"case {n}", owner="oleg" if n % 2 else "")
            oleg.get(address)
            statements.clear()
            oleg.get(address)
            counts.append([one for one in statements if NEWS not in one])

    assert len(counts[0]) == len(counts[1])
    assert len(counts[1]) <= 12, counts[1]

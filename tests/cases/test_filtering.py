"""One filter language for queues, lists and the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from acm.cases.filtering import CaseFilter, matching
from acm.cases.listing import Listing, count, find, tally
from acm.errors import Invalid

NOON = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Moscow


def titles(session, looks, login="oleg", **filters):
    vantage = looks(login, NOON)
    return {c.title for c in session.scalars(matching(session, [CaseFilter.read(filters)], vantage))}


def test_a_filter_reads_what_its_address_says():
    given = CaseFilter.read({"group": "it-net,it-desk", "owner": "none", "q": "VPN, slow", "page": "7"})

    assert given.get("group") == ("it-net", "it-desk")
    assert given.get("q") == ("VPN, slow",)
    assert CaseFilter.read({"category": "open"}).query() == "category=open"
    assert "page" not in given.values


@pytest.mark.parametrize(
    ("name", "value"),
    [("priority", "high"), ("due", "soon"), ("opened", "yesterday"), ("opened", "9999-12-31"), ("category", "alive"), ("ids", "-1"), ("made_sla", "maybe")],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused(name, value):
    with pytest.raises(Invalid) as refusal:
        CaseFilter.read({name: value})

    assert name in refusal.value.errors


def test_people_groups_and_states_narrow_a_list(session, open_request, looks):
    open_request("mine", owner="oleg")
    open_request("nobody's")
    open_request("desk", to="it-desk", owner="pavel")

    assert titles(session, looks, owner="me") == {"mine"}
    assert titles(session, looks, owner="none") == {"nobody's"}
    assert titles(session, looks, owner="me,none") == {"mine", "nobody's"}
    assert titles(session, looks, group="mine") == {"mine", "nobody's"}
    assert titles(session, looks, group="it-desk") == {"desk"}
    assert titles(session, looks, requester="maria", owner="pavel") == {"desk"}
    assert titles(session, looks, group="no-such-group") == set()
    assert titles(session, looks, state="new") == {"mine", "nobody's", "desk"}


def test_a_filter_never_widens_what_a_person_may_see(session, open_request, looks):
    open_request("to Networks")
    open_request("secret", confidential=True, by="vera", to="it-desk")

    assert titles(session, looks, "lev", group="it-net") == set()
    assert titles(session, looks, "oleg", requester="vera") == set()
    assert titles(session, looks, "maria") == {"to Networks"}


def test_words_of_the_title_are_found_in_any_case_and_the_number_too(session, open_request, looks):
    case = open_request("Не работает VPN")

    assert titles(session, looks, q="не работает") == {case.title}
    assert titles(session, looks, q="vpn") == {case.title}
    assert titles(session, looks, q=case.number.lower()) == {case.title}
    assert titles(session, looks, q="100%") == set()


def test_days_are_the_readers_own(session, open_request, looks):
    late_on_tuesday = datetime(2026, 11, 17, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
    open_request("tuesday", at=late_on_tuesday)
    open_request("wednesday", at=late_on_tuesday + timedelta(minutes=1))

    assert titles(session, looks, opened="2026-11-17") == {"tuesday"}
    assert titles(session, looks, opened="2026-11-18..") == {"wednesday"}
    assert titles(session, looks, opened="2026-11-17..2026-11-18") == {"tuesday", "wednesday"}
    assert titles(session, looks, opened="..2026-11-17T21:00:00Z") == {"tuesday"}


def test_due_dates_fall_into_overdue_today_week_later_and_none(session, open_request, looks):
    for title, due in (("late", -1), ("today", 3), ("friday", 48), ("next", 24 * 8)):
        open_request(title, at=NOON, due=timedelta(hours=due))
    never = open_request("never", at=NOON)
    never.due_at = None
    session.commit()

    found = {name: titles(session, looks, due=name) for name in ("overdue", "today", "week", "later", "none")}
    grouped = count(session, Listing([CaseFilter.read({"category": "open"})], grouping="due"), looks("oleg", NOON))

    assert found == {"overdue": {"late"}, "today": {"today"}, "week": {"friday"}, "later": {"next"}, "none": {"never"}}
    assert grouped.groups == dict.fromkeys(found, 1)
    assert (grouped.number, grouped.overdue) == (5, 1)


@pytest.mark.parametrize("sort", ["due", "opened", "updated", "priority", "number"])
@pytest.mark.parametrize("grouping", ["", "due", "state", "owner", "service"])
def test_going_through_the_pages_shows_every_case_once(session, open_request, looks, sort, grouping):
    for n in range(11):
        case = open_request(f"case {n}", at=NOON + timedelta(minutes=n // 2), owner="oleg" if n % 3 else "")
        case.due_at = NOON + timedelta(hours=n % 4) if n % 4 else None
        case.priority = n % 3 or None
        if n % 5 == 0:
            case.enter(case.case_type.state("resolved"), case_origin(case))
    session.commit()
    everything = [CaseFilter()]
    whole = find(session, Listing(everything, sort, grouping, limit=50), looks("oleg", NOON))

    seen, cursor = [], ""
    while True:
        page = find(session, Listing(everything, sort, grouping, limit=3, cursor=cursor), looks("oleg", NOON))
        seen += [c.id for c in page.cases]
        cursor = page.next
        if not cursor:
            break

    assert seen == [c.id for c in whole.cases]
    assert len(set(seen)) == 11


def case_origin(case):
    from acm.journal import Origin

    return Origin(None, case.opened_at)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "WyJhIiwxXQ", "W3siYXQiOiJ4In0sMV0", "WzFlOTk5XQ"])
def test_a_made_up_place_is_refused(session, looks, cursor):
    with pytest.raises(Invalid):
        find(session, Listing([CaseFilter()], cursor=cursor), looks("oleg"))


def test_tabs_are_counted_in_one_statement(session, open_request, looks):
    open_request("mine", owner="oleg")
    open_request("free")
    tabs = [CaseFilter(), CaseFilter.read({"owner": "me"}), CaseFilter.read({"owner": "none"})]
    vantage, statements = looks("oleg"), []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))

    counted = tally(session, [CaseFilter.read({"category": "open"})], tabs, vantage)

    assert [c.number for c in counted] == [2, 1, 1]
    assert len(statements) == 1

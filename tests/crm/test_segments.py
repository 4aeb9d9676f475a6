"""Segments: a rule that is read and never run, members who join and leave with their days, what share of them stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acm import clock
from acm.sdk import Builder
from tests.crm.conftest import module

rules = module("segment_rules")


@pytest.fixture
def segment(as_person):
    """A segment of Sonya's, not counted yet."""

    def make(rule, title="Large ones", **fields):
        ctx = as_person("sonya")
        return ctx.pages.create(
            "crm.segment", title=title, fields={"rule": rule, **fields}, **module("segments").kept(ctx)
        )

    return make


@pytest.fixture
def at(itself, session):
    """``at(-40)`` is the plugin forty days ago."""
    begin = clock.now()

    def context(days=0):
        return Builder("crm", session, itself.snapshot, moment=begin + timedelta(days=days))

    return context


@pytest.fixture
def met(as_person):
    """The names of the companies that meet a rule."""

    def names(rule):
        conditions, faults = rules.read_rule(rule)
        assert faults == []
        ctx = as_person("sonya").itself
        return {page.title for page in ctx.pages.by_ids(rules.members_of(ctx, conditions)).values()}

    return names


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "at least one condition"),
        ("open_deals", "Line 1: write a name, a sign and a value"),
        ("open_deals > 1\nprofit > 1", "Line 2: “profit” is not known"),
        ("open_deals has 1", "“open_deals” takes = != < <= > >="),
        ("won_year > many", "“won_year” needs a figure"),
        ("won_year > NaN", "“won_year” needs a figure"),
        ("days_since_talk > 1.5", "“days_since_talk” needs whole days"),
        ("industry = farming", "there is no industry “farming”"),
        ("name has", "“name” needs a value"),
        ("name.__class__ = 1", "write a name, a sign and a value"),
        ("open_deals > 1\n" * 11, "at most 10 conditions"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_by_line_and_name(rule, said):
    assert said in " ".join(str(fault) for fault in rules.read_rule(rule)[1])


def test_a_rule_asks_for_what_is_known_of_a_company(company, met):
    company("Trade Ltd", industry="trade", email="a@trade.example")
    company("Bank Ltd", industry="finance")
    company("Nobody Ltd")

    assert met("industry in Trade, финансы") == {"Trade Ltd", "Bank Ltd"}
    assert met("industry != trade") == {"Bank Ltd", "Nobody Ltd"}
    assert met("industry = ") == {"Nobody Ltd"}
    assert met("email has TRADE") == {"Trade Ltd"}
    assert met("name has ltd\nindustry = finance") == {"Bank Ltd"}


def test_a_rule_asks_for_figures_of_deals(company, deal, met):
    large, small = company("Large Ltd"), company("Small Ltd")
    deal(company=large, amount=800_000)
    deal(company=large, amount=300_000)
    deal(company=small, amount=5_000, state="won")
    hidden = deal(company=small, amount=9_000_000)
    hidden.confidential = True

    assert met("open_deals = 2") == {"Large Ltd"}
    assert met("open_amount >= 1 100 000") == {"Large Ltd"}
    assert met("open_deals = 0") == {"Small Ltd"}, "a confidential deal does not count"


def test_a_rule_asks_for_what_was_won_and_when(company, deal, as_person, met, at, person):
    lately, long_ago = company("Lately Ltd"), company("Long ago Ltd")
    for there, days in ((lately, -10), (long_ago, -400)):
        at(days - 1).at(at(days).moment, by=person("sonya")).cases.move(deal(company=there, amount=1000), "won")

    assert met("won_amount >= 1000") == {"Lately Ltd", "Long ago Ltd"}
    assert met("won_year > 0") == {"Lately Ltd"}


def test_a_rule_asks_for_complaints_and_for_silence(company, browse, as_person, at, met, person, department, group):
    loud, quiet = company("Loud Ltd"), company("Quiet Ltd")
    for days in (-5, -89, -91):
        at(days).cases.open(
            "crm.complaint", title="Late", fields={"company": loud, "category": "goods"}, requester=person("karim"),
            department=department("care"), group=group("client-care"),
        )  # fmt: skip
    held = as_person("sonya").today() - timedelta(days=30)
    fields = {"about": loud, "company": loud, "kind": "call", "direction": "out", "held_on": held}
    as_person("sonya").pages.create("crm.interaction", title="A call", fields=fields)

    assert met("complaints_90 = 2") == {loud.title}
    assert met("complaints_90 < 2") == {quiet.title}
    assert met("days_since_talk <= 30") == met("days_since_talk = 30") == met("days_since_talk < 31") == {loud.title}
    assert met("days_since_talk > 30") == met("days_since_talk != 30") == met("days_since_talk >= 31") == {quiet.title}
    assert met("days_since_talk >= 30") == {loud.title, quiet.title}


def test_who_meets_the_rule_joins_and_who_meets_it_no_more_leaves(company, segment, at, itself):
    refresh = module("segments").refresh
    there, saved = company(industry="trade"), segment("industry = trade")

    assert refresh(at(-70), saved) == (1, 0)
    assert refresh(at(-60), saved) == (0, 0)
    itself.pages.change(there, fields={"industry": "finance"})
    assert refresh(at(-20), saved) == (0, 1)
    itself.pages.change(there, fields={"industry": "trade"})
    assert refresh(at(0), saved) == (1, 0)

    kept = itself.pages.list("crm.membership", {"segment": saved}, order="id").items
    days = [(one.fields["joined_on"], one.fields.get("left_on")) for one in kept]
    assert days == [
        (at(-70).today().isoformat(), at(-20).today().isoformat()), (at(0).today().isoformat(), None),
    ]  # fmt: skip


def test_the_months_say_who_left_and_what_share_stayed(company, segment, at, itself, as_person):
    segments = module("segments")
    firms = [company(f"Firm {n}", industry="trade") for n in range(4)]
    saved = segment("industry = trade", clients=True)
    first = at(0).today().replace(day=1)
    back = (first - at(0).today()).days - 3  # three days before this month
    segments.refresh(at(back - 35), saved)
    itself.pages.change(firms[0], fields={"industry": "finance"})
    segments.refresh(at(back), saved)

    now, before, *_ = segments.months_of(as_person("sonya"), saved)
    assert (now.start, now.left, now.retained) == (3, 0, 100.0)
    assert (before.start, before.left, before.retained) == (4, 1, 75.0)


def test_a_merge_of_two_members_is_no_churn(company, segment, at, itself, as_person):
    segments = module("segments")
    one, two = company("Twin", industry="trade"), company("Twin Ltd", industry="trade")
    saved = segment("industry = trade")
    segments.refresh(at(-70), saved)
    module("duplicates").merge(as_person("sonya"), one, two)
    segments.refresh(at(0), saved)

    assert segments.counts(as_person("sonya")) == {saved.id: 1}
    assert segments.months_of(as_person("sonya"), saved)[0].left == 0


def test_a_segment_is_saved_counted_and_changed_on_its_screens(company, browse):
    company(industry="trade")
    company("Polaris JSC", industry="finance")
    sonya = browse("sonya")
    answer = sonya.submit("/p/crm/segments", {"title": "Trade", "rule": "industry = trade", "description": "For calls"})

    assert answer.status_code == 303
    where = answer.headers["location"]
    page = sonya.get(where).text
    assert "Romashka LLC" in page
    assert "Polaris JSC" not in page
    assert "1 company" in page

    changed = sonya.submit(where, {"version": "1", "title": "Finance", "rule": "industry = finance"})
    assert changed.status_code == 303
    page = sonya.get(where).text
    assert "Polaris JSC" in page
    assert "Romashka LLC" in page, "its history keeps who left"
    assert "Finance" in sonya.get("/p/crm/segments").text
    assert sonya.submit(where, {"version": "1", "title": "Late", "rule": "industry = trade"}).status_code == 409


def test_the_form_names_the_field_and_keeps_what_was_typed(crm, browse):
    for lang, said in (("en", "Line 2: “profit” is not known"), ("ru", "Строка 2: имя «profit» неизвестно")):
        answer = browse("sonya", lang=lang).submit(
            "/p/crm/segments", {"title": "", "rule": "open_deals > 1\nprofit > 1", "description": "Kept words"}
        )
        assert answer.status_code == 422
        assert said in answer.text
        assert 'href="#rule"' in answer.text
        assert 'href="#title"' in answer.text
        assert "Kept words" in answer.text


def test_the_button_and_the_nightly_job_count_anew(crm, company, segment, browse, session):
    saved = segment("industry = trade")
    company(industry="trade")
    session.commit()
    sonya = browse("sonya")
    assert "Romashka LLC" not in sonya.get(f"/p/crm/segments/{saved.number}").text
    assert sonya.submit(f"/p/crm/segments/{saved.number}/refreshing").status_code == 303
    assert "Romashka LLC" in sonya.get(f"/p/crm/segments/{saved.number}").text

    company("Second LLC", industry="trade")
    session.commit()
    _every, nightly = crm.snapshot.find("schedule", "crm.refresh_segments")
    with crm.db.writing(crm.snapshot) as job:
        nightly(job)
    assert "Second LLC" in sonya.get(f"/p/crm/segments/{saved.number}").text


def test_segments_are_for_sales_alone(company, segment, browse, session):
    saved = segment("open_deals = 0")
    company()
    session.commit()
    for login in ("karim", "maria"):
        other = browse(login)
        for path in ("segments", "segments/new", f"segments/{saved.number}"):
            assert other.get(f"/p/crm/{path}").status_code in (403, 404), path
        assert other.submit("/p/crm/segments", {"title": "T", "rule": "open_deals = 0"}).status_code == 403
        assert other.submit(f"/p/crm/segments/{saved.number}/refreshing").status_code in (403, 404)


def test_the_panel_of_deals_shows_the_churn(company, segment, at, browse, session):
    company(industry="trade")
    saved = segment("industry = trade", title="Our clients", clients=True)
    module("segments").refresh(at(-40), saved)
    session.commit()

    page = browse("sasha").get("/kpi/crm").text
    assert "Clients who left, by month" in page
    assert "Our clients" in page
    assert "Clients who left, by month" not in browse("clara").get("/kpi/crm-care").text


def test_the_screens_cost_few_statements(company, segment, at, browse, statements, session):
    company(industry="trade")
    saved = segment("industry = trade", clients=True)
    module("segments").refresh(at(-40), saved)
    session.commit()
    sonya = browse("sonya")
    for path in ("segments", f"segments/{saved.number}", f"segments/{saved.number}/edit"):
        sonya.get(f"/p/crm/{path}")
        statements.clear()
        assert sonya.get(f"/p/crm/{path}").status_code == 200
        assert len(statements) <= 12, (path, len(statements), statements)


def test_the_demo_gets_two_segments_with_a_history(itself, session, browse):
    ctx = Builder("crm", session, itself.snapshot, moment=clock.now(), seed=7)
    module("seed").plant(ctx)
    session.commit()

    assert ctx.pages.count("crm.segment") == 2
    assert ctx.pages.count("crm.membership", {"left_on": None}) > 0
    assert ctx.pages.count("crm.membership", {"left_on !=": None}) > 0
    months = module("segments").churned(ctx)[1]
    assert len(months) == 12
    assert any(month.left for month in months)

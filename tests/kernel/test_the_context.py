"""What a plugin reaches through its context: pages and cases, by their fields, with the rights of who acts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from acm import clock
from acm.errors import Forbidden, NotFound, Stale
from acm.pages.fields import conditions
from acm.people.rights import grants_of
from acm.people.signin import Viewer
from acm.sdk import Context

CODE = """
from acm.sdk import CaseType, Field, FieldKind, Option, PageType, SlaClock, Stage, State, StateCategory, Transition

def named(en):
    return {"en": en, "ru": en}

FIRM = PageType(key="deals.firm", names=named("Firm"), series="FI", fields=(
    Field(key="taxpayer", label=named("Taxpayer"), indexed=True),
    Field(key="tags", kind=FieldKind.MULTI_CHOICE, label=named("Tags"), options=(Option(id="vip", label=named("VIP")),)),
))
DEAL = CaseType(
    key="deals.deal", names=named("Deal"), series="DE", stages=(Stage(key="all", names=named("All")),),
    states=(
        State(key="lead", names=named("Lead"), category=StateCategory.NEW, stage="all"),
        State(key="offer", names=named("Offer"), category=StateCategory.ACTIVE, stage="all"),
        State(key="won", names=named("Won"), category=StateCategory.CLOSED, stage="all", sla=SlaClock.STOPPED),
    ),
    initial="lead",
    transitions=(
        Transition(source="lead", target="offer", names=named("Offer")),
        Transition(source="offer", target="won", names=named("Win"), by="system"),
    ),
    fields=(
        Field(key="firm", kind=FieldKind.PAGE, label=named("Firm"), indexed=True),
        Field(key="amount", kind=FieldKind.MONEY, currency="RUB", label=named("Amount"), indexed=True),
        Field(key="until", kind=FieldKind.DATE, label=named("Until"), indexed=True),
        Field(key="hot", kind=FieldKind.YES_NO, label=named("Hot"), indexed=True),
    ),
)

def register(p):
    p.page_type(FIRM)
    p.case_type(DEAL)
    p.vocabulary("deals.source", named("Source"), [("web", named("Web")), ("call", named("Call"))])
"""


@pytest.fixture
def deals(write_plugin, enable, runtime, session):
    """The plugin's context without a person."""
    write_plugin("deals", code=CODE)
    enable("deals")
    session.info["snapshot"] = runtime.snapshot
    return Context("deals", session, runtime.snapshot)


@pytest.fixture
def as_person(deals, session, person):
    def context(login: str) -> Context:
        found = person(login)
        return Context("deals", session, deals.snapshot, Viewer(found, grants_of(session, found), found.zone("UTC")))

    return context


def opened(deals, title="Roof", **given):
    fields = {key: given.pop(key) for key in ("firm", "amount", "until", "hot") if key in given}
    return deals.cases.open("deals.deal", title=title, fields=fields, **given)


def test_cases_are_listed_by_their_fields(deals):
    firm = deals.pages.create("deals.firm", title="Nord", fields={"taxpayer": "77", "tags": ["vip"]})
    today = date(2026, 5, 10)
    roof = opened(deals, "Roof", firm=firm, amount=100, until=today, hot=True)
    wall = opened(deals, "Wall", firm=firm, amount=Decimal("20.50"), until=today + timedelta(days=30), hot=False)
    opened(deals, "Door")

    def titles(where, **more):
        return [case.title for case in deals.cases.list("deals.deal", where, order="id", **more).items]

    assert titles({"firm": firm}) == ["Roof", "Wall"]
    assert titles({"firm": None}) == ["Door"]
    assert titles({"until <=": today}) == ["Roof"]
    assert titles({"amount >": 20.5}) == ["Roof"]
    assert titles({"amount >=": Decimal("20.50"), "state": "lead"}) == ["Roof", "Wall"]
    assert titles({"hot": True}) == ["Roof"]
    assert titles({"hot": False}) == ["Wall"]
    assert titles({"firm in": [firm.id, 999]}) == ["Roof", "Wall"]
    assert titles({"title has": "roo"}) == ["Roof"]
    assert deals.pages.list("deals.firm", {"tags has": "vip"}).items == [firm]
    assert deals.pages.list("deals.firm", {"tags has": "poor"}).items == []
    deals.cases.tag(wall, "deals.source", "web")
    assert titles({}, terms={"deals.source": ["web", "call"]}) == ["Wall"]
    assert deals.cases.terms(roof) == []
    with pytest.raises(LookupError, match="has no field 'colour'"):
        titles({"colour": "red"})


@pytest.mark.parametrize("order", ["amount", "-amount", "until", "-id", "opened", "title"])
def test_a_list_is_paged_in_any_order_without_a_gap_or_a_double(deals, order):
    for number in range(7):
        amount = None if number % 3 == 0 else number % 3 * 10.5
        opened(deals, f"Deal {number % 4}", amount=amount, until=date(2026, 1, 1 + number % 2))
    whole = [case.number for case in deals.cases.list("deals.deal", order=order, limit=100).items]

    shown, cursor = [], ""
    while True:
        found = deals.cases.list("deals.deal", order=order, limit=2, cursor=cursor)
        shown += [case.number for case in found.items]
        cursor = found.next
        if not cursor:
            break

    assert shown == whole
    assert len(set(shown)) == 7


def test_counts_and_sums_are_exact_and_by_currency(deals):
    for amount in (Decimal("0.10"), Decimal("0.20"), 5):
        opened(deals, amount=amount)
    opened(deals, amount={"amount": "7", "currency": "EUR"})
    opened(deals)

    assert deals.cases.count("deals.deal") == 5
    assert deals.cases.total("deals.deal", "amount") == {
        "RUB": Decimal("5.30"), "EUR": Decimal(7), "": Decimal(0),
    }  # fmt: skip
    by_state = deals.cases.tally("deals.deal", by="state", of="amount", where={"amount !=": None, "amount <": 6})
    assert [(one.part, one.currency, one.count, one.total) for one in by_state] == [("lead", "RUB", 3, Decimal("5.30"))]


def test_indexed_fields_are_found_by_their_index(deals, session):
    firm = deals.pages.create("deals.firm", title="Nord", fields={"taxpayer": "77"})
    opened(deals, firm=firm)
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
        names = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix_field_%'"
        explain = "EXPLAIN "
    else:
        names = "SELECT name FROM sqlite_master WHERE name LIKE 'ix_field_%'"
        explain = "EXPLAIN QUERY PLAN "
    assert len(session.execute(text(names)).all()) == 5

    deal = deals.cases.type("deals.deal")
    for where in ({"firm": firm}, {"firm": firm, "state": "lead"}, {"until <=": date(2026, 5, 1)}, {"amount": 5}):
        statement = deals.cases._of().where(*conditions(session, deal, where))
        sql = str(statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = " ".join(str(row) for row in session.connection().exec_driver_sql(explain + sql))
        assert "ix_field_" in plan, plan


def test_a_person_sees_and_changes_what_their_rights_allow(deals, as_person, person, department):
    secret = opened(deals, "Secret", confidential=True, owner=person("oleg"), department=department("it"))
    oleg, maria = as_person("oleg"), as_person("maria")

    assert oleg.cases.find(secret.number) is secret
    assert oleg.cases.count("deals.deal") == 1
    assert maria.cases.count("deals.deal") == 0
    with pytest.raises(NotFound):
        maria.cases.find(secret.number)
    deals.cases.admit(secret, person("maria"))
    assert maria.cases.find(secret.number) is secret
    with pytest.raises(Forbidden):
        maria.cases.change(secret, title="Mine")
    assert maria.itself.cases.move(secret, "offer").actor_id == person("maria").id


def test_without_a_person_a_plugin_sees_its_own_types_alone(deals, session):
    with pytest.raises(LookupError, match="sees its own alone"):
        deals.cases.list("request")
    with pytest.raises(LookupError, match="no case type of deals"):
        deals.cases.open("deals.firm", title="x")


def test_a_case_goes_its_way_by_the_verbs(deals, as_person, person, department):
    oleg = as_person("oleg")
    case = opened(deals, department=department("it"), requester=person("maria"))
    version = case.version

    oleg.cases.change(case, version=version, fields={"amount": 12, "until": date(2026, 2, 3)}, title="Roof and wall")
    oleg.cases.assign(case, owner=person("oleg"))
    oleg.cases.move(case, "offer", comment="Sent")
    part = opened(deals, "Part", parent=case, department=department("it"))
    firm = deals.pages.create("deals.firm", title="Nord", department=department("it"))
    oleg.cases.link(case, firm)
    due = clock.now() + timedelta(days=3)
    oleg.cases.promise(case, due)

    assert case.fields == {"amount": {"amount": "12", "currency": "RUB"}, "until": "2026-02-03"}
    assert (case.title, case.owner, case.state, case.due_at) == ("Roof and wall", person("oleg"), "offer", due)
    assert list(oleg.cases.children(case)) == list(deals.cases.children(case)) == [part]
    assert list(oleg.cases.linked(case)) == list(deals.pages.linked(case)) == [firm]
    with pytest.raises(Stale) as refusal:
        oleg.cases.change(case, version=version, fields={"amount": 1})
    assert refusal.value.extra["theirs"]["amount"]["amount"] == "12"
    deals.cases.move(case, "won")
    assert case.made_sla is True


def test_a_page_is_changed_in_the_version_its_editor_saw(deals, as_person, department):
    firm = deals.pages.create("deals.firm", title="Nord", fields={"taxpayer": "77"}, department=department("it"))
    oleg = as_person("oleg")
    oleg.pages.change(firm, version=1, title="Nord Ltd", fields={"taxpayer": None})

    assert (firm.title, firm.fields, firm.version) == ("Nord Ltd", {}, 2)
    with pytest.raises(Stale):
        oleg.pages.change(firm, version=1, title="South")


def test_indexes_follow_the_fields(deals, write_plugin, enable, session, runtime):
    write_plugin("deals", code=CODE.replace('label=named("Until"), indexed=True', 'label=named("Until")'), version="2")
    session.commit()
    enable("deals")

    catalogue = "pg_indexes" if session.get_bind().dialect.name == "postgresql" else "sqlite_master"
    column = "indexname" if catalogue == "pg_indexes" else "name"
    there = session.execute(text(f"SELECT {column} FROM {catalogue} WHERE {column} LIKE 'ix_field_%'")).all()
    assert len(there) == 4

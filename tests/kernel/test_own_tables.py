"""A plugin reaches the tables it made for itself, and no other, by statements whose tables can be seen."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, func, insert, select, text, update

from acm.people.models import Person
from acm.sdk import Context
from tests.kernel.test_switching_removal import write_revisions

MADE = """op.create_table("pl_loans_thing", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.String(20)))"""
KEEPS = """
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from acm.sdk import Ctx, Submitted, router

THINGS = Table("pl_loans_thing", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(20)))
pages = router()

@pages.post("/things")
def add(ctx: Ctx, form: Submitted) -> dict[str, str]:
    ctx.db.execute(insert(THINGS), {"name": form.text("name")})
    return {}

@pages.post("/later")
async def add_later(ctx: Ctx) -> dict[str, str]:
    ctx.db.execute(insert(THINGS), {"name": "Later"})
    return {}

@pages.post("/fails")
def fail(ctx: Ctx) -> dict[str, str]:
    ctx.db.execute(insert(THINGS), {"name": "Never"})
    raise RuntimeError("half way")

@pages.get("/things")
def show(ctx: Ctx) -> list[str]:
    return list(ctx.db.scalars(select(THINGS.c.name).order_by(THINGS.c.id)))

def register(p):
    p.router(pages)
"""
THINGS = Table("pl_loans_thing", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(20)))
OTHERS = Table("pl_crm_thing", MetaData(), Column("id", Integer, primary_key=True))


@pytest.fixture
def ctx(write_plugin, enable, runtime, session):
    write_revisions(write_plugin(code=KEEPS), MADE)
    enable()
    return Context("loans", session, runtime.snapshot)


def test_a_screen_writes_and_reads_a_table_of_its_own(ctx, browse):
    oleg = browse("oleg")
    for name in ("Laptop", "Projector"):
        assert oleg.submit("/p/loans/things", {"name": name}).status_code == 200

    assert oleg.submit("/p/loans/later").status_code == 200
    assert oleg.submit("/p/loans/fails").status_code == 502

    assert oleg.get("/p/loans/things").json() == ["Laptop", "Projector", "Later"]


def test_every_kind_of_statement_over_them_runs(ctx):
    ctx.db.execute(insert(THINGS), [{"name": "Laptop"}, {"name": "Cable"}])
    ctx.db.execute(update(THINGS).where(THINGS.c.name == "Cable").values(name="Long cable"))
    ctx.db.execute(delete(THINGS).where(THINGS.c.name == "Laptop"))
    known = select(THINGS).cte("known")

    assert ctx.db.scalar(select(func.count()).select_from(known)) == 1
    assert list(ctx.db.scalars(select(THINGS.alias("t").c.name))) == ["Long cable"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (select(Person), "not person"),
        (select(THINGS.c.name).where(THINGS.c.id.in_(select(Person.id))), "not person"),
        (delete(OTHERS), "not pl_crm_thing"),
        (insert(THINGS).from_select(["name"], select(Person.login)), "not person"),
        (select(THINGS).join(Person, Person.id == THINGS.c.id), "not person"),
        (text("SELECT login FROM person"), "no SQL as text"),
        (select(text("login FROM person")), "no SQL as text"),
        (select(THINGS).where(text("EXISTS (SELECT 1 FROM person)")), "no SQL as text"),
    ],
)
def test_other_tables_and_sql_as_text_are_refused(ctx, statement, reason):
    with pytest.raises(LookupError, match=reason):
        ctx.db.execute(statement)


def test_a_column_that_is_sql_as_text_is_refused(ctx):
    from sqlalchemy import literal_column

    with pytest.raises(LookupError, match="no SQL as text"):
        ctx.db.scalar(select(literal_column("(SELECT login FROM person)")))
    with pytest.raises(TypeError, match="takes a statement of SQLAlchemy"):
        ctx.db.execute("SELECT 1")

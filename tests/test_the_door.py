"""The door: who may see which page, and that there is no second way to a row."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from acm.errors import NotFound
from acm.pages import visibility
from acm.pages.models import Page, PageAudience, PageGroup, PagePerson
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.pages.visibility import audience_tokens, page_tokens, reader_tokens, visible, visible_page
from acm.people.models import Department, Group, Person, PersonRole, Role
from acm.people.rights import grants_of
from tests.cast import MONDAY
from tests.recorder import READS, reads_unmarked, watching

THING = PageType(key="test.thing", names={"ru": "Вещь", "en": "Thing"}, series="T")
CAST = ("maria", "anna", "oleg", "pavel", "irina", "vera", "lev", "ada")


@pytest.fixture
def put(session):
    """``put(kind="case", requester_id=…)`` writes a page straight into its table."""
    version = stored_version(session, THING)
    made = 0

    def write(**columns):
        nonlocal made
        made += 1
        page = Page(
            number=f"T-{made}", type=THING.key, type_version_id=version.id, title=f"Page {made}", opened_at=MONDAY,
            updated_at=MONDAY, **columns,
        )  # fmt: skip
        session.add(page)
        session.flush()
        return page

    return write


def sees(session, grants, page):
    return session.scalars(visible(grants).where(Page.id == page.id)).first() is not None


# who may see what


def test_the_requester_the_beneficiary_and_the_owner_see_a_case_and_a_stranger_does_not(session, put, person, grants):
    case = put(
        kind="case", requester_id=person("maria").id, beneficiary_id=person("vera").id, owner_id=person("oleg").id
    )

    assert [login for login in CAST if sees(session, grants(login), case)] == ["maria", "oleg", "vera"]


def test_the_owning_group_and_the_head_of_the_department_see_a_case(session, put, group, department, grants):
    case = put(kind="case", group_id=group("it-net").id, department_id=department("it").id)

    assert [login for login in CAST if sees(session, grants(login), case)] == ["oleg", "pavel", "irina"]


@pytest.mark.parametrize("role", ["participant", "approver", "mentioned"])
def test_a_named_person_sees_a_case(session, put, person, grants, role):
    case = put(kind="case")
    session.add(PagePerson(page_id=case.id, person_id=person("lev").id, role=role))

    assert [login for login in CAST if sees(session, grants(login), case)] == ["lev"]


def test_watching_alone_opens_nothing_so_that_a_lost_right_is_lost(session, put, person, grants):
    case = put(kind="case")
    session.add(PagePerson(page_id=case.id, person_id=person("lev").id, role="watcher"))

    assert not sees(session, grants("lev"), case)


def test_a_confidential_page_is_hidden_from_heads_roles_and_administrators(
    session, put, person, group, department, grants
):
    case = put(
        kind="case", confidential=True, requester_id=person("maria").id, group_id=group("legal").id,
        department_id=department("it").id,
    )  # fmt: skip

    assert [login for login in CAST if sees(session, grants(login), case)] == ["maria", "lev"]


def test_a_confidential_page_is_not_opened_by_being_public_or_by_its_audience(session, put, department, grants):
    page = put(kind="article", confidential=True, public=True)
    session.add(PageAudience(page_id=page.id, token=f"d:{department('hr').id}"))
    session.flush()

    assert [login for login in CAST if sees(session, grants(login), page)] == []


def test_an_article_for_a_department_is_seen_there_and_below(session, put, department, grants):
    page = put(kind="article")
    session.add(PageAudience(page_id=page.id, token=f"d:{department('hr').id}"))
    session.flush()

    assert [login for login in CAST if sees(session, grants(login), page)] == ["maria", "anna", "vera"]


def test_a_missing_page_and_a_foreign_one_are_refused_with_the_same_words(session, put, grants):
    case = put(kind="case")

    with pytest.raises(NotFound) as foreign:
        visible_page(session, grants("maria"), case.number)
    with pytest.raises(NotFound) as missing:
        visible_page(session, grants("maria"), "T-999")

    assert (foreign.value.detail, foreign.value.extra) == (missing.value.detail, missing.value.extra)


# the index agrees with the door

FLAGS = st.booleans()


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_the_tokens_of_the_search_index_agree_with_the_door_for_random_pages_and_people(database, data):
    with database.writing() as session:
        _build(session, data)
        session.flush()
        pages = list(session.scalars(select(Page)))
        for person in session.scalars(select(Person).where(Person.active)):
            grants = grants_of(session, person)
            through_the_door = set(session.scalars(visible(grants).with_only_columns(Page.id)))
            by_tokens = {page.id for page in pages if _tokens(session, page) & reader_tokens(grants)}
            assert by_tokens == through_the_door
        session.rollback()


def _build(session, data):
    people = list(session.scalars(select(Person.id).order_by(Person.id)))
    groups = list(session.scalars(select(Group.id).order_by(Group.id)))
    departments = list(session.scalars(select(Department).order_by(Department.id)))
    roles = list(session.scalars(select(Role.id).order_by(Role.id)))
    maybe = lambda among: data.draw(st.none() | st.sampled_from(among))  # noqa: E731
    departments[1].parent_id = departments[0].id if data.draw(FLAGS) else None
    held: set[tuple[int, int, int | None]] = set()
    for _ in range(data.draw(st.integers(0, 2))):
        where = maybe([d.id for d in departments])
        held.add((data.draw(st.sampled_from(people)), data.draw(st.sampled_from(roles)), where))
    there = {(r.person_id, r.role_id, r.department_id) for r in session.scalars(select(PersonRole))}
    session.add_all(PersonRole(person_id=p, role_id=r, department_id=d) for p, r, d in held - there)
    version = stored_version(session, THING)
    audience = [f"d:{departments[0].id}", f"d:{departments[1].id}", f"g:{groups[0]}", "b:1", "r:admin", "r:agent"]
    for number in range(data.draw(st.integers(1, 4))):
        page = Page(
            number=f"R-{number}", kind=data.draw(st.sampled_from(["case", "article", "page"])), type=THING.key,
            type_version_id=version.id, title="x", opened_at=MONDAY, updated_at=MONDAY, public=data.draw(FLAGS),
            confidential=data.draw(FLAGS), requester_id=maybe(people), owner_id=maybe(people),
            beneficiary_id=maybe(people), group_id=maybe(groups), department_id=maybe([d.id for d in departments]),
        )  # fmt: skip
        session.add(page)
        session.flush()
        roles_in = ["participant", "approver", "mentioned", "watcher"]
        for row in data.draw(st.sets(st.tuples(st.sampled_from(people), st.sampled_from(roles_in)), max_size=2)):
            session.add(PagePerson(page_id=page.id, person_id=row[0], role=row[1]))
        for group_id in data.draw(st.sets(st.sampled_from(groups), max_size=1)):
            session.add(PageGroup(page_id=page.id, group_id=group_id))
        for token in data.draw(st.sets(st.sampled_from(audience), max_size=2)):
            session.add(PageAudience(page_id=page.id, token=token))


def _tokens(session, page):
    parts = select(PagePerson.person_id).where(PagePerson.page_id == page.id, visibility.opens(PagePerson.role))
    groups = select(PageGroup.group_id).where(PageGroup.page_id == page.id)
    audience = select(PageAudience.token).where(PageAudience.page_id == page.id)
    return page_tokens(page, *(set(session.scalars(statement)) for statement in (parts, groups, audience)))


def test_an_audience_names_departments_groups_branches_and_roles(grants, department, group):
    tokens = audience_tokens(grants("oleg"))

    assert {f"d:{department('it').id}", f"g:{group('it-net').id}", "r:agent"} <= tokens


# no second way to a row


def test_every_read_of_a_protected_table_without_a_mark_is_recorded():
    assert reads_unmarked("SELECT page.id FROM page WHERE page.id = 1")
    assert reads_unmarked("SELECT person.id FROM person, comment")
    assert reads_unmarked('SELECT 1 FROM person LEFT OUTER JOIN "file" ON 1')
    assert not reads_unmarked("SELECT /*door:person*/ page.id FROM page")
    assert not reads_unmarked("SELECT person.page_size, person.file FROM person")
    assert READS.search("SELECT count(*) FROM (SELECT page.id FROM page) AS x")


SIDE_DOOR = """
def peep(session, text):
    return session.execute(text("SELECT title FROM page")).all()
"""


def test_a_read_past_the_door_is_found_with_the_line_that_made_it(database, side_doors):
    names: dict[str, object] = {}
    exec(compile(SIDE_DOOR, "acm/peeping.py", "exec"), names)

    with database.reading() as session:
        names["peep"](session, text)
        session.execute(text("SELECT id FROM page"))
    found = [one.place for one in side_doors]
    side_doors.clear()

    assert found == ["acm/peeping.py:3 in peep"]


def test_a_row_that_passed_may_be_reloaded(session, put):
    page = put(kind="case")
    session.commit()
    session.expire(page)

    with watching() as found:
        assert page.title == "Page 1"

    assert found == []


def test_what_the_door_lets_through_bears_its_mark(session, grants):
    assert "/*door:person*/" in str(visible(grants("oleg")))

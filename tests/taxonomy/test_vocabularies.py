"""Vocabularies: declared once, kept by people; renaming, moving and merging keep every link."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from acm.errors import Conflict, Invalid, NotFound
from acm.journal import Event, Origin
from acm.pages.models import Page
from acm.pages.schema import stored_version
from acm.pages.terms import add_to_page, merge_terms, pages_with, remove_from_page, set_terms, terms_of_page, usage
from acm.pages.types import PageType
from acm.snapshot import Contribution, compose
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition
from acm.taxonomy.models import Term, Vocabulary
from acm.taxonomy.vocabularies import (
    add_term,
    find_term,
    in_tree_order,
    move_term,
    path_of,
    rename_term,
    successor,
    sync_vocabularies,
    terms_of,
)
from tests.cast import MONDAY

NOTE = PageType(key="test.note", names={"en": "Note"}, series="N")
PLACES = VocabularyDefinition(
    key="place", names={"ru": "Места", "en": "Places"}, tree=True,
    terms=(
        TermDefinition(key="office", names={"ru": "Офис", "en": "Office"}),
        TermDefinition(key="kitchen", names={"ru": "Кухня", "en": "Kitchen"}, parent="office"),
        TermDefinition(key="home", names={"ru": "Дом", "en": "Home"}),
    ),
)  # fmt: skip


@pytest.fixture
def places(session):
    sync_vocabularies(session, compose(1, [Contribution("vocabulary", "place", PLACES)]))
    session.commit()
    return session.scalars(select(Vocabulary)).one()


@pytest.fixture
def term(session, places):
    return lambda key: find_term(session, "place", key)


@pytest.fixture
def origin(person):
    return Origin(person("ada"), MONDAY + timedelta(hours=1))


@pytest.fixture
def page(session, person):
    made = []

    def make(**columns):
        made.append(1)
        row = Page(
            kind="page", type=NOTE.key, type_version_id=stored_version(session, NOTE).id, number=f"N-{len(made)}",
            title=f"Note {len(made)}", opened_at=MONDAY, updated_at=MONDAY, **{"public": True, **columns},
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row

    return make


def test_declared_terms_are_there_in_the_order_of_the_tree(session, places):
    rows = [(t.key, depth) for t, depth in in_tree_order(terms_of(session, places))]

    assert rows == [("office", 0), ("kitchen", 1), ("home", 0)]


def test_a_second_sync_adds_what_is_new_and_leaves_what_people_changed(session, places, term, origin):
    rename_term(session, term("home"), {"en": "At home"}, origin, descriptions={}, owner=None)
    more = PLACES.model_copy(update={"terms": (*PLACES.terms, TermDefinition(key="car", names={"en": "Car"}))})

    sync_vocabularies(session, compose(2, [Contribution("vocabulary", "place", more)]))

    assert term("home").names == {"en": "At home"}
    assert term("car").name("ru") == "Car"
    assert len(terms_of(session, places)) == 4


def test_a_declaration_with_a_double_key_or_an_unknown_parent_is_refused():
    with pytest.raises(ValidationError):
        VocabularyDefinition(
            key="x", names={}, terms=(TermDefinition(key="a", names={}), TermDefinition(key="a", names={}))
        )
    with pytest.raises(ValidationError):
        VocabularyDefinition(key="x", names={}, tree=True, terms=(TermDefinition(key="a", names={}, parent="b"),))


def test_a_new_term_needs_a_name_and_a_key_of_its_own(session, places, origin):
    add_term(session, places, "roof", {"ru": "Крыша"}, origin)

    for key, names in (("roof", {"ru": "Ещё"}), ("Кры ша", {"ru": "Крыша"}), ("attic", {"ru": " "})):
        with pytest.raises(Invalid):
            add_term(session, places, key, names, origin)


def test_a_term_moves_below_another_but_never_below_itself(session, places, term, origin):
    move_term(session, term("home"), term("office"), origin)

    assert term("home").parent_id == term("office").id
    with pytest.raises(Conflict):
        move_term(session, term("office"), term("kitchen"), origin)


def test_every_change_of_a_vocabulary_stands_in_its_journal(session, places, term, origin):
    rename_term(session, term("home"), {"en": "At home"}, origin, descriptions={}, owner=None)
    move_term(session, term("home"), term("office"), origin)

    kinds = session.scalars(select(Event.kind).where(Event.stream == "vocabulary:place").order_by(Event.seq)).all()
    assert kinds == ["term.renamed", "term.moved"]


def test_a_page_gets_terms_and_loses_them(session, term, page, origin):
    note = page()

    assert add_to_page(session, note, term("home"), origin)
    assert not add_to_page(session, note, term("home"), origin)
    set_terms(session, note, [term("office"), term("kitchen")], origin)
    assert {t.key for t in terms_of_page(session, note)} == {"office", "kitchen"}
    assert remove_from_page(session, note, term("office"), origin)
    assert [t.key for t in terms_of_page(session, note)] == ["kitchen"]


def test_merging_moves_every_page_and_the_old_term_leads_to_the_new(session, places, term, page, origin):
    one, both = page(), page()
    for note, keys in ((one, ["home"]), (both, ["home", "office"])):
        set_terms(session, note, [term(key) for key in keys], origin)

    assert merge_terms(session, term("home"), term("office"), origin) == 2

    assert [t.key for t in terms_of_page(session, one)] == ["office"]
    assert [t.key for t in terms_of_page(session, both)] == ["office"]
    assert successor(session, term("home")).key == "office"
    assert "home" not in [t.key for t in terms_of(session, places)]


def test_what_hung_below_a_merged_term_hangs_below_the_one_that_took_its_place(session, term, origin):
    merge_terms(session, term("office"), term("home"), origin)

    assert term("kitchen").parent_id == term("home").id


def test_a_term_merged_into_its_own_child_leaves_no_circle(session, term, origin):
    merge_terms(session, term("office"), term("kitchen"), origin)

    assert term("kitchen").parent_id is None
    assert path_of(term("kitchen"), {}) == [term("kitchen")]


def test_a_merged_term_is_not_merged_again_and_not_into_itself_nor_elsewhere(session, term, origin):
    merge_terms(session, term("home"), term("office"), origin)
    other = Vocabulary(key="other", names={"en": "Other"})
    session.add(other)
    session.flush()
    stranger = add_term(session, other, "x", {"en": "X"}, origin)

    for source, target in (
        ("home", term("kitchen")),
        ("office", term("office")),
        ("office", term("home")),
        ("office", stranger),
    ):
        with pytest.raises(Conflict):
            merge_terms(session, term(source), target, origin)


def test_a_page_tagged_with_a_merged_term_gets_the_one_that_lives(session, term, page, origin):
    merge_terms(session, term("home"), term("office"), origin)
    note = page()

    add_to_page(session, note, term("home"), origin)

    assert [t.key for t in terms_of_page(session, note)] == ["office"]


def test_counts_and_lists_of_a_term_hold_only_what_the_reader_may_see(
    session, places, term, page, person, grants, origin
):
    for note in (
        page(),
        page(public=False, owner_id=person("lev").id),
        page(confidential=True, owner_id=person("lev").id),
    ):
        add_to_page(session, note, term("home"), origin)

    for login, count in (("lev", 3), ("maria", 1), ("ada", 1)):
        assert usage(session, grants(login), places) == {term("home").id: count}
        assert len(pages_with(session, grants(login), [term("home").id], after=None, limit=9)) == count


def test_an_unknown_term_is_not_found(session, places):
    with pytest.raises(NotFound):
        find_term(session, "place", "nowhere")
    assert session.scalars(select(Term).where(Term.key == "nowhere")).first() is None


# screens


def test_the_page_of_a_term_shows_its_pages_and_those_of_the_terms_below(session, term, page, browse, origin):
    add_to_page(session, page(), term("kitchen"), origin)
    session.commit()

    assert "/pages/N-1" in browse("maria").get("/taxonomy/place/office").text
    assert "/pages/N-1" not in browse("maria").get("/taxonomy/place/home").text


def test_the_address_of_a_merged_term_leads_to_the_new_one(session, term, browse, origin):
    merge_terms(session, term("home"), term("office"), origin)
    session.commit()

    answer = browse("maria").get("/taxonomy/place/home")

    assert (answer.status_code, answer.headers["location"]) == (301, "/taxonomy/place/office")


def test_vocabularies_are_kept_on_a_screen_by_those_who_may(places, browse, session, term):
    ada = browse("ada")
    base = "/admin/taxonomy/place/terms"

    assert browse("maria").get("/admin/taxonomy").status_code == 403
    assert browse("oleg").submit(base, {"key": "roof", "name_ru": "Крыша"}).status_code == 403
    assert ada.submit(base, {"key": "roof", "name_ru": ""}).status_code == 422
    assert ada.submit(base, {"key": "roof", "name_ru": "Крыша", "parent": term("office").id}).status_code == 303
    roof = term("roof")
    said = {"name_ru": "Крыша дома", "description_en": "Up **there**", "owner": "lev", "parent": ""}
    assert ada.submit(f"{base}/{roof.id}", said).status_code == 303
    session.expire_all()
    assert (roof.names["ru"], roof.parent_id) == ("Крыша дома", None)
    assert "<strong>there</strong>" in browse("maria").get("/taxonomy/place/roof").text
    assert ada.submit(f"{base}/{roof.id}/merge", {"into": term("home").id}).status_code == 303
    assert browse("maria").get("/taxonomy/place/roof").status_code == 301

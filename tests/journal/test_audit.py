"""The audit: whatever is done to the journal by SQL is found and named; erasing data leaves the chain whole."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from acm import audit
from acm.errors import Conflict
from acm.journal import Event, Origin, Seal, Stream, record, system_stream
from acm.pages.comments import add_comment
from acm.pages.models import Page
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.people.erasing import erase_person
from acm.people.models import Person
from tests.cast import MONDAY

NOTE = PageType(key="test.note", names={"en": "Note"}, series="N")


@pytest.fixture
def page(session, person):
    """A page on which five things happened, and a person who signed in twice."""
    row = Page(
        kind="page", type=NOTE.key, type_version_id=stored_version(session, NOTE).id, number="N-1", title="Note",
        opened_at=MONDAY, updated_at=MONDAY, owner_id=person("oleg").id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    for minute in range(5):
        add_comment(session, row, f"comment {minute}", Origin(person("oleg"), MONDAY + timedelta(minutes=minute)))
    for _ in range(2):
        record(
            session, person("maria"), "person.signed_in", Origin(person("maria"), MONDAY), data={"network": "secret"}
        )
    record(session, system_stream(session), "system.started", Origin(None, MONDAY))
    session.commit()
    return row


@pytest.fixture
def sql(session):
    def run(statement, **values):
        session.execute(text(statement), values)
        session.commit()
        session.expire_all()

    return run


def found(session):
    return [(t.stream, t.seq, t.reason) for t in audit.verify(session)]


def test_an_untouched_journal_has_nothing_to_tell(session, page):
    audit.seal_heads(session)

    assert found(session) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("data = '{\"comment\": 9}'", "its data was changed"),
        ("kind = 'comment.praised'", "it was changed"),
        ("actor_id = NULL", "it was changed"),
        ("audience = 'internal'", "it was changed"),
        ("at = '2020-01-01 00:00:00+00:00'", "it was changed"),
        ("page_id = 999", "it was moved to another page"),
    ],
)
def test_a_changed_event_is_named(session, page, sql, change, reason):
    sql(f"UPDATE event SET {change} WHERE stream = :s AND seq = 3", s=page.stream)

    assert (page.stream, 3, reason) in found(session)


def test_a_changed_event_with_a_hash_made_to_fit_breaks_the_next_one(session, page, sql):
    sql("UPDATE event SET kind = 'comment.praised' WHERE stream = :s AND seq = 3", s=page.stream)
    event = session.scalars(select(Event).where(Event.stream == page.stream, Event.seq == 3)).one()
    event.hash = audit.chain_hash(event)
    session.commit()

    assert found(session) == [(page.stream, 4, "it does not follow its predecessor")]


def test_a_removed_event_is_named(session, page, sql):
    sql("DELETE FROM event WHERE stream = :s AND seq = 3", s=page.stream)

    assert found(session) == [(page.stream, 3, "it is missing")]


def test_an_event_cut_off_the_end_is_found_by_the_head_of_its_page(session, page, sql):
    sql("DELETE FROM event WHERE stream = :s AND seq = 5", s=page.stream)

    assert found(session) == [(page.stream, 5, "the end of the stream was cut off")]


def test_a_head_set_back_together_with_its_events_is_found_by_the_seal(session, page, sql):
    audit.seal_heads(session)
    session.commit()
    earlier = session.scalars(select(Event).where(Event.stream == page.stream, Event.seq == 4)).one().hash
    sql("DELETE FROM event WHERE stream = :s AND seq = 5", s=page.stream)
    sql("UPDATE page SET journal_seq = 4, journal_head = :h WHERE id = :id", h=earlier, id=page.id)

    tampered = found(session)

    assert [(stream, seq) for stream, seq, _reason in tampered] == [("seal", 1)]
    assert "are not those that were sealed" in tampered[0][2]


def test_a_whole_stream_that_vanished_is_found_by_the_seal(session, page, sql):
    audit.seal_heads(session)
    session.commit()
    sql("DELETE FROM event WHERE stream = 'system'")
    sql("DELETE FROM stream WHERE key = 'system'")

    assert [stream for stream, _seq, _reason in found(session)] == ["seal"]


def test_an_event_slipped_in_after_the_end_is_named(session, page):
    last = session.scalars(select(Event).where(Event.stream == page.stream, Event.seq == 5)).one()
    forged = Event(
        stream=page.stream, page_id=page.id, seq=6, kind="comment.added", at=MONDAY, recorded_at=MONDAY, data={},
        kind_version=1, source="live", audience="all", data_hash=audit.digest("{}"), prev_hash=last.hash,
    )  # fmt: skip
    forged.hash = audit.chain_hash(forged)
    session.add(forged)
    session.commit()

    assert found(session) == [(page.stream, 6, "it was slipped in after the end")]


def test_a_seal_that_was_changed_is_found(session, page, sql):
    audit.seal_heads(session)
    session.commit()
    sql("UPDATE seal SET hash = 'x'")

    assert [stream for stream, _seq, _reason in found(session)] == ["seal"]


def test_seals_follow_one_another_and_an_idle_hour_needs_none(session, page, person):
    first = audit.seal_heads(session)
    assert audit.seal_heads(session) is None
    add_comment(session, page, "later", Origin(person("oleg"), MONDAY + timedelta(hours=1)))
    second = audit.seal_heads(session)

    assert second.last_event_id > first.last_event_id
    assert found(session) == []
    assert len(session.scalars(select(Seal)).all()) == 2


def test_the_seal_is_part_of_the_worker_schedule(runtime):
    assert runtime.snapshot.find("schedule", "journal.seal")[0] == 3600


# erasing


def test_erasing_a_person_leaves_tombstones_and_an_intact_chain(session, page, person, sql):
    audit.seal_heads(session)
    maria = person("maria")

    erase_person(session, maria, Origin(person("ada"), MONDAY + timedelta(hours=1)))
    session.commit()
    session.expire_all()

    assert found(session) == []
    data = session.scalars(select(Event.data).where(Event.stream == maria.stream).order_by(Event.seq)).all()
    assert data == [{"erased": True}, {"erased": True}, {}]
    row = session.get(Person, maria.id)
    assert (row.login, row.email, row.given, row.family, row.latin, row.active) == (None, "", "", "", "", False)


def test_nothing_of_an_erased_person_is_left_in_people_and_journal(session, page, person):
    maria = person("maria")
    erase_person(session, maria, Origin(person("ada"), MONDAY))
    session.commit()

    for table in ("person", "event", "sign_in", "api_token", "login_throttle"):
        for row in session.execute(text(f"SELECT * FROM {table}")):
            for marker in ("maria", "Соколова", "Maria", "secret"):
                assert marker not in str(tuple(row)), (table, row)


def test_data_called_erased_without_a_note_in_the_journal_is_tampering(session, page, sql):
    sql("UPDATE event SET data = '{\"erased\": true}' WHERE stream = :s AND seq = 2", s=page.stream)

    assert (page.stream, 2, "its data was changed") in found(session)


def test_the_last_administrator_is_not_erased(session, person):
    with pytest.raises(Conflict):
        erase_person(session, person("ada"), Origin(person("ada"), MONDAY))


def test_a_stream_without_a_row_of_its_own_keeps_its_head(session, page, sql):
    sql("DELETE FROM event WHERE stream = 'system' AND seq = 1")

    assert found(session) == [("system", 1, "the end of the stream was cut off")]
    assert session.get(Stream, "system").journal_seq == 1

"""The index follows the journal: what was changed is found, by those who may see it, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from acm import clock
from acm.db import Database
from acm.errors import Conflict
from acm.journal import Consumer, Event, Origin, record
from acm.pages.comments import add_comment
from acm.pages.models import Page, PageAudience, PagePerson
from acm.pages.numbering import next_number
from acm.pages.schema import stored_version
from acm.pages.types import Field, PageType
from acm.pages.visibility import reader_tokens, visible
from acm.people.models import Department, Group, Person
from acm.people.rights import grants_of
from acm.search import feed
from acm.search.backends import SearchBackend, open_on_disk
from acm.search.documents import Query
from acm.search.feed import Indexer

NOTE = PageType(
    key="note",
    names={"ru": "Заметка", "en": "Note"},
    series="N",
    fields=(
        Field(key="details", label={"en": "Details"}),
        Field(key="verdict", label={"en": "Verdict"}, internal=True),
        Field(key="room", kind="number", label={"en": "Room"}),
    ),
)

Write = Callable[..., Page]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SearchBackend]:
    opened = open_on_disk("sqlite", tmp_path / "search")
    yield opened
    opened.close()


@pytest.fixture
def indexer(backend: SearchBackend, database: Database, monkeypatch: pytest.MonkeyPatch) -> Indexer:
    """An indexer that has built its first index and does not wait between batches."""
    monkeypatch.setattr(feed, "PAUSE", 0.0)
    indexer = Indexer(backend)
    indexer.reindex(database)
    return indexer


@pytest.fixture
def write(session: Session, person: Callable[[str], Person]) -> Write:
    """Write a page, with its event, and commit."""

    def page(title: str, *, kind: str = "page", by: str = "maria", **given: object) -> Page:
        now = clock.now()
        made = Page(
            kind=kind,
            number=next_number(session, "N"),
            type="note",
            type_version_id=stored_version(session, NOTE).id,
            title=title,
            opened_at=now,
            updated_at=now,
            requester_id=person(by).id,
            **given,
        )
        session.add(made)
        session.flush()
        made.record("page.created", Origin(by=person(by), at=now))
        session.commit()
        return made

    return page


@pytest.fixture
def finds(backend: SearchBackend, database: Database) -> Callable[[str, str], set[str]]:
    """Titles that somebody finds."""

    def ask(login: str, text: str) -> set[str]:
        with database.reading() as session:
            grants = grants_of(session, session.scalars(select(Person).where(Person.login == login)).one())
        return {hit.title for hit in backend.query(Query(text, reader_tokens(grants))).hits}

    return ask


def follow(indexer: Indexer, database: Database) -> int:
    """Index until nothing waits; returns the number of events. Other tests' transactions may hold events back."""
    done, until = 0, time.monotonic() + 10
    while time.monotonic() < until:
        done += indexer.step(database)
        with database.reading() as session:
            row = session.get_one(Consumer, indexer.name)
            left = select(func.count()).select_from(Event).prefix_with("/*door:system:test*/")
            if not session.scalar(left.where(tuple_(Event.tx, Event.id) > (row.tx, row.event_id))):
                break
        time.sleep(0.02)
    return done


def test_what_is_written_is_found(indexer: Indexer, database: Database, write: Write, finds) -> None:
    write("Протекает кондиционер", body="В **комнате** 4-112 [капает](https://example.test/page)", fields={"room": 4})
    assert finds("maria", "кондиционеры") == set()
    assert follow(indexer, database) == 1
    assert finds("maria", "кондиционеры") == finds("maria", "комната") == {"Протекает кондиционер"}
    assert indexer.step(database) == 0


def test_a_change_replaces_what_was_found(
    indexer: Indexer, database: Database, session: Session, write: Write, finds
) -> None:
    page = write("Протекает кондиционер")
    page.title = "Починен кондиционер"
    page.record("page.edited", Origin(by=None, at=clock.now()))
    session.commit()
    follow(indexer, database)
    assert finds("maria", "протекает") == set()
    assert finds("maria", "починен") == {"Починен кондиционер"}


def test_a_page_that_is_gone_is_no_more_found(
    indexer: Indexer, database: Database, session: Session, write: Write, finds
) -> None:
    page = write("Протекает кондиционер")
    follow(indexer, database)
    page.record("page.removed", Origin(by=None, at=clock.now()))
    session.flush()
    session.delete(page)
    session.commit()
    follow(indexer, database)
    assert finds("maria", "кондиционер") == set()


def test_both_languages_and_synonyms_are_found(indexer: Indexer, database: Database, write: Write, finds) -> None:
    texts = {
        "ru": {"title": "Ремонт мебели", "body": "Починим стол."},
        "en": {"title": "Furniture repair", "body": "A desk."},
    }
    write("Ремонт мебели", texts=texts, fields={"synonyms": {"ru": ["сломался стул"], "en": ["broken chair"]}})
    follow(indexer, database)
    for asked in ("мебель", "furniture", "столы", "desks", "стулья сломаны", "chairs"):
        assert finds("maria", asked) == {"Ремонт мебели"}, asked


def test_answers_are_found_and_internal_ones_by_those_who_work_the_page(
    indexer: Indexer, database: Database, session: Session, write: Write, finds, group: Callable[[str], Group]
) -> None:
    fields = {"details": "скрипит дверь", "verdict": "виноват завод"}
    write("Дверь", kind="case", group_id=group("it-net").id, fields=fields)
    follow(indexer, database)
    assert finds("maria", "скрипит") == finds("oleg", "скрипит") == {"Дверь"}
    assert finds("maria", "завод") == set()
    assert finds("oleg", "завод") == {"Дверь"}


def test_internal_comments_are_found_by_those_who_work_the_page(
    indexer: Indexer, database: Database, session: Session, write: Write, finds, group: Callable[[str], Group], person
) -> None:
    page = write("Дверь", kind="case", group_id=group("it-net").id)
    origin = Origin(by=person("oleg"), at=clock.now())
    add_comment(session, page, "Смажем петли завтра", origin)
    add_comment(session, page, "Заявитель пинает дверь", origin, audience="internal")
    session.commit()
    follow(indexer, database)
    assert finds("maria", "петля") == finds("oleg", "петля") == {"Дверь"}
    assert finds("oleg", "пинает") == {"Дверь"}
    assert finds("maria", "пинает") == finds("vera", "пинает") == set()


def test_a_reader_finds_exactly_what_the_door_shows(
    indexer: Indexer,
    database: Database,
    session: Session,
    write: Write,
    finds,
    person,
    group,
    department: Callable[[str], Department],
) -> None:
    it, hr = department("it").id, department("hr").id
    write("дело общее", public=True)
    write("дело отдела", kind="case", department_id=it)
    write("дело группы", kind="case", department_id=it, group_id=group("it-net").id)
    write("дело тайное", kind="case", department_id=it, confidential=True, group_id=group("legal").id)
    write("дело Веры", kind="case", department_id=hr, by="vera", owner_id=person("vera").id)
    shared = write("дело участника", kind="case", department_id=hr, confidential=True, by="vera")
    session.add(PagePerson(page_id=shared.id, person_id=person("lev").id, role="participant"))
    aimed = write("дело аудитории", by="vera")
    session.add(PageAudience(page_id=aimed.id, token=f"d:{hr}"))
    for page in (shared, aimed):
        page.record("person.added", Origin(by=None, at=clock.now()), {"person": person("lev").id})
    session.commit()
    follow(indexer, database)
    for login in ("maria", "anna", "oleg", "pavel", "irina", "vera", "lev", "ada"):
        with database.reading() as reading:
            grants = grants_of(reading, reading.scalars(select(Person).where(Person.login == login)).one())
            seen = {page.title for page in reading.scalars(visible(grants))}
        assert finds(login, "дело") == seen, login


def test_people_are_found_by_name_place_and_login_until_they_leave(
    indexer: Indexer, database: Database, session: Session, finds, person
) -> None:
    assert finds("maria", "ким") == {"Олег Ким"}
    assert "Олег Ким" in finds("maria", "москва ит-служба")
    assert finds("maria", "oleg") == {"Олег Ким"}
    assert finds("maria", "рощин") == set()
    oleg = person("oleg")
    oleg.active = False
    record(session, oleg, "person.left", Origin(by=None, at=clock.now()))
    session.commit()
    follow(indexer, database)
    assert finds("maria", "ким") == set()


def test_what_was_imported_is_found_too(
    indexer: Indexer, database: Database, session: Session, write: Write, finds
) -> None:
    page = write("Старая история")
    page.title = "Старая быль"
    page.record("field.changed", Origin(by=None, at=datetime(2016, 3, 1, tzinfo=UTC), source="import:log"))
    session.commit()
    follow(indexer, database)
    assert finds("maria", "быль") == {"Старая быль"}


def test_the_cursor_moves_after_the_index_so_a_kill_between_loses_nothing(
    indexer: Indexer, database: Database, write: Write, finds, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("Протекает кондиционер")

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feed, "move_cursor", killed)
        with pytest.raises(KeyboardInterrupt):
            follow(indexer, database)
    assert follow(indexer, database) == 1
    assert finds("maria", "кондиционер") == {"Протекает кондиционер"}


def test_an_index_that_fails_keeps_the_cursor(
    indexer: Indexer, database: Database, backend: SearchBackend, write: Write, finds, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("Протекает кондиционер")

    def full(_batch: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(backend, "apply", full)
        with pytest.raises(OSError, match="no space"):
            follow(indexer, database)
    assert follow(indexer, database) == 1
    assert finds("maria", "кондиционер") == {"Протекает кондиционер"}


def test_one_indexer_at_a_time_and_another_after_the_lease(
    indexer: Indexer, database: Database, backend: SearchBackend, write: Write
) -> None:
    other = Indexer(backend)
    write("Протекает кондиционер")
    assert other.step(database) == 0
    with pytest.raises(Conflict):
        other.reindex(database)
    with time_machine.travel(clock.now() + feed.LEASE + timedelta(seconds=1)):
        assert follow(other, database) == 1
        assert indexer.step(database) == 0


def test_an_indexer_that_lost_its_lease_does_not_move_the_cursor(
    indexer: Indexer, database: Database, write: Write
) -> None:
    write("Протекает кондиционер")
    with database.writing() as session:
        row = session.get_one(Consumer, indexer.name)
        row.holder = "somebody else"
        before = (row.tx, row.event_id)
    feed.move_cursor(database, indexer.name, "me", (9, 9))
    with database.reading() as session:
        row = session.get_one(Consumer, indexer.name)
        assert (row.tx, row.event_id) == before


def test_the_first_index_is_built_beside(backend: SearchBackend, database: Database, write: Write, finds) -> None:
    write("Протекает кондиционер")
    indexer = Indexer(backend)
    assert indexer.step(database) == 0
    assert indexer._rebuild is not None
    indexer._rebuild.join(timeout=20)
    follow(indexer, database)
    assert finds("maria", "кондиционер") == {"Протекает кондиционер"}


def test_an_index_of_another_database_is_built_anew(
    indexer: Indexer, database: Database, backend: SearchBackend, session: Session, write: Write, finds
) -> None:
    write("Протекает кондиционер")
    session.delete(session.get_one(Consumer, indexer.name))
    session.commit()
    other = Indexer(backend)
    assert other.step(database) == 0
    assert other._rebuild is not None
    other._rebuild.join(timeout=20)
    assert finds("maria", "кондиционер") == {"Протекает кондиционер"}


def test_an_engine_taken_to_use_again_catches_up(
    indexer: Indexer, database: Database, tmp_path: Path, write: Write, finds
) -> None:
    other = Indexer(open_on_disk("whoosh", tmp_path / "whoosh"))
    other.reindex(database)
    write("Протекает кондиционер")
    assert follow(other, database) == follow(indexer, database) == 1
    assert finds("maria", "кондиционер") == {"Протекает кондиционер"}


def test_reindexing_takes_pages_without_events_and_tells_progress(
    indexer: Indexer, database: Database, session: Session, write: Write, finds
) -> None:
    page = write("Протекает кондиционер")
    page.title = "Сухой кондиционер"
    session.commit()
    done: list[int] = []
    assert indexer.reindex(database, done.append) == done[-1] > 8
    follow(indexer, database)
    assert finds("maria", "сухой") == {"Сухой кондиционер"}


def test_few_events_wait_for_company(
    indexer: Indexer, database: Database, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("раз")
    assert follow(indexer, database) == 1
    monkeypatch.setattr(feed, "PAUSE", 60.0)
    write("два")
    assert indexer.step(database) == 0
    monkeypatch.setattr(feed, "SMALL_BATCH", 1)
    assert follow(indexer, database) == 1

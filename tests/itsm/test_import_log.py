"""A month of a real company's incidents: replayed row by row, and counted the same by the panel and by plain Python.

The log is C. Amaral, M. Fantinato, S. Peres, "Incident management process enriched event log", UCI Machine Learning
Repository no. 498, CC BY 4.0; it lies beside the project and is not part of it.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm import clock
from acm.app import create_app
from acm.audit import verify
from acm.cases.models import Case
from acm.cases.past import as_of
from acm.jobs.imports import BadFile, Import
from acm.journal import Event, Origin
from acm.kernel import lifecycle
from acm.kpi.figures import breakdown, figure
from acm.kpi.keeping import counter
from acm.kpi.periods import Period
from acm.kpi.scope import company
from acm.pages.visibility import unrestricted
from acm.people.models import Group, Person
from acm.people.rights import grants_of
from acm.settings import Settings
from acm.web.runtime import Runtime
from tests import databases
from tests.itsm.conftest import BUNDLED

MOSCOW = ZoneInfo("Europe/Moscow")
MONTH = Period(date(2016, 2, 29), date(2017, 12, 31))  # the last of them was closed in 2017
STATES = {
    "New": "new", "Active": "in_progress", "Awaiting User Info": "waiting_user", "Awaiting Evidence": "waiting_user",
    "Awaiting Vendor": "waiting_vendor", "Awaiting Problem": "waiting_problem", "Resolved": "resolved", "Closed": "closed",
}  # fmt: skip
LOG = "itsm/incident_event_log_2016_03.csv.gz"
Rows = list[dict[str, str]]


def read(runtime: Runtime, path: Path) -> Any:
    importer = runtime.snapshot.find("importer", "itsm-log")
    return importer.run(Import(path, runtime.db, runtime.snapshot, "Europe/Moscow"))


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[tuple[Runtime, Any]]:
    """The whole month in a database of its own, counted."""
    folder = tmp_path_factory.mktemp("month")
    url = databases.make_template("sqlite", folder)
    app = create_app(
        Settings(data_dir=folder, database_url=url, secret_key="of no value", search="sqlite", plugin_path=BUNDLED)
    )
    runtime = app.runtime
    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.enable(session, runtime, "itsm", Origin(None, clock.now()))
    lifecycle.publish(runtime)
    report = read(runtime, shared_data / LOG)
    count = counter(MOSCOW)
    while count(runtime.db, runtime.snapshot):
        pass
    yield runtime, report
    runtime.db.dispose()


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> Rows:
    with gzip.open(shared_data / LOG, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def last(rows: Rows) -> Rows:
    """The last row of each incident: its attributes, wherever one value is wanted."""
    return list({row["number"]: row for row in rows}.values())


@pytest.fixture
def reading(month: tuple[Runtime, Any]) -> Iterator[Session]:
    with month[0].db.reading(month[0].snapshot) as session:
        yield session


@pytest.fixture
def seen(reading: Session) -> Any:
    """All cases as the head of IT sees them."""
    irina = reading.scalars(select(Person).where(Person.login == "irina")).one()
    return company(reading, grants_of(reading, irina))


@pytest.fixture
def measure(month: tuple[Runtime, Any]) -> Any:
    return lambda key: month[0].snapshot.find("measure", key)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=MOSCOW)


def by_day(session: Session, scope: Any, kind: Any) -> dict[date, int]:
    return {day: number.count for day, number in breakdown(session, scope, kind, MONTH, "day").items() if number.count}


def test_every_update_is_there_once_with_its_own_time_and_person(month, reading):
    report = month[1]
    assert report.made == {"cases": 9202, "updates": 59354}

    updates = (
        select(func.count()).select_from(Event).where(Event.kind == "record.updated", Event.source == "import:itsm-log")
    )
    assert reading.scalar(unrestricted(updates, "test")) == 59354
    first = reading.scalars(
        unrestricted(select(Event).where(Event.kind == "record.updated").order_by(Event.id).limit(1), "test")
    ).one()
    assert (first.data["row"], first.at) == ("INC0000045/1", moment("29/2/2016 01:23"))
    assert reading.get_one(Person, first.actor_id).name == "Updated by 21"


def test_a_second_run_makes_nothing(month, shared_data):
    report = read(month[0], shared_data / LOG)

    assert (report.made.total(), report.skipped["already there"]) == (0, 59354)


def test_people_of_the_log_have_no_login(reading):
    assert (
        reading.scalar(
            select(func.count())
            .select_from(Person)
            .where(Person.external.like("itsm-log:%"), Person.login.is_not(None))
        )
        == 0
    )


def test_the_first_row_does_not_know_what_came_later(reading):
    statement = unrestricted(select(Case).where(Case.external == "itsm-log:INC0000045"), "test")
    case = reading.scalars(statement).one()

    at_first = as_of(reading, case, moment("29/2/2016 01:23"))
    at_last = as_of(reading, case, moment("6/3/2016 00:00"))

    assert (at_first["state"], at_first["fields"].get("log_resolved_by")) == ("new", None)
    assert (at_last["state"], at_last["fields"]["log_resolved_by"]) == ("closed", "Resolved by 149")
    assert as_of(reading, case, moment("28/2/2016 00:00")) is None


def test_the_state_of_any_moment_is_that_of_the_row_before_it(reading, rows):
    sample = [number for n, number in enumerate(dict.fromkeys(row["number"] for row in rows)) if n % 400 == 0]
    for number in sample:
        case = reading.scalars(unrestricted(select(Case).where(Case.external == f"itsm-log:{number}"), "test")).one()
        own = [row for row in rows if row["number"] == number]
        moments = {row["sys_updated_at"]: row for row in own}  # of rows in one minute the last one stands
        for text, row in moments.items():
            assert as_of(reading, case, moment(text))["state"] == STATES[row["incident_state"]], (number, text)


def test_opened_per_day_agrees(reading, seen, measure, last):
    expected = Counter(moment(row["opened_at"]).date() for row in last)

    assert by_day(reading, seen, measure("opened")) == expected


def test_closed_per_day_agrees(reading, seen, measure, last):
    expected = Counter(moment(row["closed_at"]).date() for row in last)

    assert by_day(reading, seen, measure("closed")) == expected


def test_opened_per_priority_agrees(reading, seen, measure, last):
    expected = Counter(int(row["priority"][0]) for row in last)

    found = breakdown(reading, seen, measure("opened"), MONTH, "priority")
    assert {key: number.count for key, number in found.items()} == expected


def test_opened_per_group_agrees(reading, seen, measure, last):
    names = {group.id: group.names["en"] for group in reading.scalars(select(Group))}
    expected = Counter("" if row["assignment_group"] == "?" else row["assignment_group"] for row in last)

    found = breakdown(reading, seen, measure("opened"), MONTH, "group")
    assert {names.get(key, ""): number.count for key, number in found.items()} == expected


def test_reopened_and_handed_over_agree(reading, seen, measure, last):
    assert figure(reading, seen, measure("reassigned"), MONTH).count == sum(
        int(row["reassignment_count"]) for row in last
    )
    assert figure(reading, seen, measure("reopened"), MONTH).count == sum(int(row["reopen_count"]) for row in last)


@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_the_share_in_time_by_priority_agrees(reading, seen, measure, last, priority):
    of_it = [row for row in last if row["priority"].startswith(str(priority))]
    expected = 100 * sum(row["made_sla"] == "true" for row in of_it) / len(of_it)

    found = figure(reading, seen.having(priority=priority), measure("within_sla"), MONTH)
    assert found.value == pytest.approx(expected)


def test_the_chain_of_the_journal_is_whole(reading):
    assert list(verify(reading)) == []


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("incident_state", "Sleeping", "line 3, column incident_state: 'Sleeping' is no state of this log"),
        ("sys_updated_at", "2016-02-29", "line 3, column sys_updated_at: '2016-02-29' is no moment"),
        ("priority", "9 - None", "line 3, column priority: '9 - None' is no priority"),
        ("number", "INC0000047", "column number: the rows of INC0000045 are not together"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_half_done(itsm, session, rows, tmp_path, column, value, fault):
    path = tmp_path / "log.csv"
    chosen = [dict(row) for row in rows[:4]]
    chosen[1][column] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)

    with pytest.raises(BadFile) as refusal:
        read(itsm, path)

    assert fault in str(refusal.value)
    assert session.scalar(unrestricted(select(func.count()).select_from(Case), "test")) == 0

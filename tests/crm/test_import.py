"""Real complaints, read from a file of the CFPB: counted the same by the cases and by plain Python.

The file is a part of the Consumer Complaint Database of the US Consumer Financial Protection Bureau, in the public
domain in the US; it lies beside the project and is not part of it.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from acm.cases.models import Case
from acm.jobs.imports import BadFile, Import
from acm.journal import Event
from acm.pages.models import Page
from acm.pages.visibility import unrestricted
from tests.crm.conftest import module

importing, names = module("importing"), module("names")
FILE = "crm/consumer_complaints_part1.csv"
MOSCOW = ZoneInfo("Europe/Moscow")


def read(runtime, path):
    return runtime.snapshot.find("importer", "complaints").run(
        Import(path, runtime.db, runtime.snapshot, "Europe/Moscow")
    )


@pytest.fixture
def rows(shared_data):
    with (shared_data / FILE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def copy(tmp_path, rows):
    """A file of some of the rows, with changes by their places."""

    def write(count=30, **changed):
        path = tmp_path / "complaints.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            for row in rows[:count]:
                writer.writerow({**row, **changed} if row is rows[2] else row)
        return path

    return write


def moment(text):
    return datetime.strptime(text, "%m/%d/%Y").replace(hour=9, tzinfo=MOSCOW)


def test_the_whole_file_is_counted_the_same_by_plain_python(crm, rows, session, shared_data):
    report = read(crm, shared_data / FILE)

    companies = {names.key_of(row["Company"]) for row in rows}
    assert report.read == len(rows) == 1200
    assert (report.made["complaints"], report.made["companies"]) == (len(rows), len(companies))

    cases = session.scalars(unrestricted(select(Case).where(Case.type == "crm.complaint"), "test")).all()
    wanted = Counter(importing.category_for(row["Product"], row["Issue"]) for row in rows)
    assert Counter(case.fields["category"] for case in cases) == wanted
    assert wanted["other"] < 60
    pages = session.scalars(unrestricted(select(Page).where(Page.type == "crm.company"), "test"))
    keys = {page.id: page.fields["name_key"] for page in pages}
    assert Counter(keys[case.fields["company"]] for case in cases) == Counter(names.key_of(r["Company"]) for r in rows)
    assert Counter(case.opened_at for case in cases) == Counter(moment(row["Date received"]) for row in rows)
    assert Counter(case.made_sla for case in cases) == Counter(row["Timely response?"] == "Yes" for row in rows)
    disputed = {"Yes": True, "No": False, "": None}
    assert Counter(case.fields.get("disputed") for case in cases) == Counter(
        disputed[r["Consumer disputed?"]] for r in rows
    )
    assert {case.state for case in cases} == {"closed"}

    session.rollback()
    again = read(crm, shared_data / FILE)
    assert (again.made.total(), again.skipped["already there"]) == (0, 3600)
    assert session.scalar(unrestricted(select(func.count()).select_from(Case), "test")) == 1200


def test_the_dates_of_the_file_are_the_times_of_the_events(crm, copy, session, rows):
    read(crm, copy(1))

    case = session.scalars(unrestricted(select(Case), "test")).one()
    events = session.scalars(
        unrestricted(select(Event).where(Event.page_id == case.id).order_by(Event.id), "test")
    ).all()
    days = [event.at.astimezone(MOSCOW).date() for event in events]
    assert days[0] == moment(rows[0]["Date received"]).date()
    assert days[-1] == moment(rows[0]["Date sent to company"]).date()
    assert {event.source for event in events} == {"import:complaints"}


def test_a_longer_file_adds_what_is_new(crm, copy):
    read(crm, copy(10))
    report = read(crm, copy(30))

    assert (report.made["complaints"], report.skipped["already there"]) == (20, 30)


def test_a_company_that_is_there_already_gets_its_complaints(crm, copy, company, rows, session, browse):
    there = company(rows[0]["Company"].upper())
    session.commit()
    read(crm, copy(1))

    assert rows[0]["Issue"].split(",")[0] in browse("karim").get(f"/p/crm/companies/{there.number}").text


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("Date received", "2013-06-28", "is no date (month/day/year)"),
        ("Company", " ", "it is empty"),
        ("Submitted via", "Pigeon", "is no channel of this file"),
        ("Timely response?", "Perhaps", "is neither Yes nor No"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(crm, copy, session, column, value, said):
    with pytest.raises(BadFile) as refusal:
        read(crm, copy(10, **{column: value}))

    assert f"complaints.csv: line 4, column {column}: " in str(refusal.value)
    assert said in str(refusal.value)
    assert (
        session.scalar(unrestricted(select(func.count()).select_from(Page).where(Page.type.startswith("crm.")), "test"))
        == 0
    )


def test_a_file_without_a_column_is_refused(crm, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("Date received,Company\n1/1/2020,Romashka\n", encoding="utf-8")

    with pytest.raises(BadFile, match="line 1: the column Product is missing"):
        read(crm, path)

"""`acm import itsm-log FILE`: the incident log of a ServiceNow-style system, replayed row by row.

One row is one update of one incident's record; a column that is the same on all rows of an incident (resolved_at,
closed_at) already knows the future and is never read. Values are as they stand in each row, so every past moment
can be read again from the journal.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from acm.sdk import BadFile, CaseType, Field, Import, PageType, Record, Replay, Report, Update

SOURCE = "itsm-log"
BATCH = 250
NONE = "?"
STATES = {
    "New": "new",
    "Active": "in_progress",
    "Awaiting User Info": "waiting_user",
    "Awaiting Evidence": "waiting_user",
    "Awaiting Vendor": "waiting_vendor",
    "Awaiting Problem": "waiting_problem",
    "Resolved": "resolved",
    "Closed": "closed",
}
DEFECT = "-100"
KEPT = {
    "contact_type": ("Канал", "Contact type"),
    "location": ("Место", "Location"),
    "category": ("Категория", "Category"),
    "subcategory": ("Подкатегория", "Subcategory"),
    "u_symptom": ("Симптом", "Symptom"),
    "cmdb_ci": ("Конфигурационная единица", "Configuration item"),
    "impact": ("Влияние", "Impact"),
    "urgency": ("Срочность", "Urgency"),
    "knowledge": ("По статье", "Knowledge used"),
    "u_priority_confirmation": ("Приоритет проверен", "Priority confirmed"),
    "notify": ("Уведомление", "Notify"),
    "problem_id": ("Проблема", "Problem"),
    "rfc": ("Изменение", "Change"),
    "vendor": ("Поставщик", "Supplier"),
    "caused_by": ("Вызвано", "Caused by"),
    "closed_code": ("Код закрытия", "Closure code"),
    "resolved_by": ("Решил", "Resolved by"),
}
LATE = ("closed_code", "resolved_by")
COLUMNS = [
    "number",
    "incident_state",
    "reassignment_count",
    "reopen_count",
    "made_sla",
    "caller_id",
    "opened_by",
    "opened_at",
    "sys_updated_by",
    "sys_updated_at",
    "priority",
    "assignment_group",
    "assigned_to",
]
FORM = PageType(
    key="itsm.log_record",
    names={"ru": "Запись журнала", "en": "Log record"},
    fields=tuple(Field(key=f"log_{key}", label={"ru": ru, "en": en}) for key, (ru, en) in KEPT.items()),
)

Row = dict[str, str]


def read_log(run: Import, incident: CaseType) -> Report:
    """Check the whole file, then write it in batches; a second run makes only what is missing."""
    total = check(run.path)
    report, done = Report(), 0
    for batch in _batches(run.path, ZoneInfo(run.timezone), report):
        with run.db.writing(run.snapshot) as session:
            replay = Replay(session, SOURCE, incident, department="it", zone=ZoneInfo(run.timezone), form=FORM)
            cases, updates, present = replay.write(batch)
        report.made.update({"cases": cases, "updates": updates})
        report.skipped.update({"already there": present} if present else {})
        done += sum(len(record.updates) for record in batch)
        run.tell(done, total)
    report.read = total
    return report


def check(path: Path) -> int:
    """Count the rows; every fault of the file with its line and column raises :class:`BadFile`."""
    faults: list[str] = []
    rows, seen, last = 0, set(), ""
    with _open(path) as file:
        reader = csv.DictReader(file)
        missing = [c for c in (*COLUMNS, *KEPT) if c not in (reader.fieldnames or ())]
        if missing:
            raise BadFile(path, [f"line 1: the column {column} is missing" for column in missing])
        for row in reader:
            rows += 1
            place = f"line {reader.line_num}"
            if row["number"] != last and row["number"] in seen:
                faults.append(f"{place}, column number: the rows of {row['number']} are not together")
            seen.add(row["number"])
            last = row["number"]
            faults += [f"{place}, column {column}: {reason}" for column, reason in _faults(row)]
            if len(faults) > 50:
                break
    if faults:
        raise BadFile(path, faults)
    return rows


def _faults(row: Row) -> Iterator[tuple[str, str]]:
    if row["incident_state"] not in STATES and row["incident_state"] != DEFECT:
        yield "incident_state", f"{row['incident_state']!r} is no state of this log"
    for column in ("opened_at", "sys_updated_at"):
        try:
            _moment(row[column], ZoneInfo("UTC"))
        except ValueError:
            yield column, f"{row[column]!r} is no moment (day/month/year hour:minute)"
    for column in ("reassignment_count", "reopen_count"):
        if not (row[column] or "").isdecimal():
            yield column, f"{row[column]!r} is no count"
    if row["priority"][:1] not in ("1", "2", "3", "4"):
        yield "priority", f"{row['priority']!r} is no priority from 1 to 4"


def _batches(path: Path, zone: ZoneInfo, report: Report) -> Iterator[list[Record]]:
    batch: list[Record] = []
    with _open(path) as file:
        for number, rows in groupby(csv.DictReader(file), key=lambda row: row["number"]):
            batch.append(_record(number, list(rows), zone, report))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _record(number: str, rows: list[Row], zone: ZoneInfo, report: Report) -> Record:
    first = rows[0]
    updates: list[Update] = []
    state = "new"
    for place, row in enumerate(rows, start=1):
        if row["incident_state"] == DEFECT:
            report.skipped["state -100 is a defect of the source, the state before it was kept"] += 1
        state = STATES.get(row["incident_state"], state)
        updates.append(_update(place, row, state, zone))
    return Record(
        key=number,
        title=" · ".join(
            part
            for part in (_value(first["category"]), _value(first["u_symptom"]) or _value(first["subcategory"]))
            if part
        )
        or number,
        opened_at=_moment(first["opened_at"], zone),
        requester=_value(first["caller_id"]),
        opened_by=_value(first["opened_by"]) or _value(first["sys_updated_by"]),
        updates=updates,
    )


def _update(place: int, row: Row, state: str, zone: ZoneInfo) -> Update:
    is_over = state in ("resolved", "closed")
    fields = {f"log_{c}": _value(row[c]) or None for c in KEPT if is_over or c not in LATE}
    columns: dict[str, Any] = {
        "group": _value(row["assignment_group"]),
        "owner": _value(row["assigned_to"]),
        "priority": int(row["priority"][0]),
    }
    return Update(
        row=place,
        at=_moment(row["sys_updated_at"], zone),
        by=_value(row["sys_updated_by"]),
        state=state,
        columns=columns,
        fields=fields,
        made_sla=row["made_sla"] == "true",
        reopened=int(row["reopen_count"]),
        reassigned=int(row["reassignment_count"]),
    )


def _value(text: str) -> str:
    return "" if text == NONE else " ".join(text.split())


def _moment(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=zone)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")

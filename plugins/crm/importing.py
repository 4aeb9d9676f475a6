"""`acm import complaints FILE`: the complaints of the Consumer Complaint Database, as the CFPB publishes them.

The file has no numbers: a complaint is known by its whole row, and by its place among equal ones, so that a second run,
or a longer file, makes only what is missing. The day a complaint came is when it was opened, the day it was sent to its
company is when work began; what came of it stands at that day too, since the file knows no later one.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from acm.sdk import BadFile, Context, Import, Origin, Record, Replay, Report, Update

from .complaints import COMPLAINT, OTHER, categories
from .desk import CARE, shared
from .names import key_of
from .parties import COMPANY, keys_of

SOURCE = "complaints"
BATCH = 200
OPENS = "09:00"
RECEIVED, SENT = "Date received", "Date sent to company"
DATES = (RECEIVED, SENT)
CLOSED = ("Closed", "Untimely response")
CHANNELS = {
    "Web": "web", "Phone": "phone", "Postal mail": "mail", "Fax": "fax", "Referral": "referral", "Email": "email",
}  # fmt: skip
YES_NO = {"Yes": True, "No": False}
COLUMNS = (
    *DATES, "Product", "Sub-product", "Issue", "Sub-issue", "Company", "State", "Submitted via",
    "Company response to consumer", "Timely response?", "Consumer disputed?",
)  # fmt: skip
MOST_FAULTS = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, str]


@dataclass
class Clerk(Context):
    """Writes companies at the moment of the import, as told by the file and to nobody."""

    moment: datetime = EPOCH

    def origin(self) -> Origin:
        return Origin(None, self.moment, source=f"import:{SOURCE}")


def read_complaints(run: Import) -> Report:
    """Check the whole file, then write it in batches; a second run makes only what is missing."""
    total, report, done = check(run.path), Report(), 0
    zone = ZoneInfo(run.timezone)
    for batch in _batches(run.path):
        with run.db.writing(run.snapshot) as session:
            clerk = Clerk(
                plugin="crm", session=session, snapshot=run.snapshot, moment=_day(batch[0][1][RECEIVED], zone)
            )
            companies, made = _companies(clerk, [row for _key, row in batch], zone)
            replay = Replay(session, SOURCE, COMPLAINT, department=CARE, zone=zone)
            cases, updates, there = replay.write([_record(key, row, companies, zone) for key, row in batch])
        report.made.update({"complaints": cases, "updates": updates, "companies": made})
        report.skipped.update({"already there": there} if there else {})
        done += len(batch)
        run.tell(done, total)
    report.made += Counter()
    report.read = total
    return report


def check(path: Path) -> int:
    """Count the rows; every fault of the file with its line and column raises :class:`BadFile`."""
    faults: list[str] = []
    rows = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise BadFile(path, [f"line 1: the column {column} is missing" for column in missing])
        for row in reader:
            rows += 1
            faults += [f"line {reader.line_num}, column {column}: {reason}" for column, reason in _faults(row)]
            if len(faults) > MOST_FAULTS:
                break
    if faults:
        raise BadFile(path, faults)
    return rows


def category_for(product: str, issue: str) -> str:
    """The category of a product and an issue: the first one of whose words the issue, or else the product, has."""
    for text in (issue.casefold(), product.casefold()):
        for one in categories():
            if any(word in text for word in one.issues):
                return one.id
    return OTHER


def _faults(row: Row) -> Iterator[tuple[str, str]]:
    if None in row or None in row.values():
        yield RECEIVED, "the line has more or fewer values than the header"
        return
    for column in DATES:
        try:
            _day(row[column], ZoneInfo("UTC"))
        except ValueError:
            yield column, f"{row[column]!r} is no date (month/day/year)"
    for column in ("Product", "Issue", "Company"):
        if not row[column].strip():
            yield column, "it is empty"
    if row["Submitted via"] not in CHANNELS:
        yield "Submitted via", f"{row['Submitted via']!r} is no channel of this file"
    if row["Timely response?"] not in YES_NO:
        yield "Timely response?", f"{row['Timely response?']!r} is neither Yes nor No"
    if row["Consumer disputed?"] not in (*YES_NO, ""):
        yield "Consumer disputed?", f"{row['Consumer disputed?']!r} is neither Yes nor No"


def _batches(path: Path) -> Iterator[list[tuple[str, Row]]]:
    """Rows with their keys, some at a time."""
    seen: Counter[str] = Counter()
    batch: list[tuple[str, Row]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            digest = sha256("\x1f".join(row[column] for column in COLUMNS).encode()).hexdigest()[:20]
            seen[digest] += 1
            batch.append((f"{digest}-{seen[digest]}", row))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _companies(clerk: Clerk, rows: Iterable[Row], zone: ZoneInfo) -> tuple[dict[str, int], int]:
    """The companies of a batch by their names brought to one form; those that are not there are made."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(key_of(row["Company"]), row)
    found = clerk.pages.list(COMPANY, {"name_key in": list(first), "merged_into": None}, order="id", limit=1000).items
    known: dict[str, int] = {}
    for page in found:
        known.setdefault(page.fields["name_key"], page.id)
    missing = [key for key in first if key not in known]
    for key in missing:
        clerk.moment = _day(first[key][RECEIVED], zone)
        name = " ".join(first[key]["Company"].split())
        fields = {name: value for name, value in keys_of(name, "").items() if value}
        known[key] = clerk.pages.create(COMPANY, title=name, fields=fields, **shared(clerk)).id
    return known, len(missing)


def _record(key: str, row: Row, companies: dict[str, int], zone: ZoneInfo) -> Record:
    opened = _day(row[RECEIVED], zone)
    begun = max(_day(row[SENT], zone), opened) + timedelta(minutes=1)
    response = row["Company response to consumer"].strip()
    fields = {
        "category": category_for(row["Product"], row["Issue"]), "company": companies[key_of(row["Company"])],
        "client": row["Company"].strip(), "product": _joined(row["Product"], row["Sub-product"]),
        "issue": _joined(row["Issue"], row["Sub-issue"]), "channel": CHANNELS[row["Submitted via"]],
        "state_code": row["State"].strip() or None,
    }  # fmt: skip
    outcome = {"response": response or None, "disputed": YES_NO.get(row["Consumer disputed?"])}
    over = response.startswith(CLOSED)
    updates = [
        Update(row=1, at=opened, by="", state="new", columns={"group": "", "priority": 3}, fields=fields),
        Update(row=2, at=begun, by="", state="in_progress", columns={"priority": 3}),
    ]
    timely = row["Timely response?"] == "Yes"
    if over:
        updates.append(Update(row=3, at=begun + timedelta(minutes=1), by="", state="closed", columns={"priority": 3},
                              fields={k: v for k, v in outcome.items() if v is not None}, made_sla=timely))  # fmt: skip
    return Record(key=key, title=_title(row), opened_at=opened, requester="", opened_by="", updates=updates)


def _title(row: Row) -> str:
    return f"{row['Issue'].strip()} · {row['Product'].strip()}"


def _joined(first: str, second: str) -> str:
    return " › ".join(part.strip() for part in (first, second) if part.strip())


def _day(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(f"{text} {OPENS}", "%m/%d/%Y %H:%M").replace(tzinfo=zone)

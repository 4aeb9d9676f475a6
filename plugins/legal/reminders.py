"""Reminders before something ends: powers of attorney, contracts, answers to claims, terms of the law, hearings.

Sent once a day, each on the days before that the settings name, to the lawyer of the case or whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from acm.sdk import Case, Context, is_working_day

from . import claims, contracts, court, powers
from .days import day_of

SOON = 3
TOMORROW = 1
MOST = 1000

NOTICES = {
    "power_ends": {
        "ru": "Доверенность %(number)s действует по %(day)s: решите, нужна ли новая",
        "en": "The power of attorney %(number)s is valid until %(day)s: decide whether a new one is needed",
    },
    "contract_ends": {
        "ru": "Договор %(register)s (%(number)s) действует по %(day)s: продлите или закройте его",
        "en": "The contract %(register)s (%(number)s) is valid until %(day)s: renew or close it",
    },
    "answer_due": {
        "ru": "На претензию %(number)s нужно ответить до %(day)s",
        "en": "The claim %(number)s has to be answered by %(day)s",
    },
    "term_ends": {
        "ru": "%(term)s по делу %(number)s: последний день %(day)s",
        "en": "%(term)s in the case %(number)s: the last day is %(day)s",
    },
    "hearing": {
        "ru": "Заседание по делу %(number)s: %(moment)s, %(place)s",
        "en": "Hearing in the case %(number)s: %(moment)s, %(place)s",
    },
}


@dataclass(frozen=True)
class Reminder:
    """One sentence about a case. ``holder`` is somebody besides its lawyer who is told."""

    case: Case
    kind: str
    values: dict[str, Any]
    holder: int | None = None


def remind(ctx: Context) -> None:
    """Send the reminders of today."""
    day = ctx.today()
    found = [
        *_powers(ctx, day, int(ctx.settings["power_days"])),
        *_contracts(ctx, day, int(ctx.settings["contract_days"])),
        *_claims(ctx, day, int(ctx.settings["term_days"])),
        *_court(ctx, day, int(ctx.settings["term_days"])),
    ]
    holders = ctx.people.by_ids(one.holder for one in found if one.holder is not None)
    for one in found:
        told = [one.case.owner or one.case.requester, holders.get(one.holder or 0)]
        for person in {person.id: person for person in told if person is not None and person.active}.values():
            ctx.notify(person, one.kind, one.case, **one.values)


def _powers(ctx: Context, today: date, before: int) -> Iterator[Reminder]:
    for case in _ending(ctx, powers.KEY, "date_to", today, {before, SOON}, {"state": powers.IN_FORCE}):
        holder = case.fields.get("employee")
        yield Reminder(case, "power_ends", {"day": day_of(case.fields["date_to"])}, holder)


def _contracts(ctx: Context, today: date, before: int) -> Iterator[Reminder]:
    for case in _ending(ctx, contracts.KEY, "date_to", today, {before}, {"state": "registered"}):
        told = {"day": day_of(case.fields["date_to"]), "register": case.fields.get("reg_number", "")}
        yield Reminder(case, "contract_ends", told)


def _claims(ctx: Context, today: date, before: int) -> Iterator[Reminder]:
    for case in _ending(ctx, claims.KEY, "respond_by", today, {before, TOMORROW}, {"is_open": True}):
        yield Reminder(case, "answer_due", {"day": day_of(case.fields["respond_by"])})


def _court(ctx: Context, today: date, before: int) -> Iterator[Reminder]:
    for case in ctx.cases.list(court.KEY, {"is_open": True}, order="id", limit=MOST).items:
        for term in court.running(case.fields, is_working_day):
            if not term.is_met and (term.ends - today).days in {before, TOMORROW}:
                yield Reminder(case, "term_ends", {"day": term.ends, "term": dict(term.rule.names)})
        for hearing in court.hearings(case.fields):
            if hearing.at.astimezone(ctx.zone).date() == today + timedelta(days=TOMORROW):
                yield Reminder(case, "hearing", {"moment": hearing.at, "place": place_of(hearing)})


def place_of(hearing: court.Hearing) -> str:
    """Court and room in one line."""
    return ", ".join(part for part in (hearing.court, hearing.room) if part)


def _ending(ctx: Context, key: str, field: str, today: date, before: set[int], where: dict[str, Any]) -> Iterator[Case]:
    """The cases whose field is one of the days that lie so many days ahead."""
    days = [today + timedelta(days=number) for number in sorted(before)]
    yield from ctx.cases.list(key, {**where, f"{field} in": days}, order="id", limit=MOST).items

"""What the screens of Legal show: the registers of contracts and powers, and hearings by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from acm.sdk import Case, Context

from . import contracts, court, powers
from .court import Hearing

STEP = 50
MOST = 500


@dataclass(frozen=True)
class Row:
    """One line of a register. ``kind`` is the colour of the state: ok, warn or none."""

    case: Case
    state: Mapping[str, str]
    kind: str
    until: date | None
    holder: Any = None
    powers: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Sitting:
    """One hearing with its case."""

    case: Case
    hearing: Hearing


def shown_powers(ctx: Context, view: str, power: str, text: str, cursor: str) -> tuple[list[Row], str]:
    """A page of the registry of powers of attorney, those that end first before the others."""
    day = ctx.today()
    where = _power_views(day, int(ctx.settings["power_days"]))[view] | ({"title has": text} if text else {})
    if power:
        where["powers has"] = power
    found = ctx.cases.list(powers.KEY, where, order="-date_to" if view == "ended" else "date_to", limit=STEP,
                           cursor=cursor)  # fmt: skip
    known = ctx.people.by_ids(_holders(found.items))
    names = dict(powers.POWERS)
    rows = [
        _row(
            case, day, int(ctx.settings["power_days"]), case.state == powers.IN_FORCE,
            holder=known.get(case.fields.get("employee") or 0),
            powers=[names[key] for key in case.fields.get("powers") or () if key in names],
        )
        for case in found.items
    ]  # fmt: skip
    return rows, found.next


def count_powers(ctx: Context) -> dict[str, int]:
    views = _power_views(ctx.today(), int(ctx.settings["power_days"]))
    return {view: ctx.cases.count(powers.KEY, where) for view, where in views.items() if view != "all"}


def _power_views(day: date, soon: int) -> dict[str, dict[str, Any]]:
    near: dict[str, Any] = {"state": powers.IN_FORCE, "date_to >=": day, "date_to <=": day + timedelta(days=soon)}
    return {"force": {"state": powers.IN_FORCE}, "soon": near, "ended": {"state in": ["closed", "revoked"]}, "all": {}}


def shown_contracts(ctx: Context, view: str, text: str, cursor: str) -> tuple[list[Row], str]:
    """A page of the register of contracts."""
    day = ctx.today()
    where = contract_views(day, int(ctx.settings["contract_days"]))[view] | ({"vendor has": text} if text else {})
    order = "date_to" if view in ("force", "soon") else "-id"
    found = ctx.cases.list(contracts.KEY, where, order=order, limit=STEP, cursor=cursor)
    soon = int(ctx.settings["contract_days"])
    return [_row(case, day, soon, case.state == "registered") for case in found.items], found.next


def contract_views(day: date, soon: int) -> dict[str, dict[str, Any]]:
    """The views of the register of contracts as conditions."""
    near: dict[str, Any] = {"state": "registered", "date_to >=": day, "date_to <=": day + timedelta(days=soon)}
    return {"force": {"state": "registered"}, "soon": near, "work": {"is_open": True}, "all": {}}


def _row(case: Case, day: date, soon: int, in_force: bool, **more: Any) -> Row:
    ends = case.fields.get("date_to")
    until = date.fromisoformat(ends) if ends else None
    near = in_force and until is not None and until <= day + timedelta(days=soon)
    kind = "warn" if near else "ok" if in_force else "info" if case.is_open else ""
    return Row(case, case.current.names, kind, until, **more)


def coming(ctx: Context, now: datetime) -> list[Sitting]:
    """The hearings from now on, of cases the person may see, the next first."""
    found = ctx.cases.list(court.KEY, {"last_hearing >=": now}, order="last_hearing", limit=MOST).items
    return sorted(
        (Sitting(case, one) for case in found for one in court.hearings(case.fields) if one.at >= now), key=_when
    )


def past(ctx: Context, now: datetime) -> list[Sitting]:
    """The hearings of the last year, the latest first."""
    since = now - timedelta(days=365)
    found = ctx.cases.list(court.KEY, {"last_hearing >=": since}, order="-last_hearing", limit=MOST).items
    all_ = [Sitting(case, one) for case in found for one in court.hearings(case.fields) if since <= one.at < now]
    return sorted(all_, key=_when, reverse=True)


def by_day(sittings: Iterable[Sitting], ctx: Context) -> list[tuple[date, list[Sitting]]]:
    """Hearings under their days, in the order they come."""
    days: dict[date, list[Sitting]] = {}
    for one in sittings:
        days.setdefault(one.hearing.at.astimezone(ctx.zone).date(), []).append(one)
    return list(days.items())


def _holders(cases: Iterable[Case]) -> list[int]:
    return [case.fields["employee"] for case in cases if case.fields.get("employee")]


def _when(sitting: Sitting) -> tuple[datetime, int, int]:
    return sitting.hearing.at, sitting.case.id, sitting.hearing.place

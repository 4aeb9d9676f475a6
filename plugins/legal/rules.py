"""What Legal watches over: the right to sign, approvals as they must be then, numbers of the register, days of answers,
the end of powers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from acm.sdk import Case, Context, Event, _, is_working_day

from . import claims, contracts, court, powers
from .days import day_of, end_of, today, zone_of
from .powers import Power, Refusal, authority, read
from .terms import next_working, rule_for, working_days_later

COUNTED_FROM = frozenset({"date", "claimant", "term_days", "term_kind"})


def may_sign(ctx: Context, case: Case, *, target: str = "") -> object:
    """A contract is signed by somebody whose power of attorney covers its sum on that day; else this is why not."""
    if case.type != contracts.KEY or target != "signed":
        return None
    if missing := ctx.catalog.lacking(case):
        who = ", ".join(step.person.name if step.person else step.role("en") for step in missing)
        return _("Not approved as it stands now, return it to review and agree the text once more: %(who)s", who=who)
    signatory = case.fields.get("signatory")
    if signatory is None:
        return _("Say first who signs for us")
    if signatory in by_charter(ctx):
        return None
    money = case.fields.get("amount") or {"amount": "0", "currency": "RUB"}
    day = day_of(case.fields.get("signed_on")) or today(ctx, zone_of(case))
    found = authority(powers_of(ctx, signatory), Decimal(money["amount"]), money["currency"], day)
    return _refused(found, money, day) if isinstance(found, Refusal) else None


def follow_route(ctx: Context, event: Event) -> None:
    """Ask those who must approve a contract as its text was agreed: its sum or what deviates may have grown."""
    case = _of(ctx, event, contracts.KEY)
    if case is not None and case.state == contracts.AGREED:
        ctx.catalog.reroute(case, then=contracts.AGREED, back=contracts.IN_REVIEW)


def _refused(refusal: Refusal, money: Mapping[str, Any], day: date) -> object:
    told: dict[str, object] = {"day": f"{day:%d.%m.%Y}", "sum": _sum(money["amount"], money["currency"])}
    nearest = refusal.nearest
    if nearest is None:
        return _("Who signs has no power of attorney")
    told["number"] = nearest.number
    if refusal.reason == "valid":
        return _("No power of attorney of who signs is valid on %(day)s, the last one is %(number)s", **told)
    if refusal.reason == "power":
        return _("The power of attorney %(number)s does not allow to sign contracts", **told)
    told["limit"] = _sum(nearest.limit or 0, nearest.currency)
    return _("The power of attorney %(number)s is limited to %(limit)s, the contract is for %(sum)s", **told)


def _sum(amount: Any, currency: str) -> str:
    text = f"{Decimal(amount):,.2f}".removesuffix(".00").replace(",", "\u00a0")
    return f"{text}\u00a0{currency}"


def by_charter(ctx: Context) -> frozenset[int]:
    """Ids of those who sign without a power of attorney, as the settings name them."""
    logins = [login.strip() for login in str(ctx.settings.get("signs_by_charter", "")).split(",")]
    found = (ctx.people.find(login) for login in logins if login)
    return frozenset(person.id for person in found if person is not None)


def powers_of(ctx: Context, holder: int) -> list[Power]:
    """Every power of attorney of a person, in force or not."""
    found = ctx.cases.list(powers.KEY, {"employee": holder}, limit=200).items
    return [read(case.number, case.state, case.fields) for case in found]


def register_contract(ctx: Context, event: Event) -> None:
    """Give a registered contract its number."""
    case = _of(ctx, event, contracts.KEY)
    if case is not None and case.state == "registered":
        give_number(ctx, case, event.at.astimezone(zone_of(case)).date())


def give_number(ctx: Context, case: Case, day: date) -> None:
    """The next number of the register of that year; a contract that has one keeps it."""
    if not case.fields.get("reg_number"):
        number = ctx.number(f"{contracts.REGISTER}.{day.year}")
        ctx.cases.change(case, fields={"reg_number": f"{number}/{day:%y}", "registered_on": day})


def follow_claim(ctx: Context, event: Event) -> None:
    """Count the term of a claim that was opened, or corrected in what its term depends on."""
    if event.kind == "field.changed" and event.data.get("field") not in COUNTED_FROM:
        return
    case = _of(ctx, event, claims.KEY)
    if case is not None and case.is_open:
        count_term(ctx, case)


def count_term(ctx: Context, case: Case) -> None:
    """Say by when a claim is answered, and promise it for the end of that day."""
    by = answer_by(case.fields)
    if by != day_of(case.fields.get("respond_by")):
        ctx.cases.change(case, fields={"respond_by": by})
        ctx.cases.promise(case, end_of(by, zone_of(case)) if by else None)


def answer_by(fields: Mapping[str, Any]) -> date | None:
    """The last day of an answer; None until the day of the claim is known."""
    since = day_of(fields.get("date"))
    if since is None:
        return None
    if days := int(fields.get("term_days") or 0):
        if fields.get("term_kind") == "working":
            return working_days_later(since, days, is_working_day)
        return next_working(since + timedelta(days=days), is_working_day)
    rule = rule_for("claim", fields.get("claimant") or "business", since)
    return rule.ends(since, is_working_day) if rule else None


def follow_course(ctx: Context, event: Event) -> None:
    """Note the last hearing of a case and promise its next date, when its course was corrected or it was opened."""
    if event.kind == "field.changed" and event.data.get("field") not in court.COURSE:
        return
    case = _of(ctx, event, court.KEY)
    if case is not None:
        note_hearings(ctx, case)
        promise_next(ctx, case)


def note_hearings(ctx: Context, case: Case) -> None:
    """Keep the last hearing of a case, by which lists and the calendar find it, and which of its hearings is which."""
    known = court.hearings(case.fields)
    case.facts = {**case.facts, court.MARKS: court.marked(case.facts, known)}
    ctx.cases.change(case, fields={"last_hearing": known[-1].at if known else None})


def promise_next(ctx: Context, case: Case) -> None:
    """A case in court is due at its nearest hearing or last day of a term; with none ahead it is due at no time. One
    of which no date is known yet keeps what its service promised."""
    ahead = court.next_date(case.fields, ctx.now(), zone_of(case), is_working_day)
    if case.is_open and ahead != case.due_at and (ahead or court.COURSE & case.fields.keys() - {"procedure"}):
        ctx.cases.promise(case, ahead)


def look_ahead(ctx: Context) -> None:
    """Promise the next date of the cases whose last one has passed."""
    for case in ctx.cases.list(court.KEY, {"is_open": True, "due <": ctx.now()}, limit=200).items:
        promise_next(ctx, case)


def admit_holder(ctx: Context, event: Event) -> None:
    """Let who holds a power of attorney see it, once it is issued."""
    case = _of(ctx, event, powers.KEY)
    holder = case.fields.get("employee") if case is not None else None
    if case is not None and holder is not None and case.state == powers.IN_FORCE:
        ctx.cases.admit(case, *ctx.people.by_ids([holder]).values())


def note_revoking(ctx: Context, event: Event) -> None:
    """A power that is revoked today was revoked today, unless the lawyer said another day."""
    case = _of(ctx, event, powers.KEY)
    if case is not None and case.state == "revoked" and not case.fields.get("revoked_on"):
        ctx.cases.change(case, fields={"revoked_on": event.at.astimezone(zone_of(case)).date()})


def expire(ctx: Context) -> None:
    """Close the powers of attorney whose last day has passed."""
    past = {"state": powers.IN_FORCE, "date_to <": today(ctx)}
    for case in ctx.cases.list(powers.KEY, past, order="date_to", limit=200).items:
        ctx.cases.move(case, "closed")


def _of(ctx: Context, event: Event, key: str) -> Case | None:
    case = ctx.cases.of(event)
    return case if case is not None and case.type == key else None

"""The screens of Legal: registers of contracts and powers, hearings, a form for insider matters; what stands beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Case, Context, Ctx, Invalid, NotFound, Submitted, _, is_working_day, router

from . import claims, contracts, court, powers
from .confirming import may_rely
from .days import day_of
from .ical import Entry, calendar
from .insiders import open_matter
from .lists import STEP, by_day, coming, contract_views, count_powers, past, shown_contracts, shown_powers
from .reminders import place_of

pages = router()
SHOWN_TERMS = 6
Text = Annotated[str, Query(max_length=200)]

POWER_VIEWS = {"force": _("In force"), "soon": _("Ending soon"), "ended": _("Ended"), "all": _("All")}
CONTRACT_VIEWS = {"force": _("In force"), "soon": _("Ending soon"), "work": _("Being approved"), "all": _("All")}


@pages.get("/powers")
def show_powers(ctx: Ctx, view: Text = "force", power: Text = "", q: Text = "", cursor: Text = "") -> Response:
    """The registry of powers of attorney."""
    if view not in POWER_VIEWS:
        raise NotFound()
    rows, after = shown_powers(ctx, view, power, q.strip(), cursor)
    return ctx.page(
        "powers.html", rows=rows, views=POWER_VIEWS, counts=count_powers(ctx), view=view, power=power, q=q,
        known=powers.POWERS, next=after, step=STEP,
    )  # fmt: skip


@pages.get("/contracts")
def show_contracts(ctx: Ctx, view: Text = "force", q: Text = "", cursor: Text = "") -> Response:
    """The register of contracts."""
    if view not in CONTRACT_VIEWS:
        raise NotFound()
    rows, after = shown_contracts(ctx, view, q.strip(), cursor)
    wanted = contract_views(ctx.today(), int(ctx.settings["contract_days"]))
    counts = {key: ctx.cases.count(contracts.KEY, wanted[key]) for key in ("force", "soon", "work")}
    return ctx.page(
        "contracts.html", rows=rows, views=CONTRACT_VIEWS, counts=counts, view=view, q=q, next=after, step=STEP
    )


@pages.get("/hearings")
def show_hearings(ctx: Ctx, when: Text = "coming") -> Response:
    """The hearings of the cases one may see, by day."""
    if when not in ("coming", "past"):
        raise NotFound()
    found = coming(ctx, ctx.now()) if when == "coming" else past(ctx, ctx.now())
    return ctx.page("hearings.html", days=by_day(found, ctx), when=when, address=ctx.feed_url("hearings"))


@pages.get("/insiders/new")
def tell_insider(ctx: Ctx) -> Response:
    """The form for an insider matter."""
    return ctx.page("insider.html", title="", event="", people="", errors=[], faults={})


@pages.post("/insiders")
def open_insider(ctx: Ctx, sent: Submitted) -> Response:
    """Open an insider matter for those who are named."""
    given = {name: sent.text(name) for name in ("title", "event", "people")}
    try:
        case = open_matter(ctx, given["title"], given["event"], given["people"])
    except Invalid as invalid:
        faults = {name: ctx._(messages[0]) for name, messages in invalid.errors.items()}
        errors = [{"id": name, "text": text} for name, text in faults.items()]
        return ctx.page("insider.html", status=422, **given, errors=errors, faults=faults)
    return ctx.ui.redirect(f"/requests/{case.number}") if ctx.ui else Response()


def hearings_feed(ctx: Context) -> str:
    """The calendar of hearings of one person: a year back and all that are to come."""
    name = ctx._(_("Hearings"))
    sittings = [*reversed(past(ctx, ctx.now())), *coming(ctx, ctx.now())]
    return calendar(name, (_entry(ctx, one.case, one.hearing) for one in sittings))


def _entry(ctx: Context, case: Case, hearing: court.Hearing) -> Entry:
    base = ctx.runtime.settings.base_url.rstrip("/")
    return Entry(
        uid=f"{case.number}-{court.mark_of(case.facts, hearing)}@{base.partition('//')[2] or 'acm'}",
        begins=hearing.at,
        summary=f"{case.number} · {case.fields.get('vendor') or case.title}",
        place=place_of(hearing),
        text=hearing.result,
        url=f"{base}/cases/{case.number}",
        changed=case.updated_at,
        sequence=case.version,
    )


def beside(ctx: Context, case: Case) -> str | None:
    """At the side of a case: the next hearing and the terms that run, the day of an answer, the place in a register."""
    parts = {court.KEY: _court, contracts.KEY: _contract, claims.KEY: _claim, powers.KEY: _power}
    shown = parts[case.type](ctx, case) if case.type in parts else None
    return ctx.fragment("aside.html", case=case, today=ctx.today(), **shown) if shown else None


def _court(ctx: Context, case: Case) -> Mapping[str, Any]:
    terms = court.running(case.fields, is_working_day)
    running = [term for term in terms if not term.is_met and term.ends >= ctx.today()]
    hearing = court.next_hearing(case.fields, ctx.now())
    place = place_of(hearing) if hearing else ""
    return {
        "part": "court", "hearing": hearing, "place": place, "terms": running[:SHOWN_TERMS], "relied": may_rely(ctx),
        "unknown": court.without_rule(case.fields), "occasions": court.OCCASIONS,
    }  # fmt: skip


def _contract(ctx: Context, case: Case) -> Mapping[str, Any] | None:
    number, until = case.fields.get("reg_number"), day_of(case.fields.get("date_to"))
    return {"part": "contract", "number": number, "until": until} if number or until else None


def _claim(ctx: Context, case: Case) -> Mapping[str, Any] | None:
    by = day_of(case.fields.get("respond_by"))
    return {"part": "claim", "by": by} if by else None


def _power(ctx: Context, case: Case) -> Mapping[str, Any]:
    found = powers.read(case.number, case.state, case.fields)
    return {"part": "power", "power": found, "valid": found.held_on(ctx.today())}


def menu(ctx: Context) -> Mapping[str, Any] | None:
    """An entry of the side bar, for those who work cases of Legal."""
    if ctx.user is None or not ctx.user.grants.works_cases:
        return None
    department, group = ctx.cache.get("places", lambda: _places(ctx), seconds=300)
    if department not in ctx.user.grants.departments_with("case.work") and group not in ctx.user.grants.groups:
        return None
    here = ctx.ui.request.url.path if ctx.ui else ""
    return {
        "key": "legal", "href": "/p/legal/hearings", "label": ctx._(_("Legal")), "icon": "scale",
        "current": here.startswith("/p/legal/"),
    }  # fmt: skip


def _places(ctx: Context) -> tuple[int, int]:
    """Ids of the department and the group; 0 where there is none."""
    department, group = ctx.people.department("legal"), ctx.people.group("legal")
    return department.id if department else 0, group.id if group else 0

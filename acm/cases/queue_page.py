"""What the page of a queue shows: tabs, conditions, groups of rows, the look at one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from acm.cases.filtering import RELATIONS, CaseFilter, Vantage
from acm.cases.labels import Labels, labels_of
from acm.cases.listing import CAP, Count, Listing, count, find, row_parts, tally
from acm.cases.models import Case
from acm.cases.queues import OpenQueue
from acm.cases.rows import case_rows, grouped, left_pill, priority_name
from acm.cases.track import track
from acm.i18n import Message, _, words
from acm.pages.comments import comments_of
from acm.pages.types import CaseType, StateCategory
from acm.pages.visibility import visible
from acm.people.signin import Viewer
from acm.web import words as said
from acm.web.templating import UI

PAGE_SIZE = 25
LAST_SAID = 3
NAMED: dict[str, Message] = {
    "state": _("state"), "category": _("state"), "type": _("type"), "impact": _("impact"), "urgency": _("urgency"),
    "group": _("group"), "owner": _("owner"), "requester": _("requester"), "beneficiary": _("for whom"),
    "department": _("department"), "branch": _("branch"), "service": _("service"), "term": _("term"),
    "priority": _("priority"), "ids": _("chosen"), "opened": _("opened"), "closed": _("closed"),
    "resolved": _("resolved"), "responded": _("answered"), "updated": _("last change"), "due": _("due"),
    "made_sla": _("in time"), "reopened": _("reopened"), "reassigned": _("handed over"), "q": _("text"),
}  # fmt: skip
VALUES: dict[str, dict[str, Message]] = {
    "category": {
        "open": _("not finished"), "done": _("finished"), "new": _("new"), "approval": _("in approval"),
        "active": _("in work"), "waiting": _("waiting for the requester"), "resolved": _("resolved"),
        "closed": _("closed"), "cancelled": _("cancelled"), "rejected": _("rejected"),
    },
    "due": {"overdue": _("overdue"), "today": _("today"), "week": _("this week"), "later": _("later"), "none": _("no date")},
}  # fmt: skip
COMMON: dict[str, Message] = {
    "me": _("me"),
    "mine": _("my groups"),
    "none": _("nobody"),
    "yes": _("yes"),
    "no": _("no"),
}
TABS: tuple[tuple[Message, dict[str, str]], ...] = (
    (_("All open"), {}),
    (_("Mine"), {"owner": "me"}),
    (_("Without an owner"), {"owner": "none"}),
    (_("Waiting for the requester"), {"category": "waiting"}),
)
OFFERED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("due", ("overdue", "today", "week", "later", "none")),
    ("category", ("new", "approval", "active", "waiting", "resolved", "closed")),
    ("owner", ("me", "none")),
    ("priority", ("1", "2", "3", "4")),
)
SORT_NAMES = {
    "due": _("By due date"), "opened": _("By opening"), "updated": _("By last change"), "priority": _("By priority"),
    "number": _("By number"),
}  # fmt: skip
GROUPING_NAMES = {
    "due": _("by due date"), "state": _("by state"), "owner": _("by owner"), "service": _("by service"),
    "": _("without groups"),
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """A list as the address asks for it."""

    queue: OpenQueue | None
    given: CaseFilter
    sort: str
    grouping: str
    cursor: str = ""
    exact: bool = False
    peek: str = ""
    nothing: bool = False

    @property
    def base(self) -> list[CaseFilter]:
        return [self.queue.filter] if self.queue else []

    @property
    def path(self) -> str:
        return f"/queues/{self.queue.slug}" if self.queue else "/cases"

    def address(self, filter_: CaseFilter | None = None, **more: str) -> str:
        """This list with other conditions, order or place; what is the default is left out."""
        given = self.given if filter_ is None else filter_
        if self.queue is None and not given:
            given = CaseFilter.read({"category": "open,done"})
        usual = {
            "sort": self.queue.sort if self.queue else "due",
            "grouping": self.queue.grouping if self.queue else "due",
        }
        wanted = {"sort": self.sort, "grouping": self.grouping, "exact": "1" if self.exact else "", **more}
        rest = {n: v for n, v in wanted.items() if v != usual.get(n, "")}
        query = "&".join(part for part in (given.query(), urlencode(rest)) if part)
        return f"{self.path}?{query}" if query else self.path


def opened_page(session: Session, ui: UI, me: Viewer, opened: Opened, vantage: Vantage) -> dict[str, Any]:
    """Everything the template needs; the number of statements does not depend on the rows."""
    listing = Listing(
        [*opened.base, opened.given], opened.sort, opened.grouping, PAGE_SIZE, opened.cursor, opened.exact
    )
    grouping = "" if opened.grouping == "due" and opened.sort != "due" else opened.grouping
    found = find(session, listing, vantage)
    total = count(session, listing, vantage)
    rows = case_rows(session, found.cases, vantage)
    labels = _labels(session, opened, found.cases if grouping == "service" else [], vantage)
    services = {id_: labels.names[key] for key, id_ in labels.ids.items() if key[0] == "service"}
    queue_slug = opened.queue.slug if opened.queue else ""
    short = bool(opened.cursor) and ui.is_htmx
    values: dict[str, Any] = {
        "opened": opened,
        "title": opened.queue.name(ui.lang) if opened.queue else ui.say(_("Cases")),
        "cases": found.cases,
        "groups": grouped(found.cases, rows, grouping, total.groups, vantage, services),
        "total": total,
        "total_words": count_words(total, ui.lang),
        "next": opened.address(cursor=found.next) if found.next else "",
        "step": PAGE_SIZE,
        "queue_slug": queue_slug,
        "tokens": [] if short else tokens(ui, opened, labels),
        "peek_of": lambda number: f"/cases/{number}/peek" + (f"?queue={queue_slug}" if queue_slug else ""),
        "works": me.grants.works_cases,
        "hidden": hidden_fields(opened),
        "look": None,
    }
    if short:
        return values
    values |= {"tabs": _tabs(session, ui, opened, vantage, total), "offers": offers(ui, opened)}
    values |= {"sorts": _sorts(ui, opened), "groupings": _groupings(ui, opened)}
    values["view_href"] = f"{opened.path}/view" if opened.queue else "/views/new"
    values["may_remove"] = bool(opened.queue and opened.queue.id and (
        opened.queue.owner_id == me.id or me.may("queue.share")))  # fmt: skip
    if opened.peek:
        values["look"] = peek_of(session, ui, me, opened.peek, vantage, queue_slug)
    return values


def peek_of(
    session: Session, ui: UI, me: Viewer, number: str, vantage: Vantage, queue: str = ""
) -> dict[str, Any] | None:
    """The look at one case: state, facts, the last words; None for what may not be seen."""
    statement = visible(me.grants, Case).options(*row_parts()).where(Case.number == number.upper())
    case = session.scalars(statement).unique().first()
    if case is None:
        return None
    shown = track(case, ui.lang, vantage.now)
    return {
        "case": case,
        "track": shown,
        "left": left_pill(case, vantage),
        "state_kind": state_kind(case),
        "priority": priority_name(case, ui.lang),
        "comments": comments_of(session, case, me.grants)[-LAST_SAID:],
        "may_work": me.may("page.work", case),
        "queue": queue,
    }


def state_kind(case: Case) -> str:
    """The colour of a state's pill."""
    return {
        StateCategory.ACTIVE: "info",
        StateCategory.APPROVAL: "wait",
        StateCategory.WAITING: "warn",
        StateCategory.RESOLVED: "ok",
        StateCategory.CLOSED: "ok",
        StateCategory.REJECTED: "bad",
    }.get(case.current.category, "")


def count_words(total: Count, lang: str) -> str:
    """ "38", or "10 000+" above the cap."""
    return f"{said.number(CAP, lang)}+" if total.capped else said.number(total.number, lang)


def tokens(ui: UI, opened: Opened, labels: Labels) -> list[dict[str, str]]:
    """The conditions of the address, each with the address without it."""
    return [
        {
            "label": f"{ui.say(NAMED[name])}: {value_words(ui, name, value, labels)}",
            "remove": opened.address(opened.given.without(name, value)),
        }
        for name, values in opened.given.values.items()
        for value in values
        if name != "q"
    ]


def value_words(ui: UI, name: str, value: str, labels: Labels) -> str:
    """A value of a condition in words."""
    if value in VALUES.get(name, {}):
        return ui.say(VALUES[name][value])
    if value in COMMON:
        return ui.say(COMMON[value])
    if name in RELATIONS:
        return labels.name(RELATIONS[name][0], value)
    types: list[CaseType] = [t for t in ui.snapshot.values("page_type") if isinstance(t, CaseType)]
    for definition in types:
        if name == "type" and definition.key == value:
            return words(definition.names, ui.lang)
        if name == "state" and any(s.key == value for s in definition.states):
            return words(definition.state(value).names, ui.lang)
        if name == "priority" and (target := definition.target(int(value))):
            return words(target.names, ui.lang)
        options = {"impact": definition.impacts, "urgency": definition.urgencies}.get(name, ())
        if option := next((o for o in options if o.id == value), None):
            return words(option.label, ui.lang)
    return value.replace("..", "–")


def hidden_fields(opened: Opened) -> dict[str, str]:
    """What the text field's form sends along, so that typing keeps the other conditions; defaults stay out."""
    kept = {name: ",".join(values) for name, values in opened.given.values.items() if name != "q"}
    usual_sort = opened.queue.sort if opened.queue else "due"
    usual_grouping = opened.queue.grouping if opened.queue else "due"
    if opened.sort != usual_sort:
        kept["sort"] = opened.sort
    if opened.grouping != usual_grouping:
        kept["grouping"] = opened.grouping
    return kept


def offers(ui: UI, opened: Opened) -> list[dict[str, Any]]:
    """Conditions that a press adds."""
    return [
        {
            "name": ui.say(NAMED[name]).capitalize(),
            "choices": [
                {
                    "label": value_words(ui, name, value, Labels(ui.lang)),
                    "href": opened.address(opened.given.having(name, value)),
                    "current": value in opened.given.get(name),
                }
                for value in values
            ],
        }
        for name, values in OFFERED
    ]


def _labels(session: Session, opened: Opened, cases: list[Case], vantage: Vantage) -> Labels:
    keys = {("service", str(case.service_id)) for case in cases if case.service_id}
    return labels_of(session, vantage.grants, vantage.lang, [*opened.given.named(), *keys])


def _tabs(session: Session, ui: UI, opened: Opened, vantage: Vantage, total: Count) -> list[dict[str, Any]]:
    filters = [CaseFilter.read(narrower) for _label, narrower in TABS]
    if opened.queue is None:
        filters = [one.having("category", *(one.get("category") or ("open",))) for one in filters]
    base = opened.base or [CaseFilter.read({"category": "open"})]
    counts = tally(session, base, filters, vantage)
    return [
        {
            "label": ui.say(label),
            "href": opened.address(one),
            "count": count_words(number, ui.lang),
            "current": one == opened.given,
        }
        for (label, _narrower), one, number in zip(TABS, filters, counts, strict=True)
    ]


def _sorts(ui: UI, opened: Opened) -> list[dict[str, Any]]:
    return [
        {"label": ui.say(name), "href": opened.address(sort=key), "current": key == opened.sort}
        for key, name in SORT_NAMES.items()
    ]


def _groupings(ui: UI, opened: Opened) -> list[dict[str, Any]]:
    return [
        {"label": ui.say(name), "href": opened.address(grouping=key), "current": key == opened.grouping}
        for key, name in GROUPING_NAMES.items()
    ]

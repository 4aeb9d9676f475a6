"""What the page of a case shows: its head, Track, tabs, talk and properties, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from acm.cases.bundle_page import overview, place_of
from acm.cases.filtering import Vantage
from acm.cases.models import Case
from acm.cases.queue_page import state_kind
from acm.cases.reading import (
    Parts,
    Relative,
    Step,
    case_of,
    entered_of,
    events_of,
    parts_of,
    relatives_of,
    talk_of,
)
from acm.cases.rows import left_pill, priority_name
from acm.cases.track import track
from acm.db import encode
from acm.errors import NotFound
from acm.i18n import Message, _, translator, words
from acm.pages.history import runs, sentences
from acm.pages.links import LINK_KINDS
from acm.pages.showing import show_answers
from acm.pages.terms import terms_of_page
from acm.pages.types import StateCategory, Transition
from acm.people.models import Person
from acm.people.rights import may
from acm.people.signin import Viewer
from acm.sla import clocks
from acm.web import words as said
from acm.web.templating import UI

TABS = ("overview", "files", "links", "history")
STEP_STATES: dict[str, tuple[Message, str]] = {
    "waiting": (_("waits for its turn"), ""), "pending": (_("asked to decide"), "wait"),
    "asked": (_("asked a question"), "warn"), "approved": (_("approved"), "ok"), "rejected": (_("refused"), "bad"),
    "skipped": (_("not needed"), ""),
}  # fmt: skip


@dataclass(frozen=True)
class Property:
    """A line of the properties: its name, its value in words, and whether it is edited here."""

    name: str
    label: Message
    value: str
    person: Person | None = None
    editable: bool = False
    href: str = ""


@dataclass(frozen=True)
class ClockLine:
    """A clock of the SLA in words: ``kind`` is ``ok warn bad`` or empty."""

    label: Message
    text: str
    kind: str
    icon: str
    due: Any = None


def case_values(session: Session, ui: UI, me: Viewer, number: str, vantage: Vantage, tab: str) -> dict[str, Any]:
    """Everything a tab of a case needs; :class:`NotFound` when there is no such case for this person."""
    case = case_of(session, me.grants, number)
    if case is None or tab not in TABS:
        raise NotFound()
    works, served = may(me.grants, "page.work", case), session.info["snapshot"].find("page_type", case.type) is not None
    events = events_of(session, case)
    parts = parts_of(session, case, me.id)
    relatives = relatives_of(session, case, me.grants)
    lines, files = talk_of(session, case, me.grants, ui.lang, events, told=tab == "overview")
    values = head_values(ui, case, vantage, entered_of(case, events), parts)
    values |= {
        "tab": tab,
        "works": works,
        "served": served,
        "lines": lines,
        "said": sum(line.comment is not None for line in lines),
        "files": files,
        "relatives": relatives,
        "linked": [one for one in relatives if one.how != "service"],
        "service": next((one for one in relatives if one.how == "service"), None),
        "parts": parts,
        "watching": parts.has("watcher", me.id),
        "kept": me.id in parts.kept_by,
        "terms": _terms(terms_of_page(session, case), ui.lang),
        "properties": properties(case, ui.lang, works=works and served, relatives=relatives),
        "clocks": clock_lines(case, vantage),
        "tabs": _tabs(ui, case, tab, len(files), sum(r.how != "service" for r in relatives)),
        "moves": offered(case, ui.lang) if works else [],
        "seen": fingerprint(case),
        "link_kinds": LINK_KINDS,
        "tasks": [words(task.get("name"), ui.lang) for task in case.facts.get("tasks", ())],
        "step_state": _step_state(ui),
        "place": place_of(case, ui.lang, vantage.now),
        "order": next((one for one in relatives if one.how == "parent"), None),
    }
    if tab == "overview":
        values["bundle"] = overview(session, case, me.grants, ui.lang, vantage.now)
        values["answers"] = show_answers(
            session, case.form, case.fields, grants=me.grants, lang=ui.lang, zone=me.zone, now=vantage.now,
            internal=works,
        )  # fmt: skip
    if tab == "history":
        values["runs"] = runs(sentences(session, case, me.grants, ui))
    return values


def head_values(ui: UI, case: Case, vantage: Vantage, entered: Mapping[str, Any], parts: Parts) -> dict[str, Any]:
    """Pills, title and Track: the parts that change with every move."""
    step = next((one for one in parts.steps if one.state in ("pending", "asked")), None)
    return {
        "case": case,
        "track": track(case, ui.lang, vantage.now, entered=entered, approver=step.approver if step else None),
        "left": left_pill(case, vantage),
        "state_kind": state_kind(case),
        "priority": priority_name(case, ui.lang),
        "urgent": case.priority is not None and case.priority <= 2,
        "nudge": step.approver if step and step.state == "pending" else None,
    }


def offered(case: Case, lang: str) -> list[dict[str, Any]]:
    """The moves a worker may make now: words, target, whether words are asked, and which one finishes the case."""
    found: list[dict[str, Any]] = []
    for one in case.moves():
        category = case.case_type.state(one.target).category
        if category is StateCategory.CANCELLED and one.by == "requester":
            continue  # taking a request back is the requester's own
        found.append({"target": one.target, "label": words(one.names, lang), "asks": one.needs_comment,
                      "done": category in (StateCategory.RESOLVED, StateCategory.CLOSED), "icon": _move_icon(category)})  # fmt: skip
    return found


def move_of(case: Case, target: str) -> Transition | None:
    """The move to a state, where the type offers it to workers now."""
    return next((one for one in case.moves() if one.target == target), None)


def properties(case: Case, lang: str, *, works: bool, relatives: list[Relative] | None = None) -> list[Property]:
    """The properties in the order of the side column."""
    kind = case.case_type
    service = next((one for one in relatives or () if one.how == "service"), None)
    lines = [
        Property("owner", _("Owner"), _name(case.owner, lang), case.owner, works),
        Property("group", _("Group"), case.group.name(lang) if case.group else "", None, works),
        Property("requester", _("Requester"), _name(case.requester, lang), case.requester),
    ]
    if case.beneficiary_id != case.requester_id:
        lines.append(Property("beneficiary", _("For whom"), _name(case.beneficiary, lang), case.beneficiary))
    if case.department:
        lines.append(Property("department", _("Department"), case.department.name(lang)))
    if case.branch:
        lines.append(Property("branch", _("Branch"), case.branch.name(lang)))
    if service:
        lines.append(Property("service", _("Service"), service.title_in(lang), href=service.href))
    if kind.priorities:
        lines.append(Property("priority", _("Priority"), priority_name(case, lang), None, works))
    for name, label, options in (("impact", _("Impact"), kind.impacts), ("urgency", _("Urgency"), kind.urgencies)):
        if options:
            value = getattr(case, name)
            shown = next((words(o.label, lang) for o in options if o.id == value), value)
            lines.append(Property(name, label, shown, None, works))
    lines.append(Property("confidential", _("Who sees it"), _reach(case, lang), None, works))
    return lines


def property_of(case: Case, name: str, lang: str) -> Property:
    """One property; :class:`NotFound` for a name that is none."""
    found = next((one for one in properties(case, lang, works=True) if one.name == name), None)
    if found is None:
        raise NotFound()
    return found


def raw_value(case: Case, name: str) -> str:
    """A property as a form sends it: what the editor saw, to find out whether somebody was faster."""
    column = Case.COLUMNS.get(name, name)
    value = getattr(case, column, "")
    if name == "confidential":
        return "yes" if value else "no"
    return "" if value is None else str(value)


def clock_lines(case: Case, vantage: Vantage) -> list[ClockLine]:
    """The two promises: the first answer and the resolution."""
    if "sla" not in case.facts:
        return []
    return [_response(case, vantage), _resolution(case, vantage)]


def fingerprint(case: Case) -> str:
    """What title and text were when the page was read."""
    return sha256(encode([case.title, case.body]).encode()).hexdigest()[:16]


def _response(case: Case, vantage: Vantage) -> ClockLine:
    label, due = _("First answer"), case.response_due_at
    if case.first_response_at is not None:
        took = said.duration(case.first_response_at - case.opened_at, vantage.lang)
        kind = "ok" if due is None or case.first_response_at <= due else "bad"
        return ClockLine(label, _say(vantage, _("after %(time)s", time=took)), kind, "check")
    if due is None or not case.is_open:
        return ClockLine(label, _say(vantage, _("not given")), "", "clock")
    left = due - vantage.now
    kind = "bad" if left.total_seconds() < 0 else "warn" if left < (due - case.opened_at) / 4 else ""
    return ClockLine(label, said.time_left(left, vantage.lang), kind, "clock", due)


def _resolution(case: Case, vantage: Vantage) -> ClockLine:
    label = _("Resolution")
    if not case.is_open:
        if case.made_sla is None:
            return ClockLine(label, _say(vantage, _("without a promise")), "", "check")
        text = _("in time") if case.made_sla else _("late")
        return ClockLine(label, _say(vantage, text), "ok" if case.made_sla else "bad", "check")
    if clocks.is_paused(case):
        return ClockLine(label, _say(vantage, _("clock stopped")), "", "clock")
    pill = left_pill(case, vantage)
    return ClockLine(label, pill[0] if pill else "", pill[1] if pill else "", "clock", case.due_at)


def _say(vantage: Vantage, text: Message) -> str:
    return translator(vantage.lang).say(text)


def _tabs(ui: UI, case: Case, tab: str, files: int, links: int) -> list[dict[str, Any]]:
    base = f"/cases/{case.number}"
    return [
        {"label": ui.say(_("Overview")), "href": base, "current": tab == "overview"},
        {"label": ui.say(_("Properties")), "href": "#props", "narrow": True},
        {"label": ui.say(_("Files")), "href": f"{base}/files", "count": files, "current": tab == "files"},
        {"label": ui.say(_("Links")), "href": f"{base}/links", "count": links, "current": tab == "links"},
        {
            "label": ui.say(_("History")),
            "href": f"{base}/history",
            "count": case.journal_seq,
            "current": tab == "history",
        },
    ]


def _terms(terms: list[Any], lang: str) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for term in terms:
        row = rows.setdefault(term.vocabulary_id, {"name": words(term.vocabulary.names, lang), "terms": []})
        row["terms"].append({"label": term.name(lang), "href": f"/cases?term={term.id}"})
    return list(rows.values())


def _step_state(ui: UI) -> Callable[[Step], tuple[str, str]]:
    def run(step: Step) -> tuple[str, str]:
        text, kind = STEP_STATES.get(step.state, STEP_STATES["waiting"])
        return ui.say(text), kind

    return run


def _move_icon(category: StateCategory) -> str:
    if category in (StateCategory.RESOLVED, StateCategory.CLOSED):
        return "check"
    return {StateCategory.WAITING: "help", StateCategory.REJECTED: "x"}.get(category, "right")


def _reach(case: Case, lang: str) -> str:
    text = _("confidential") if case.confidential else _("as usual")
    return translator(lang).say(text)


def _name(person: Person | None, lang: str) -> str:
    return person.name_in(lang) if person else ""

"""What the page of a service and the side of its form tell: facts, who approves and does it, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.catalog.approvers import Approver, approvers, asked_steps
from acm.catalog.models import Service
from acm.catalog.showcase import entry_of, promised
from acm.catalog.steps import asked_of
from acm.i18n import Message, _, ngettext, words
from acm.pages.models import Article, Link
from acm.pages.types import FieldKind, StateCategory
from acm.pages.visibility import visible
from acm.people.managing import administrators
from acm.people.models import Person
from acm.people.rights import Grants
from acm.web.templating import UI

ARTICLES, ASKED = 3, 3
Line = dict[str, Any]


def steps_for(
    db: Session, service: Service, requester: Person, beneficiary: Person, values: Mapping[str, Any] | None = None
) -> list[Approver]:
    """Who approves a service: with answers the steps whose condition holds, without them all steps."""
    offering = service.offering
    steps: Sequence[Any] = offering.approvals
    if values is not None:
        steps = asked_steps(offering, values, requester=requester, beneficiary=beneficiary, moments={})
    return approvers(
        db, steps, values or {}, requester=requester, beneficiary=beneficiary, department_id=service.department_id
    )


def chain_of(ui: UI, service: Service, steps: Sequence[Approver]) -> list[Line]:
    """Who approves and who does the work, in order."""
    entry = entry_of(service, ui.lang)
    chain: list[Line] = []
    for step in steps:
        if step.person is None:
            continue
        role, said = step.role(ui.lang), _("approves, %(role)s")
        if not step.is_named:
            said = _("approves, for nobody is named yet: %(role)s")
        elif step.step.when:
            said = _("approves in some cases, %(role)s")
        chain.append({"person": _card(step.person, ui.lang), "text": ui.say(Message(said.id, {"role": role}))})
    if service.group:
        text = service.promise(ui.lang) or ui.say(_("does it within %(time)s", time=entry.wait))
        chain.append({"icon": entry.icon, "hue": entry.hue, "name": service.group.name(ui.lang), "text": text})
    return chain


def lacking_of(ui: UI, steps: Sequence[Approver], *, answered: bool = False) -> dict[str, Any] | None:
    """Roles that have to approve and that nobody could take, with whom to ask; None where all are held.

    ``href`` is where the reader may name somebody; ``people`` are those who may, for the others.
    """
    lacking = [step for step in steps if not step.is_held and (answered or not step.step.when)]
    if not lacking:
        return None
    may = ui.viewer is not None and ui.viewer.may("admin.people")
    people = select(Person).where(Person.id.in_(administrators(ui.db)), Person.login.is_not(None)).order_by(Person.id)
    return {
        "roles": ", ".join(step.role(ui.lang) for step in lacking),
        "href": f"/admin/approvers/{lacking[0].step.role}" if may else "",
        "people": [] if may else list(ui.db.scalars(people.limit(ASKED))),
    }


def promise_of(ui: UI, service: Service, steps: Sequence[Approver], now: datetime) -> dict[str, Any]:
    """Until when it would be done if it were sent now, and under which condition."""
    calendar = str(service.fact("calendar", "8x5"))
    if is_dated(service):
        told = _("Every part of it has its own day, counted from the date that you give.")
        return {"at": ui.say(_("the day you name")), "condition": ui.say(told)}
    if any(step.person for step in steps):
        condition = _("If it is sent and approved now. Waiting for approval does not count.")
    elif calendar == "24x7":
        condition = _("If you send it now. We work around the clock.")
    else:
        condition = _("If you send it now. We count working hours.")
    return {
        "at": promised(float(service.fact("hours", 8)), calendar, now, ui.zone),
        "condition": ui.say(condition),
    }


def facts_of(ui: UI, service: Service, steps: Sequence[Approver]) -> list[Line]:
    """The four facts beside the button."""
    entry = entry_of(service, ui.lang)
    questions = len(asked_of(service.offering))
    facts: list[Line] = [
        {
            "icon": "edit",
            "name": ui.say(_("To fill in")),
            "value": ui.say(ngettext("%(num)s minute", "%(num)s minutes", entry.minutes)),
            "note": ui.say(ngettext("%(num)s question", "%(num)s questions", questions)),
        },
        {"icon": "clock", "name": ui.say(_("To wait")), "value": ui.say(entry.wait), "note": _hours(ui, service)},
    ]
    if is_dated(service):
        facts[1] |= {"value": ui.say(_("to the day you name")), "note": ""}
    people = [step for step in steps if step.person and not step.step.when]
    if people and people[0].person:
        note = people[0].role(ui.lang)
        if more := sum(step.person is not None for step in steps) - 1:
            note = f"{note} {ui.say(ngettext('and %(num)s more', 'and %(num)s more', more))}"
        value = people[0].person.name_in(ui.lang)
        facts.append({"icon": "check", "name": ui.say(_("Approves")), "value": value, "note": note, "user": True})
    if service.group:
        facts.append({"icon": "users", "name": ui.say(_("Does it")), "value": service.group.name(ui.lang)})
    return facts


def needs_of(ui: UI, service: Service) -> list[dict[str, str]]:
    """What to have at hand: required answers that one does not know by heart."""
    icons = {
        FieldKind.FILE: "clip", FieldKind.MONEY: "wallet", FieldKind.DATE: "calendar", FieldKind.PAGE: "laptop",
        FieldKind.TEXT: "file", FieldKind.PERSON: "user",
    }  # fmt: skip
    asked = [f for f in asked_of(service.offering) if f.required and f.kind in icons and not f.prefill and f.help]
    return [{"icon": icons[f.kind], "name": words(f.label, ui.lang), "text": words(f.help, ui.lang)} for f in asked[:3]]


def stages_of(ui: UI, service: Service, steps: Sequence[Approver]) -> list[Line]:
    """How it will go: the stages of the case type with what is known of their length."""
    case_type = service.case_type(ui.snapshot)
    if case_type is None:
        return []
    approval = case_type.state_in(StateCategory.APPROVAL)
    waits = any(step.person for step in steps)
    entry = entry_of(service, ui.lang)
    last = len(case_type.stages) - 1
    said: dict[int, Message] = {0: ngettext("%(num)s minute", "%(num)s minutes", entry.minutes)}
    said[max(1, last - 1)] = _("to the day you name") if is_dated(service) else _("within %(time)s", time=entry.wait)
    return [
        {"name": words(stage.names, ui.lang), "state": "", "when": ui.say(said[place]) if place in said else ""}
        for place, stage in enumerate(case_type.stages)
        if waits or approval is None or stage.key != approval.stage
    ]


def is_dated(service: Service) -> bool:
    """Whether its promise is a day that the order names, and no number of hours."""
    return any(part.start is not None for part in service.offering.bundle)


def parts_told(ui: UI, service: Service) -> list[str]:
    """What one order of a bundle has done, in words; what depends on the answers says so."""
    return [
        ui.say(_("%(part)s, if needed", part=words(part.title, ui.lang))) if part.when else words(part.title, ui.lang)
        for part in service.offering.bundle
    ]


def articles_of(db: Session, grants: Grants, service: Service) -> list[Article]:
    """Articles linked to the service, which may help at once."""
    kinds = ("explains", "relates")
    to_it = select(Link.source_id).where(Link.target_id == service.id, Link.kind.in_(kinds))
    from_it = select(Link.target_id).where(Link.source_id == service.id, Link.kind.in_(kinds))
    statement = visible(grants, Article).where(Article.id.in_(to_it.union(from_it)), Article.is_open.is_(True))
    return list(db.scalars(statement.order_by(Article.updated_at.desc()).limit(ARTICLES)))


def chain_of_case(ui: UI, case: Case) -> list[Line]:
    """What comes next for a request that was just sent."""
    chain: list[Line] = []
    for step in case.approvals():
        if step.approver is not None and step.state != "skipped":
            person = step.approver
            said = _("decides first") if step.state == "pending" else _("decides next")
            name = ui.say(_("%(name)s approves", name=person.name_in(ui.lang)))
            chain.append({"person": _card(person, ui.lang), "name": name, "text": ui.say(said)})
    if case.group:
        text = ui.say(_("You need do nothing. If they have a question, you will be told"))
        department = case.department
        chain.append(
            {
                "icon": department.icon if department else "users", "hue": department.hue if department else 264,
                "name": ui.say(_("%(group)s does it", group=case.group.name(ui.lang))), "text": text,
            }
        )  # fmt: skip
    chain.append(
        {
            "icon": "check",
            "hue": 155,
            "name": ui.say(_("You say whether it helped")),
            "text": ui.say(_("or send it back")),
        }
    )
    return chain


def _hours(ui: UI, service: Service) -> str:
    """When the calendar of the promise runs."""
    said: dict[str, Message] = {"24x7": _("around the clock"), "12x7": _("daily from 8 to 20")}
    return ui.say(said.get(str(service.fact("calendar")), _("Mon–Fri from 9 to 18")))


def _card(person: Person, lang: str) -> Line:
    return {"name": person.name_in(lang), "initials": person.initials, "hue": person.hue}

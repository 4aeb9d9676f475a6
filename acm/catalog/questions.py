"""The questions of one page as the templates draw them: kind of field, value as typed, hint, fault, what it opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from acm.catalog.definitions import FieldDefinition
from acm.catalog.forming import WHO, Filling
from acm.catalog.steps import Step
from acm.catalog.titles import in_sentence
from acm.engine import expr
from acm.i18n import Message, _, words
from acm.pages.answers import branches, departments
from acm.pages.models import File
from acm.pages.reading import address_in
from acm.pages.types import FieldKind
from acm.people.models import Person
from acm.taxonomy.models import Term, Vocabulary
from acm.web.templating import UI

DRAWN = {
    FieldKind.LONG_TEXT: "textarea",
    FieldKind.MULTI_CHOICE: "multi",
    FieldKind.YES_NO: "yesno",
}
SHORT = 26
Question = dict[str, Any]


def questions(ui: UI, filling: Filling, step: Step, errors: Mapping[str, Message]) -> list[Question]:
    """The questions that are asked on a page now, two dates of a period as one."""
    opening = _opening(filling)
    shown = filling.shown(step)
    drawn: list[Question] = []
    for place, asked in enumerate(shown):
        before = shown[place - 1] if place else None
        if before is not None and _is_period(before, asked):
            drawn[-1] = _period(ui, filling, before, asked, errors)
            continue
        drawn.append(_question(ui, filling, asked, errors, opening))
    return drawn


def who_question(ui: UI, filling: Filling, errors: Mapping[str, Message]) -> Question:
    """ "Who is it for": the choice, and the colleague when it is for one."""
    found, _fault = filling.beneficiary_answer
    person = found if filling.for_other and WHO.key not in errors else None
    return {
        "value": "other" if filling.for_other else "me",
        "text": _named(filling.data.get("person", ""), person, ui.lang),
        "person": _card(person, ui.lang) if person else None,
        "note": _about(ui, person) if person else "",
        "error": ui.say(errors[WHO.key]) if WHO.key in errors else "",
        "attrs": _again(filling),
    }


def summary_of(ui: UI, filling: Filling, errors: Mapping[str, Message]) -> list[dict[str, str]]:
    """What to correct, each with the place to go to."""
    labels = {asked.key: words(asked.label, ui.lang) for asked in filling.definition.form}
    labels[WHO.key] = words(WHO.label, ui.lang)
    found = []
    for name, message in errors.items():
        label = labels.get(name.partition("[")[0], "")
        found.append({"id": input_id(name), "text": f"{label}: {in_sentence(ui.say(message))}"})
    return found


def input_id(name: str) -> str:
    """The id of an input, as the field components make it."""
    return name.replace(".", "-").replace("[", "-").replace("]", "")


def _question(
    ui: UI, filling: Filling, asked: FieldDefinition, errors: Mapping[str, Message], opening: frozenset[str]
) -> Question:
    answers = filling.answers
    value = answers.typed.get(asked.key)
    question: Question = {
        "kind": "check" if asked.must_be_yes else DRAWN.get(asked.kind, str(asked.kind)),
        "name": asked.key,
        "label": words(asked.label, ui.lang),
        "value": value,
        "hint": words(asked.help, ui.lang),
        "error": ui.say(errors[asked.key]) if asked.key in errors else "",
        "optional": asked.key not in answers.required,
        "attrs": _again(filling) if asked.key in opening else {},
        "extra": {},
        "cond": bool(asked.shown_when),
    }
    if asked.key in answers.fixed:
        question["attrs"] = {**question["attrs"], "readonly": ""}
    if asked.kind is FieldKind.GROUP:
        _rows(ui, filling, asked, errors, question)
    else:
        _fill(ui, filling, asked, question)
    return question


def _fill(ui: UI, filling: Filling, asked: FieldDefinition, question: Question) -> None:
    """What only one kind needs."""
    lang, value, extra = ui.lang, question["value"], question["extra"]
    match asked.kind:
        case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
            options = _options(ui, asked)
            extra["options"] = options
            extra["two"] = len(options) in (2, 4) and all(len(str(o["label"])) <= SHORT for o in options)
        case FieldKind.DEPARTMENT:
            extra["options"] = [{"value": d.id, "label": d.name(lang)} for d in departments(ui.db)]
        case FieldKind.BRANCH:
            listed = sorted(branches(ui.db), key=lambda b: b.name(lang))
            extra["options"] = [{"value": b.id, "label": b.name(lang)} for b in listed]
        case FieldKind.PERSON:
            person = _person(filling, asked)
            if person is not None:
                question["value"] = person.name_in(lang) if isinstance(value, int) else value
                extra |= {"person": _card(person, lang), "note": _about(ui, person)}
        case FieldKind.DATE:
            question["value"] = _day(value)
        case FieldKind.DATETIME if isinstance(value, Mapping):
            question["value"] = {**value, "date": _day(value.get("date"))}
        case FieldKind.FILE:
            files = [f for f in filling.files if f.field == asked.key]
            question["value"] = [file_row(f) for f in files]
            extra["upload"] = f"/services/{filling.service.slug}/files?field={asked.key}"
            size = ui.settings.upload_limit_mb
            question["hint"] = question["hint"] or ui.say(_("PDF, document or photo, up to %(size)s MB", size=size))
        case FieldKind.MONEY:
            extra["currencies"] = [asked.currency or "RUB"]
        case FieldKind.NUMBER if asked.min is not None and asked.max is not None and not question["hint"]:
            question["hint"] = ui.say(_("From %(least)s to %(most)s", least=f"{asked.min:g}", most=f"{asked.max:g}"))


def file_row(file: File) -> dict[str, Any]:
    """A file of a draft as a row of a form."""
    return {"name": file.name, "size": file.size, "remove": str(file.id), "href": f"/files/{file.id}"}


def _rows(ui: UI, filling: Filling, asked: FieldDefinition, errors: Mapping[str, Message], question: Question) -> None:
    rows = question["value"] if isinstance(question["value"], list) else []
    question["rows"] = [
        [_inner(ui, asked, one, place, row, errors) for one in asked.fields]
        for place, row in enumerate(rows or [{}])
        if isinstance(row, Mapping)
    ]


def _inner(
    ui: UI, group: FieldDefinition, one: FieldDefinition, place: int, row: Mapping[str, Any], errors: Mapping[str, Any]
) -> Question:
    name = f"{group.key}[{place}].{one.key}"
    options = {"options": _options(ui, one)} if one.kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE) else {}
    value = row.get(one.key)
    return {
        "kind": DRAWN.get(one.kind, str(one.kind)),
        "name": name,
        "label": words(one.label, ui.lang),
        "value": _day(value) if one.kind is FieldKind.DATE else value,
        "hint": words(one.help, ui.lang),
        "error": ui.say(errors[name]) if name in errors else "",
        "optional": not one.required,
        "attrs": {},
        "extra": options,
    }


def _is_period(start: FieldDefinition, end: FieldDefinition) -> bool:
    is_pair = start.key.endswith("_from") and end.key == f"{start.key.removesuffix('_from')}_to"
    return is_pair and start.kind is FieldKind.DATE and end.kind is FieldKind.DATE


def _period(
    ui: UI, filling: Filling, start: FieldDefinition, end: FieldDefinition, errors: Mapping[str, Message]
) -> Question:
    typed = filling.answers.typed
    fault = errors.get(start.key) or errors.get(end.key)
    return {
        "kind": "period",
        "names": [start.key, end.key],
        "label": ui.say(_("For how long")),
        "values": [_day(typed.get(start.key)), _day(typed.get(end.key))],
        "hint": words(start.help, ui.lang) or words(end.help, ui.lang),
        "error": ui.say(fault) if fault else "",
        "optional": start.key not in filling.answers.required and end.key not in filling.answers.required,
        "attrs": {},
        "cond": bool(start.shown_when),
    }


def _opening(filling: Filling) -> frozenset[str]:
    """The questions whose answers show, hide or require others: a change of them draws the form anew."""
    conditions = [c for f in filling.definition.form for c in (f.shown_when, f.required_when, f.read_only_when) if c]
    return frozenset(name.partition(".")[0] for c in conditions for name in expr.compile(c).names)


def _again(filling: Filling) -> dict[str, str]:
    return {
        "hx-post": f"/services/{filling.service.slug}/new",
        "hx-trigger": "change",
        "hx-vals": '{"refresh": "1"}',
        "hx-target": "#form",
        "hx-swap": "outerMorph",
    }


def _options(ui: UI, asked: FieldDefinition) -> list[dict[str, Any]]:
    if not asked.vocabulary:
        return [{"value": o.id, "label": words(o.label, ui.lang)} for o in asked.options]
    statement = (
        select(Term)
        .join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        .where(Vocabulary.key == asked.vocabulary, Term.merged_into_id.is_(None))
    )
    terms: Iterable[Term] = ui.db.scalars(statement.order_by(Term.order, Term.id))
    return [{"value": t.key, "label": t.name(ui.lang)} for t in terms]


def _person(filling: Filling, asked: FieldDefinition) -> Person | None:
    found = filling.answers.values.get(asked.key)
    return filling.session.get(Person, found) if isinstance(found, int) else None


def _named(typed: str, person: Person | None, lang: str) -> str:
    """The whole name of who was found by a part of it; a login or an e-mail stays as typed."""
    if (
        person is None
        or typed.casefold() in (person.login, person.email.casefold())
        or address_in(typed) != typed.strip()
    ):
        return typed
    return person.name_in(lang)


def _card(person: Person, lang: str) -> dict[str, Any]:
    return {"name": person.name_in(lang), "initials": person.initials, "hue": person.hue}


def _about(ui: UI, person: Person) -> str:
    """What tells one person from another of that name: position and branch."""
    branch = next((b.name(ui.lang) for b in branches(ui.db) if b.id == person.branch_id), "")
    return ", ".join(part for part in (words(person.position, ui.lang), branch) if part)


def _day(value: Any) -> Any:
    """A date that was understood as a date, so that it is written in the reader's way; else what was typed."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value
    except ValueError:
        return value

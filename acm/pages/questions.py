"""The questions of a form as the templates draw them: kind of field, value as typed, hint, fault, what it opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from acm.engine import expr
from acm.i18n import Message, _, words
from acm.pages.answers import Answers, branches, departments
from acm.pages.models import File
from acm.pages.types import Field, FieldKind
from acm.people.models import Person
from acm.taxonomy.models import Term, Vocabulary
from acm.web.templating import UI
from acm.web.words import in_sentence

DRAWN = {
    FieldKind.LONG_TEXT: "textarea",
    FieldKind.MULTI_CHOICE: "multi",
    FieldKind.YES_NO: "yesno",
}
SHORT = 26
Question = dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """A form being drawn: all its questions, the answers so far, the faults to show and the files at hand.

    ``again`` are the attributes of a question whose answer changes others; ``upload`` is the address that takes one
    file of a question at once, empty when files go with the form.
    """

    ui: UI
    form: Sequence[Field]
    answers: Answers
    errors: Mapping[str, Message]
    files: Sequence[File] = ()
    again: Mapping[str, str] = field(default_factory=dict)
    upload: str = ""

    def questions(self, shown: Sequence[Field]) -> list[Question]:
        """The questions that are asked now, two dates of a period as one."""
        opening = self._opening()
        drawn: list[Question] = []
        for place, asked in enumerate(shown):
            before = shown[place - 1] if place else None
            if before is not None and _is_period(before, asked):
                drawn[-1] = self._period(before, asked)
                continue
            drawn.append(self._question(asked, asked.key in opening))
        return drawn

    def _question(self, asked: Field, opens: bool) -> Question:
        question = self._drawn(asked, asked.key, self.answers.typed.get(asked.key))
        question["optional"] = asked.key not in self.answers.required
        question["attrs"] = dict(self.again) if opens else {}
        if asked.key in self.answers.fixed:
            question["attrs"]["readonly"] = ""
        if asked.kind is FieldKind.GROUP:
            rows = question["value"] if isinstance(question["value"], list) else []
            question["rows"] = [
                [self._drawn(one, f"{asked.key}[{place}].{one.key}", row.get(one.key)) for one in asked.fields]
                for place, row in enumerate(rows or [{}])
                if isinstance(row, Mapping)
            ]
        return question

    def _drawn(self, asked: Field, name: str, value: Any) -> Question:
        question: Question = {
            "kind": "check" if asked.must_be_yes else DRAWN.get(asked.kind, str(asked.kind)),
            "name": name,
            "label": words(asked.label, self.ui.lang),
            "value": value,
            "hint": words(asked.help, self.ui.lang),
            "error": self.ui.say(self.errors[name]) if name in self.errors else "",
            "optional": not asked.required,
            "attrs": {},
            "extra": {},
            "cond": bool(asked.shown_when),
        }
        self._fill(asked, question)
        return question

    def _fill(self, asked: Field, question: Question) -> None:
        """What only one kind needs."""
        ui, lang, value, extra = self.ui, self.ui.lang, question["value"], question["extra"]
        match asked.kind:
            case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
                options = self._options(asked)
                extra["options"] = options
                extra["two"] = len(options) in (2, 4) and all(len(str(o["label"])) <= SHORT for o in options)
            case FieldKind.DEPARTMENT:
                extra["options"] = [{"value": d.id, "label": d.name(lang)} for d in departments(ui.db)]
            case FieldKind.BRANCH:
                listed = sorted(branches(ui.db), key=lambda b: b.name(lang))
                extra["options"] = [{"value": b.id, "label": b.name(lang)} for b in listed]
            case FieldKind.PERSON:
                found = value if isinstance(value, int) else self.answers.values.get(question["name"])
                person = ui.db.get(Person, found) if isinstance(found, int) else None
                if person is not None:
                    question["value"] = person.name_in(lang) if isinstance(value, int) else value
                    extra |= {"person": card_of(person, lang), "note": about(ui, person)}
            case FieldKind.DATE:
                question["value"] = _day(value)
            case FieldKind.DATETIME if isinstance(value, Mapping):
                question["value"] = {**value, "date": _day(value.get("date"))}
            case FieldKind.FILE:
                self._fill_files(question)
            case FieldKind.MONEY:
                extra["currencies"] = [asked.currency or "RUB"]
            case FieldKind.NUMBER if asked.min is not None and asked.max is not None and not question["hint"]:
                question["hint"] = ui.say(
                    _("From %(least)s to %(most)s", least=f"{asked.min:g}", most=f"{asked.max:g}")
                )

    def _fill_files(self, question: Question) -> None:
        """The files of a question; those of a line say to which line they belong."""
        name, value = question["name"], question["value"]
        ids = value if isinstance(value, list) else []
        question["value"] = [file_row(f, name if "." in name else "") for f in self.files if f.id in ids]
        if self.upload:
            question["extra"]["upload"] = f"{self.upload}?field={name}"
        size = self.ui.settings.upload_limit_mb
        question["hint"] = question["hint"] or self.ui.say(_("PDF, document or photo, up to %(size)s MB", size=size))

    def _period(self, start: Field, end: Field) -> Question:
        typed, required = self.answers.typed, self.answers.required
        fault = self.errors.get(start.key) or self.errors.get(end.key)
        return {
            "kind": "period",
            "names": [start.key, end.key],
            "label": self.ui.say(_("For how long")),
            "values": [_day(typed.get(start.key)), _day(typed.get(end.key))],
            "hint": words(start.help, self.ui.lang) or words(end.help, self.ui.lang),
            "error": self.ui.say(fault) if fault else "",
            "optional": start.key not in required and end.key not in required,
            "attrs": {},
            "cond": bool(start.shown_when),
        }

    def _opening(self) -> frozenset[str]:
        """The questions whose answers show, hide or require others: a change of them draws the form anew."""
        conditions = [c for f in self.form for c in (f.shown_when, f.required_when, f.read_only_when) if c]
        return frozenset(name.partition(".")[0] for c in conditions for name in expr.compile(c).names)

    def _options(self, asked: Field) -> list[dict[str, Any]]:
        if not asked.vocabulary:
            return [{"value": o.id, "label": words(o.label, self.ui.lang)} for o in asked.options]
        statement = (
            select(Term)
            .join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
            .where(Vocabulary.key == asked.vocabulary, Term.merged_into_id.is_(None))
        )
        terms: Iterable[Term] = self.ui.db.scalars(statement.order_by(Term.order, Term.id))
        return [{"value": t.key, "label": t.name(self.ui.lang)} for t in terms]


def file_row(file: File, line: str = "") -> dict[str, Any]:
    """A file as a row of a form; ``line`` is the input of the line it belongs to."""
    return {"name": file.name, "size": file.size, "remove": str(file.id), "href": f"/files/{file.id}", "line": line}


def summary(ui: UI, form: Sequence[Field], errors: Mapping[str, Message]) -> list[dict[str, str]]:
    """What to correct, each with the place to go to."""
    labels = {asked.key: words(asked.label, ui.lang) for asked in form}
    return [
        {"id": input_id(name), "text": f"{labels.get(name.partition('[')[0], '')}: {in_sentence(ui.say(message))}"}
        for name, message in errors.items()
    ]


def input_id(name: str) -> str:
    """The id of an input, as the field components make it."""
    return name.replace(".", "-").replace("[", "-").replace("]", "")


def card_of(person: Person, lang: str) -> dict[str, Any]:
    return {"name": person.name_in(lang), "initials": person.initials, "hue": person.hue}


def about(ui: UI, person: Person) -> str:
    """What tells one person from another of that name: position and branch."""
    branch = next((b.name(ui.lang) for b in branches(ui.db) if b.id == person.branch_id), "")
    return ", ".join(part for part in (words(person.position, ui.lang), branch) if part)


def _is_period(start: Field, end: Field) -> bool:
    is_pair = start.key.endswith("_from") and end.key == f"{start.key.removesuffix('_from')}_to"
    return is_pair and start.kind is FieldKind.DATE and end.kind is FieldKind.DATE


def _day(value: Any) -> Any:
    """A date that was understood as a date, so that it is written in the reader's way; else what was typed."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value
    except ValueError:
        return value

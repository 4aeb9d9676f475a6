"""The questions of one page of an order: those of the service's form, and whom it is for."""

from __future__ import annotations

from collections.abc import Mapping

from acm.catalog.forming import WHO, Filling
from acm.catalog.steps import Step
from acm.i18n import Message
from acm.pages.questions import Drawing, Question, about, card_of
from acm.pages.reading import address_in
from acm.people.models import Person
from acm.web.templating import UI


def questions(ui: UI, filling: Filling, step: Step, errors: Mapping[str, Message]) -> list[Question]:
    """The questions that are asked on a page now."""
    upload = f"/services/{filling.service.slug}/files"
    form = filling.definition.form
    drawing = Drawing(ui, form, filling.answers, errors, filling.files, _again(filling), upload)
    return drawing.questions(filling.shown(step))


def who_question(ui: UI, filling: Filling, errors: Mapping[str, Message]) -> Question:
    """ "Who is it for": the choice, and the colleague when it is for one."""
    found, _fault = filling.beneficiary_answer
    person = found if filling.for_other and WHO.key not in errors else None
    return {
        "value": "other" if filling.for_other else "me",
        "text": _named(filling.data.get("person", ""), person, ui.lang),
        "person": card_of(person, ui.lang) if person else None,
        "note": about(ui, person) if person else "",
        "error": ui.say(errors[WHO.key]) if WHO.key in errors else "",
        "attrs": _again(filling),
    }


def _again(filling: Filling) -> dict[str, str]:
    return {
        "hx-post": f"/services/{filling.service.slug}/new",
        "hx-trigger": "change",
        "hx-vals": '{"refresh": "1"}',
        "hx-target": "#form",
        "hx-swap": "outerMorph",
    }


def _named(typed: str, person: Person | None, lang: str) -> str:
    """The whole name of who was found by a part of it; a login or an e-mail stays as typed."""
    if (
        person is None
        or typed.casefold() in (person.login, person.email.casefold())
        or address_in(typed) != typed.strip()
    ):
        return typed
    return person.name_in(lang)

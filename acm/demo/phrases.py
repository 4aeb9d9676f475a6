"""What people of the demo company say: the phrases, by service and by occasion."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Literal

from acm.demo.company_file import Words, read
from acm.pages.types import Declaration


class Request(Declaration):
    title: Words
    details: Words

    def said(self, lang: str) -> dict[str, str]:
        return {"title": self.title[lang], "details": self.details[lang]}


class Question(Declaration):
    ask: Words
    answer: Words


class ServicePhrases(Declaration):
    service: str
    requests: tuple[Request, ...]
    questions: tuple[Question, ...]
    notes: tuple[Words, ...]
    resolutions: tuple[Words, ...]


class PhraseFile(Declaration):
    version: Literal[1]
    common: dict[str, tuple[Words, ...]]
    services: tuple[ServicePhrases, ...]


class Phrases:
    """Phrases found by service; the common ones serve where a service has none of its own."""

    def __init__(self, file: PhraseFile) -> None:
        self.common: Mapping[str, tuple[Words, ...]] = file.common
        self.services = {one.service: one for one in file.services}

    def request(self, service: str, random: Random) -> Request | None:
        own = self.services.get(service)
        return random.choice(own.requests) if own else None

    def question(self, service: str, random: Random, lang: str) -> tuple[str, str]:
        """A question of the agent and the answer of the requester."""
        own = self.services.get(service)
        if own is None:
            ask, answer = (random.choice(self.common[key]) for key in ("approver_questions", "approver_answers"))
            return ask[lang], answer[lang]
        found = random.choice(own.questions)
        return found.ask[lang], found.answer[lang]

    def note(self, service: str, random: Random, lang: str) -> str:
        own = self.services.get(service)
        return random.choice((*self.common["notes"], *(own.notes if own else ())))[lang]

    def resolution(self, service: str, random: Random, lang: str) -> str:
        own = self.services.get(service)
        return random.choice(own.resolutions)[lang] if own else self.say("progress", random, lang)

    def say(self, occasion: str, random: Random, lang: str) -> str:
        """Something common: taken, progress, nudges, thanks, reopened, approvals, refusals, withdrawals …"""
        return random.choice(self.common[occasion])[lang]


@cache
def phrases() -> Phrases:
    return Phrases(PhraseFile.model_validate(read("phrases.yaml")))

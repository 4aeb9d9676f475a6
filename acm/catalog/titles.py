"""The title of a request: the service, and the most telling thing that was said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from acm import clock
from acm.catalog.definitions import FieldDefinition, ServiceDefinition
from acm.i18n import words
from acm.pages.showing import show_value
from acm.pages.types import FieldKind
from acm.web.words import in_sentence, period

LONGEST = 110
LONGEST_SAID = 60
TELLING = (FieldKind.TEXT, FieldKind.CHOICE, FieldKind.PAGE, FieldKind.LONG_TEXT)
FIRST = ("subject", "system", "software", "model", "course", "doc_type", "leave_type")
SILENT = frozenset({"phone", "room", "cost_center", "inn", "branch", "email", "address", "car", "impact", "urgency"})


def title_of(definition: ServiceDefinition, values: Mapping[str, Any], lang: str, zone: ZoneInfo) -> str:
    """ "Доступ к VPN: работаю из Самары"; of a confidential service its name alone."""
    name = words(definition.name, lang)
    if definition.confidential:
        return name
    said = _said(definition, values, lang, zone) or _days(values, lang, zone)
    return _cut(f"{name}: {said}" if said else name, LONGEST)


def _said(definition: ServiceDefinition, values: Mapping[str, Any], lang: str, zone: ZoneInfo) -> str:
    among = [f for f in definition.form if f.kind in TELLING and f.key in values and f.key not in SILENT]
    among.sort(key=lambda f: (_rank(f), definition.form.index(f)))
    for asked in among:
        text = show_value(asked, values[asked.key], lang, zone, clock.now())
        first = text.strip().splitlines()[0] if text.strip() else ""
        if first:
            return _cut(in_sentence(first) if asked.kind is FieldKind.CHOICE else first, LONGEST_SAID)
    return ""


def _rank(asked: FieldDefinition) -> int:
    if asked.key in FIRST:
        return 0
    return TELLING.index(asked.kind) + 1


def _days(values: Mapping[str, Any], lang: str, zone: ZoneInfo) -> str:
    start, end = values.get("date_from"), values.get("date_to")
    if not isinstance(start, str):
        return ""
    today = clock.now().astimezone(zone).date()
    first = date.fromisoformat(start[:10])
    last = date.fromisoformat(end[:10]) if isinstance(end, str) else first
    return period(first, max(first, last), lang, today)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text.rstrip(" .")
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"

"""The lists IT works from. Each assignment group has its own besides: the core gives it to the group's members."""

from __future__ import annotations

from typing import Any, NamedTuple


class Queue(NamedTuple):
    slug: str
    ru: str
    en: str
    icon: str
    filters: dict[str, Any]


OPEN = {"department": "it", "category": "open"}

QUEUES = (
    Queue("it", "ИТ-поддержка", "IT support", "headset", OPEN),
    Queue("it-mine", "Мои в ИТ", "Mine in IT", "user", {**OPEN, "owner": "me"}),
    Queue("it-new", "Без исполнителя", "Unassigned", "inbox", {**OPEN, "owner": "none"}),
    Queue(
        "it-waiting", "Ждём заявителя", "Waiting for requester", "clock", {"department": "it", "category": "waiting"}
    ),
    Queue("it-incidents", "Инциденты", "Incidents", "warn", {"type": "itsm.incident", "category": "open"}),
)

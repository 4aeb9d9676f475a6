"""The lists HR works from, and the steps of every department. Each group has its own besides."""

from __future__ import annotations

from typing import Any, NamedTuple

from .types import OFFBOARDING, ONBOARDING, STEP, VACATION

HR = ("d:hr",)
ALL = ("d:hr", "d:it", "d:adm", "d:fin", "d:learning")


class Queue(NamedTuple):
    slug: str
    ru: str
    en: str
    icon: str
    filters: dict[str, Any]
    audience: tuple[str, ...] = HR


def _open(key: str, **more: str) -> dict[str, Any]:
    return {"type": key, "category": "open", **more}


QUEUES = (
    Queue("hr-joining", "Выходят на работу", "Joining", "user-plus", _open(ONBOARDING.key)),
    Queue("hr-leaving", "Увольняются", "Leaving", "user-minus", _open(OFFBOARDING.key)),
    Queue("hr-leave", "Отпуска", "Leave", "beach", _open(VACATION.key)),
    Queue("hr-steps", "Шаги выхода и увольнения", "Steps of joining and leaving", "list-check", _open(STEP.key), ALL),
    Queue("hr-steps-late", "Шаги с опозданием", "Late steps", "warn", _open(STEP.key, due="overdue"), ALL),
)

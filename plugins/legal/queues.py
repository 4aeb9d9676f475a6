"""The lists Legal works from. Its group has one of its own besides: the core gives it to the members."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import claims, contracts, court


class Queue(NamedTuple):
    slug: str
    ru: str
    en: str
    icon: str
    filters: dict[str, Any]


OPEN = {"department": "legal", "category": "open"}

QUEUES = (
    Queue("legal-all", "Юристы: все дела", "Legal: all cases", "scale", OPEN),
    Queue("legal-mine", "Мои дела юриста", "Mine in Legal", "user", {**OPEN, "owner": "me"}),
    Queue("legal-new", "Без юриста", "Without a lawyer", "inbox", {**OPEN, "owner": "none"}),
    Queue("legal-contracts", "Договоры", "Contracts", "file-text", {"type": contracts.KEY, "category": "open"}),
    Queue("legal-claims", "Претензии", "Claims", "warn", {"type": claims.KEY, "category": "open"}),
    Queue("legal-court", "Суды", "Court cases", "gavel", {"type": court.KEY, "category": "open"}),
)

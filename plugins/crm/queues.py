"""The lists sales and care work from. Each group has one of its own besides: the core gives it to the members."""

from __future__ import annotations

from typing import Any, NamedTuple

from .complaints import KEY as COMPLAINT
from .deals import DEAL, LEAD


class Queue(NamedTuple):
    slug: str
    ru: str
    en: str
    icon: str
    filters: dict[str, Any]
    audience: str


QUEUES = (
    Queue("crm-leads", "Лиды", "Leads", "bulb", {"type": LEAD, "category": "open"}, "d:sales"),
    Queue("crm-deals", "Сделки", "Deals", "cash", {"type": DEAL, "category": "open"}, "d:sales"),
    Queue("crm-mine", "Мои сделки", "My deals", "user", {"type": DEAL, "category": "open", "owner": "me"}, "d:sales"),
    Queue("crm-complaints", "Жалобы", "Complaints", "mood-angry", {"type": COMPLAINT, "category": "open"}, "d:care"),
    Queue("crm-late", "Жалобы с истёкшим сроком", "Late complaints", "alarm", {"type": COMPLAINT, "due": "overdue"},
          "d:care"),
)  # fmt: skip

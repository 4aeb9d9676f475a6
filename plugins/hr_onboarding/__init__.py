"""Joining, leaving and leave: one order prepares a new colleague in every department, another sees a leaver off.

`catalog/orders.yaml` declares the two orders with their parts, the days of each and who waits for whom, and the request
for leave; `catalog/steps.yaml` what each department does for them. `types` are the cases, `leave` counts its days and
refuses what cannot be, `panel` shows how fast it all is, `lateness` which department keeps its days.
"""

from __future__ import annotations

from acm.sdk import Registrar

from .leave import check_leave, count_days
from .panel import MEASURES, PANELS, WIDGETS
from .queues import QUEUES
from .reasons import REASONS
from .screens import on_panel, pages
from .seed import plant
from .types import TYPES, VACATION


def register(p: Registrar) -> None:
    for declared in TYPES:
        p.case_type(declared)
    p.vocabulary("hr_onboarding.reason", {"ru": "Причина ухода", "en": "Reason of leaving"}, REASONS)
    for place, queue in enumerate(QUEUES):
        names = {"ru": queue.ru, "en": queue.en}
        p.queue(queue.slug, names, queue.filters, icon=queue.icon, audience=queue.audience, order=50 + place)
    for measure in MEASURES:
        p.measure(measure)
    for widget in WIDGETS:
        p.widget(widget)
    for panel in PANELS:
        p.panel(panel)
    p.router(pages)
    p.slot("panel.widget", on_panel)
    p.veto("case.before_open", check_leave, types=(VACATION.key,))
    for kind in ("case.opened", "field.changed"):
        p.react(kind, count_days)
    p.seed(plant)

"""Legal: contracts from the draft to the register, claims, court cases, powers of attorney, insider matters.

Each module says one of them: `contracts`, `claims`, `court`, `powers`, `insiders`. `rules` watches over them (who may
sign, numbers, terms), `terms` holds the terms of the law and `confirming` who vouches for them, `versions` the texts of a contract, `reminders`
what is said in time, `screens` and `case_screens` what is shown.
"""

from __future__ import annotations

from acm.sdk import Registrar, router

from . import case_screens
from .claims import CLAIM
from .contracts import CONTRACT
from .court import COURT_CASE
from .insiders import INSIDER
from .panel import GAUGES, PANEL, WIDGETS
from .powers import POWER, POWERS, VOCABULARY
from .queues import QUEUES
from .reminders import NOTICES, remind
from .rules import (
    admit_holder,
    expire,
    follow_claim,
    follow_course,
    follow_route,
    look_ahead,
    may_sign,
    note_revoking,
    register_contract,
)
from .screens import beside, hearings_feed, menu, pages
from .seed import plant

screens = router()
for part in (case_screens.pages, pages):
    screens.include_router(part)

EARLY = "30 7 * * *"
AT_NIGHT = "10 0 * * *"


def register(p: Registrar) -> None:
    for declared in (CONTRACT, CLAIM, COURT_CASE, POWER, INSIDER):
        p.case_type(declared)
    p.vocabulary(VOCABULARY, {"ru": "Полномочия", "en": "Powers"}, POWERS)
    for place, queue in enumerate(QUEUES):
        names = {"ru": queue.ru, "en": queue.en}
        p.queue(queue.slug, names, queue.filters, icon=queue.icon, audience=("d:legal",), order=30 + place)
    p.veto("case.before_move", may_sign)
    p.react("case.moved", follow_route)
    p.react("field.changed", follow_route)
    p.react("case.resolved", register_contract)
    p.react("case.resolved", admit_holder)
    p.react("case.closed", note_revoking)
    for kind in ("case.opened", "field.changed"):
        p.react(kind, follow_claim)
        p.react(kind, follow_course)
    p.job("remind", remind, schedule=EARLY)
    p.job("expire", expire, schedule=AT_NIGHT)
    p.job("look_ahead", look_ahead, schedule=AT_NIGHT)
    for kind, texts in NOTICES.items():
        p.notification(kind, texts)
    for gauge in GAUGES:
        p.measure(gauge)
    for widget in WIDGETS:
        p.widget(widget)
    p.panel(PANEL)
    p.router(screens)
    p.slot("case.tabs", case_screens.tab)
    p.feed("hearings", hearings_feed)
    p.slot("case.aside", beside)
    p.menu(menu, order=60)
    p.seed(plant)

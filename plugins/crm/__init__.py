"""CRM: whom we sell to, what we sell, what they complain of, and what was said.

Each module says one of them: `parties` (companies and contacts) and `duplicates` of them, `deals` (leads and deals) with
their `board` and `converting`, `complaints` with their `rules`, `talks`; `profile` shows all of a client in one view,
`segments` keep those who meet a rule (`segment_rules`).
"""

from __future__ import annotations

from acm.sdk import Registrar, router

from . import complaint_screens, deal_screens, duplicate_screens, party_screens, segment_screens, talks
from .board import follow_stage
from .complaints import CATEGORIES, COMPLAINT, ROOT_CAUSES, categories, root_causes
from .deals import DEAL_TYPE, LEAD_TYPE
from .duplicates import MERGE
from .importing import SOURCE, read_complaints
from .menus import menu
from .panel import GAUGES, PANELS, WIDGETS
from .parties import COMPANY_TYPE, CONTACT_TYPE
from .queues import QUEUES
from .rules import answer_is_due, cause_is_known, decided_by_whom_it_names, note_decision, steps_are_done
from .seed import plant
from .segments import MEMBERSHIP_TYPE, NIGHTLY, SEGMENT_TYPE, refresh_all

screens = router()
for part in (
    complaint_screens,
    deal_screens,
    talks,
    duplicate_screens,
    segment_screens,
    party_screens,
):  # the last one takes what the others leave
    screens.include_router(part.pages)


def register(p: Registrar) -> None:
    p.page_type(COMPANY_TYPE)
    p.page_type(CONTACT_TYPE)
    p.page_type(talks.INTERACTION)
    p.page_type(MERGE)
    p.page_type(SEGMENT_TYPE)
    p.page_type(MEMBERSHIP_TYPE)
    p.case_type(LEAD_TYPE)
    p.case_type(DEAL_TYPE)
    p.case_type(COMPLAINT)
    named = [(one.id, one.names) for one in categories()]
    p.vocabulary(CATEGORIES, {"ru": "Категории жалоб", "en": "Categories of complaints"}, named)
    p.vocabulary(ROOT_CAUSES, {"ru": "Коренные причины", "en": "Root causes"}, list(root_causes().items()))
    p.importer(SOURCE, {"ru": "Жалобы, CSV", "en": "Complaints, CSV"}, read_complaints)
    for point in ("case.before_resolve", "case.before_close"):
        p.veto(point, cause_is_known)
        p.veto(point, steps_are_done)
    p.veto("case.before_move", decided_by_whom_it_names)
    p.react("case.moved", note_decision)
    for kind in ("case.opened", "field.changed"):
        p.react(kind, answer_is_due)
    p.react("field.changed", talks.follow_deal)
    for kind in ("case.moved", "case.closed", "case.rejected", "case.reopened"):
        p.react(kind, follow_stage)
    for place, queue in enumerate(QUEUES):
        names = {"ru": queue.ru, "en": queue.en}
        p.queue(queue.slug, names, queue.filters, icon=queue.icon, audience=(queue.audience,), order=50 + place)
    for gauge in GAUGES:
        p.measure(gauge)
    for widget in WIDGETS:
        p.widget(widget)
    for panel in PANELS:
        p.panel(panel)
    p.job("refresh_segments", refresh_all, schedule=NIGHTLY)
    p.seed(plant)
    p.router(screens)
    p.slot("case.tabs", complaint_screens.tab)
    p.slot("case.aside", complaint_screens.beside)
    p.slot("case.aside", talks.beside, order=110)
    p.slot("panel.widget", segment_screens.on_panel)
    p.menu(menu, order=50)

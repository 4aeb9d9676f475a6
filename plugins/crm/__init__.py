"""CRM: whom we sell to, what we sell, what they complain of, and what was said.

Each module says one of them: `parties` (companies and contacts), `deals` (leads and deals), `profile` shows all of a
client in one view.
"""

from __future__ import annotations

from acm.sdk import Registrar, router

from . import deal_screens, party_screens
from .board import follow_stage
from .deals import DEAL_TYPE, LEAD_TYPE
from .menus import menu
from .parties import COMPANY_TYPE, CONTACT_TYPE

screens = router()
for part in (deal_screens, party_screens):  # the last one takes what the others leave
    screens.include_router(part.pages)


def register(p: Registrar) -> None:
    p.page_type(COMPANY_TYPE)
    p.page_type(CONTACT_TYPE)
    p.case_type(LEAD_TYPE)
    p.case_type(DEAL_TYPE)
    for kind in ("case.moved", "case.closed", "case.rejected", "case.reopened"):
        p.react(kind, follow_stage)
    p.router(screens)
    p.menu(menu, order=50)

"""CRM: whom we sell to, what we sell, what they complain of, and what was said.

Each module says one of them: `parties` (companies and contacts), `deals` (leads and deals), `profile` shows all of a
client in one view.
"""

from __future__ import annotations

from acm.sdk import Registrar

from . import party_screens
from .deals import DEAL_TYPE, LEAD_TYPE
from .menus import menu
from .parties import COMPANY_TYPE, CONTACT_TYPE


def register(p: Registrar) -> None:
    p.page_type(COMPANY_TYPE)
    p.page_type(CONTACT_TYPE)
    p.case_type(LEAD_TYPE)
    p.case_type(DEAL_TYPE)
    p.router(party_screens.pages)
    p.menu(menu, order=50)

"""The main screens of the product, each with who looks at it and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.pages.models import Article
from acm.pages.visibility import unrestricted
from acm.people.models import Person


@dataclass(frozen=True)
class Screen:
    """``path`` may name a ``{request}``, a ``{case}`` or an ``{article}`` of the demo company."""

    login: str | None
    path: str


SCREENS: Mapping[str, Screen] = {
    "login": Screen(None, "/login"),
    "portal": Screen("employee", "/"),
    "service": Screen("employee", "/services/IT-005"),
    "form": Screen("employee", "/services/IT-005/new"),
    "request": Screen("employee", "/requests/{request}"),
    "search": Screen("employee", "/search?q=vpn"),
    "article": Screen("employee", "/kb/{article}"),
    "approvals": Screen("approver", "/approvals"),
    "my work": Screen("agent", "/my"),
    "queue": Screen("agent", "/cases?category=open"),
    "case": Screen("agent", "/cases/{case}"),
    "kpi": Screen("head", "/kpi/itsm"),
    "plugins": Screen("admin", "/admin/plugins?plugin=itsm"),
}


def places(session: Session) -> dict[str, str]:
    """A request that waits for the employee, a case the agent works on, an article."""
    employee = select(Person.id).where(Person.login == "employee").scalar_subquery()
    agent = select(Person.id).where(Person.login == "agent").scalar_subquery()
    asked = select(Case).where(Case.requester_id == employee, Case.category == "waiting").order_by(Case.id)
    worked = select(Case).where(Case.owner_id == agent, Case.requester_id == employee).order_by(Case.id)
    why = "the tests look for a page to open"
    request = session.scalars(unrestricted(asked, why)).first()
    case = session.scalars(unrestricted(worked, why)).first()
    article = session.scalars(unrestricted(select(Article).order_by(Article.id), why)).first()
    assert request
    assert case
    assert article
    return {"request": request.number, "case": case.number, "article": article.slug or article.number}


def settle(page: Page) -> None:
    """Wait until fonts and what the page asks for by itself are there."""
    page.wait_for_load_state("load")
    page.evaluate("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))")

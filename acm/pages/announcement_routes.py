"""Announcements: news for everyone, shown on the portal between two days."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi.responses import Response
from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Forbidden, Invalid, Stale
from acm.i18n import LANGUAGES, _
from acm.pages.articles import may_edit, writing_departments
from acm.pages.kinds import ANNOUNCEMENT
from acm.pages.models import Announcement
from acm.pages.visibility import visible, visible_page
from acm.pages.writing import Writing, create_page, edit_page
from acm.people.rights import Grants
from acm.people.signin import Me
from acm.web.dates import read_date
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()


@router.get("/announcements")
def show_announcements(ui: Ui, db: Db, me: Me) -> Response:
    """All of them, also those of the past."""
    statement = visible(me.grants, Announcement).order_by(Announcement.opened_at.desc(), Announcement.id).limit(100)
    today = clock.now().astimezone(ui.zone).date()
    found = sorted(db.scalars(statement), key=lambda news: news.told_on, reverse=True)
    return ui.page(
        "pages/announcements.html", now_shown=[n for n in found if n.is_shown(today)],
        others=[n for n in found if not n.is_shown(today)], may_write=me.may("article.edit"),
    )  # fmt: skip


@router.get("/announcements/new")
def new_announcement(ui: Ui, db: Db, me: Me) -> Response:
    if not me.may("article.edit"):
        raise Forbidden()
    return _form(ui, db, me.grants, None, {})


@router.post("/announcements")
def announce(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Tell everybody something."""
    if not me.may("article.edit"):
        raise Forbidden()
    try:
        texts, days = _texts(form), _days(form)
        department = next((d for d in writing_departments(db, me.grants) if d.id == form.number("department")), None)
        writing = Writing(
            texts=texts, fields=days, language=ui.lang, owner=me.person, public=True, state="published",
            department=department or me.person.department,
        )  # fmt: skip
        news = create_page(db, Announcement, ANNOUNCEMENT, writing, me.origin())
    except Invalid as problem:
        return _form(ui, db, me.grants, None, _typed(form), problem.errors, status=422)
    return ui.redirect(f"/announcements/{news.number}")


@router.get("/announcements/{number}")
def show_announcement(ui: Ui, db: Db, me: Me, number: str) -> Response:
    news = visible_page(db, me.grants, number, Announcement)
    return ui.page("pages/announcement.html", news=news, may_edit=may_edit(me.grants, news))


@router.get("/announcements/{number}/edit")
def edit_announcement(ui: Ui, db: Db, me: Me, number: str) -> Response:
    news = visible_page(db, me.grants, number, Announcement)
    if not may_edit(me.grants, news):
        raise Forbidden()
    return _form(ui, db, me.grants, news, _stored(news))


@router.post("/announcements/{number}")
def save_announcement(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    news = visible_page(db, me.grants, number, Announcement, lock=True)
    if not may_edit(me.grants, news):
        raise Forbidden()
    try:
        edit_page(db, news, {"texts": _texts(form), "fields": _days(form)}, form.number("version") or 0, me.origin())
    except (Invalid, Stale) as problem:
        db.rollback()
        news = visible_page(db, me.grants, number, Announcement)
        errors = problem.errors if isinstance(problem, Invalid) else {}
        values = {**_typed(form), "version": news.version}
        saved = _stored(news) if isinstance(problem, Stale) else None
        return _form(ui, db, me.grants, news, values, errors, saved=saved, status=problem.status)
    return ui.redirect(f"/announcements/{news.number}")


def _form(
    ui: UI, db: Session, grants: Grants, news: Announcement | None, values: dict[str, Any],
    errors: dict[str, list[object]] | None = None, *, saved: dict[str, Any] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    return ui.page(
        "pages/announcement_edit.html", status=status, news=news, values=values, errors=errors or {}, saved=saved,
        departments=writing_departments(db, grants), languages=sorted(LANGUAGES, key=lambda lang: lang != ui.lang),
    )  # fmt: skip


def _texts(form: Form) -> dict[str, dict[str, str]]:
    return {lang: {"title": form.text(f"title_{lang}"), "body": form.text(f"body_{lang}")} for lang in LANGUAGES}


def _days(form: Form) -> dict[str, str | None]:
    """The two days as stored; :class:`Invalid` when one cannot be read or they are the wrong way round."""
    found: dict[str, date | None] = {}
    for name in ("from_day", "until_day"):
        found[name] = read_date(form.text(name), clock.now().date()) if form.text(name) else None
        if form.text(name) and found[name] is None:
            raise Invalid({name: [_("Enter a date like 1.12.2026")]})
    first, last = found["from_day"], found["until_day"]
    if first and last and last < first:
        raise Invalid({"until_day": [_("The last day is before the first")]})
    return {name: day.isoformat() if day else None for name, day in found.items()}


def _typed(form: Form) -> dict[str, Any]:
    names = [
        "from_day",
        "until_day",
        "department",
        *(f"{part}_{lang}" for part in ("title", "body") for lang in LANGUAGES),
    ]
    return {name: form.text(name) for name in names}


def _stored(news: Announcement) -> dict[str, Any]:
    texts = news.texts or {news.language: {"title": news.title, "body": news.body}}
    values: dict[str, Any] = {
        f"{p}_{lang}": texts.get(lang, {}).get(p, "") for p in ("title", "body") for lang in LANGUAGES
    }
    days = {"from_day": news.from_day, "until_day": news.until_day}
    return {
        **values, "version": news.version, "department": news.department_id,
        **{name: day.strftime("%d.%m.%Y") if day else "" for name, day in days.items()},
    }  # fmt: skip

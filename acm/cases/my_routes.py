"""The page "My work"."""

from __future__ import annotations

from fastapi.responses import Response

from acm.cases.my_work import PARTS, my_work
from acm.cases.queue_routes import vantage_of
from acm.people.signin import Me
from acm.web import words
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import Ui

router = new_router()


@router.get("/my")
def show_my_work(ui: Ui, db: Db, me: Me, part: str = "") -> Response:
    """Everything with me in it, the overdue first; ``part`` narrows it to one of my roles."""
    part = part if part in PARTS else ""
    vantage = vantage_of(ui, me)
    today = vantage.now.astimezone(me.zone).date()
    day = f"{words.weekday(today, ui.lang).capitalize()}, {words.full_day(today, ui.lang, today)}"
    return ui.page("my/show.html", work=my_work(db, vantage, part), part=part, parts=PARTS, day=day)

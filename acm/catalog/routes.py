"""The portal: its home, the catalogue, the page of a service, and what was just sent."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response

from acm import clock
from acm.cases.models import Case
from acm.catalog.filing import find_service
from acm.catalog.offering import (
    articles_of,
    chain_of_case,
    facts_of,
    lacking_of,
    needs_of,
    parts_told,
    stages_of,
    steps_for,
)
from acm.catalog.showcase import (
    Entry,
    Showcase,
    entry_of,
    letters,
    most_ordered,
    orders_of,
    showcase,
    summary,
)
from acm.catalog.tracking import MyRequest, full_track, open_requests
from acm.errors import NotFound
from acm.i18n import _
from acm.pages.drafts import drafts_of
from acm.pages.models import Draft
from acm.pages.types import StateCategory
from acm.pages.visibility import visible_page
from acm.people.signin import Me
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui
from acm.web.words import in_sentence

router = new_router()
CHIPS, POPULAR, NEWS, MINE, DRAFTS = 7, 6, 3, 3, 1


@router.get("/")
def show_home(ui: Ui, db: Db, me: Me) -> Response:
    """The portal's home: my requests and what I may order."""
    now = clock.now()
    catalogue = showcase(db, me.grants, ui.lang, now.astimezone(ui.zone).date())
    popular = most_ordered(db, ui.runtime, catalogue.services, now)
    mine, working = open_requests(db, me.grants, ui.lang, now, limit=MINE)
    return ui.page(
        "portal/home.html",
        catalogue=catalogue,
        departments=_departments(ui, catalogue),
        chips=popular[:CHIPS],
        popular=popular[:POPULAR],
        news=catalogue.news[:NEWS],
        mine=[_card(ui, one) for one in mine],
        open_count=working,
        drafts=[_draft(ui, draft, catalogue) for draft in drafts_of(db, me.id, DRAFTS)],
        example=_example(popular),
    )


@router.get("/services")
def show_services(ui: Ui, db: Db, me: Me, department: str = "") -> Response:
    """The catalogue from A to Z, or of one department."""
    catalogue = showcase(db, me.grants, ui.lang, clock.now().astimezone(ui.zone).date())
    offering = catalogue.departments()
    chosen = next((d for d, _count in offering if d.key == department), None)
    if department and chosen is None:
        raise NotFound()
    return ui.page(
        "services/index.html",
        departments=offering,
        chosen=chosen,
        services=catalogue.of(chosen) if chosen else catalogue.services,
        letters=letters([s for s in catalogue.services if not s.is_other]),
        other=next((s for s in catalogue.services if s.is_other), None),
        about=summary(chosen, ui.lang, []) if chosen else "",
        total=len(catalogue.services),
    )


@router.get("/services/{slug}")
def show_service(ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """What one gets, how long it takes, who approves and who does it."""
    service = find_service(db, me.grants, slug)
    now = clock.now()
    steps = steps_for(db, service, me.person, me.person)
    ui.viewed(service.id)
    return ui.page(
        "services/show.html",
        service=service,
        entry=entry_of(service, ui.lang),
        facts=facts_of(ui, service, steps),
        needs=needs_of(ui, service),
        parts=parts_told(ui, service),
        stages=stages_of(ui, service, steps),
        orders=orders_of(db, ui.runtime, service.id, now),
        articles=articles_of(db, me.grants, service),
        available=service.case_type(ui.snapshot) is not None,
        lacking=lacking_of(ui, steps),
    )


@router.get("/services/{slug}/sent/{number}")
def show_sent(ui: Ui, db: Db, me: Me, slug: str, number: str) -> Response:
    """A request was sent: its number, its Track, what comes next."""
    service = find_service(db, me.grants, slug)
    case = visible_page(db, me.grants, number, Case)
    if case.requester_id != me.id or case.service_id != service.id:
        raise NotFound()
    return ui.page(
        "services/sent.html",
        service=service,
        entry=entry_of(service, ui.lang),
        case=case,
        track=full_track(db, case, ui.lang, clock.now()),
        chain=chain_of_case(ui, case),
        for_other=case.beneficiary_id != me.id,
        email=me.person.email,
    )


def _card(ui: UI, one: MyRequest) -> dict[str, Any]:
    """A request on the home page: who has it, until when, or what the requester must do."""
    case, track = one.case, one.track
    at = next(
        (n for n, stage in enumerate(track.stages, 1) if stage.state in ("now", "ask", "late")), len(track.stages)
    )
    category = case.current.category
    if one.needs_me:
        holder = case.group.name(ui.lang) if case.group else track.holder
        who = _("Step %(step)s of %(all)s · %(holder)s", step=at, all=len(track.stages), holder=holder)
    elif category is StateCategory.APPROVAL:
        who = _("Approves: %(holder)s", holder=track.holder)
    else:
        who = _("With %(holder)s", holder=track.holder)
    done = category is StateCategory.RESOLVED
    return {
        "number": case.number,
        "title": case.title_in(ui.lang),
        "stages": track.stages,
        "who": track.state if done else ui.say(who),
        "due": None if one.needs_me or done else track.promised,
        "late": any(stage.state == "late" for stage in track.stages),
        "ask": ui.say(_("Answer")) if one.needs_me else ui.say(_("Say whether it helped")) if done else "",
        "state": "" if one.needs_me else track.state,
    }


def _departments(ui: UI, catalogue: Showcase) -> list[dict[str, Any]]:
    return [
        {
            "title": department.name(ui.lang),
            "href": f"/services?department={department.key}",
            "icon": department.icon,
            "hue": department.hue,
            "text": summary(department, ui.lang, catalogue.of(department)),
            "count": count,
        }
        for department, count in catalogue.departments()
    ]


def _draft(ui: UI, draft: Draft, catalogue: Showcase) -> dict[str, Any]:
    """A draft as a card: what it is, how much is left, when it was saved."""
    slug = draft.key.partition(":")[2]
    entry = catalogue.find(slug)
    asked = int(entry.facts.get("questions", 0)) if entry else 0
    answered = sum(bool(value) for value in draft.data.get("typed", {}).values())
    return {
        "title": entry.title if entry else draft.title,
        "href": f"/services/{slug}/new?step={draft.data.get('step', 1)}",
        "icon": entry.icon if entry else "edit",
        "hue": entry.hue if entry else 264,
        "left": max(0, asked - answered),
        "asked": asked,
        "saved_at": draft.saved_at,
    }


def _example(popular: list[Entry]) -> str:
    """An example of what may be typed into the search: what is ordered most."""
    return in_sentence(popular[0].title) if popular else ""

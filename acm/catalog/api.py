"""The catalogue over JSON: services, and filing a request to one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import select

from acm import clock
from acm.cases.api import CaseView
from acm.cases.api import view_of as case_view
from acm.catalog.filing import Filing, file_request, find_service
from acm.catalog.models import PUBLISHED, Service
from acm.errors import Invalid
from acm.i18n import _
from acm.pages.answers import Asking, read_answers
from acm.pages.once import OnceKey
from acm.pages.visibility import visible
from acm.people.models import Person
from acm.people.signin import Me
from acm.web.api import Model, Paged, View, after_id, api_router, page_of, write_cursor
from acm.web.runtime import Db, World
from acm.web.templating import Ui

router = api_router("catalogue")


class ServiceView(
    View,
    json_schema_extra={
        "example": {
            "id": 12,
            "slug": "it-004",
            "number": "SV-12",
            "titles": {"ru": "Доступ к VPN", "en": "VPN access"},
            "descriptions": {"ru": "Работа из дома", "en": "Work from home"},
            "department_id": 2,
            "group_id": 3,
            "promise": {"ru": "За 2 рабочих часа", "en": "Within 2 working hours"},
            "version": 2,
            "available": True,
        }
    },
):
    id: int
    slug: str
    number: str
    titles: dict[str, str]
    descriptions: dict[str, str]
    department_id: int | None
    group_id: int | None
    promise: dict[str, str]
    version: int
    available: bool = Field(description="Whether the plugin that serves it is there now.")


class ServiceDetail(
    ServiceView,
    json_schema_extra={
        "example": {
            "id": 12,
            "slug": "it-004",
            "number": "SV-12",
            "titles": {"ru": "Доступ к VPN", "en": "VPN access"},
            "descriptions": {"ru": "Работа из дома", "en": "Work from home"},
            "department_id": 2,
            "group_id": 3,
            "promise": {"ru": "За 2 рабочих часа", "en": "Within 2 working hours"},
            "version": 2,
            "available": True,
            "form": [{"key": "error_text", "kind": "text", "label": {"ru": "Ошибка", "en": "Error"}}],
            "approvals": [{"step": 1, "role": "line_manager", "when": ""}],
            "sla": {"calendar": "8x5", "response_hours": 1, "resolve_hours": 16},
        }
    },
):
    form: list[dict[str, Any]] = Field(description="Questions, with conditions over other answers.")
    approvals: list[dict[str, Any]]
    sla: dict[str, Any]


class ServicesView(View):
    items: list[ServiceView]
    next: str | None


class NewRequest(
    Model,
    json_schema_extra={
        "example": {"values": {"since": "2026-11-16T07:00:00Z", "error_text": "code 809"}, "beneficiary": "anna"}
    },
):
    """Answers to the service's form by key."""

    values: dict[str, Any] = Field(
        default_factory=dict, examples=[{"since": "2026-11-16T07:00:00Z", "error_text": "code 809"}]
    )
    beneficiary: str = Field("", max_length=80, description="Login of the colleague it is for; empty is yourself.")


@router.get("/services", response_model=ServicesView)
def list_services(
    db: Db,
    me: Me,
    world: World,
    page: Paged,
    q: Annotated[str, Query(max_length=100, description="Part of the title.")] = "",
) -> Any:
    """Published services that the person may order."""
    statement = (
        visible(me.grants, Service).where(Service.state == PUBLISHED, Service.id > after_id(page)).order_by(Service.id)
    )
    if text := q.replace("\x00", "").strip():
        statement = statement.where(Service.title.ilike(f"%{text}%", escape="\\"))
    rows = [s for s in db.scalars(statement.limit(page.limit + 1)) if s.is_for(me.grants)]
    return page_of(rows, page.limit, lambda s: ServiceView(**_view(s, world)), lambda s: write_cursor(id=s.id))


@router.get("/services/{slug}")
def show_service(db: Db, me: Me, world: World, slug: str) -> ServiceDetail:
    """One service with its form."""
    service = find_service(db, me.grants, slug)
    offering = service.offering
    return ServiceDetail(
        **_view(service, world),
        form=[f.model_dump(mode="json", exclude_defaults=True) for f in offering.form],
        approvals=[step.model_dump(mode="json") for step in offering.approvals],
        sla=offering.sla.model_dump(mode="json"),
    )


@router.post("/services/{slug}/requests", status_code=201)
def file_one(
    db: Db,
    me: Me,
    world: World,
    ui: Ui,
    slug: str,
    new: NewRequest,
    response: Response,
    once: OnceKey,
) -> CaseView:
    """File a request; answers are read by the same rules as the form's."""
    service = find_service(db, me.grants, slug)
    beneficiary = _person(db, new.beneficiary) if new.beneficiary else me.person
    asking = Asking(db, me.grants, ui.lang, me.zone, clock.now(), requester=me.person, beneficiary=beneficiary)
    values = read_answers(service.offering.form, new.values, asking).or_refuse()
    filing = Filing(service, values, me.person, beneficiary, ui.lang, key=once)
    case = file_request(db, filing, me.origin(), world, ui.settings.timezone)
    response.headers["Location"] = f"/api/v1/cases/{case.number}"
    return case_view(case, me)


def _view(service: Service, world: World) -> dict[str, Any]:
    texts: dict[str, Any] = service.texts
    return {
        "id": service.id,
        "slug": service.slug or "",
        "number": service.number,
        "titles": {lang: str(text.get("title", "")) for lang, text in texts.items()},
        "descriptions": {lang: str(text.get("body", "")) for lang, text in texts.items()},
        "department_id": service.department_id,
        "group_id": service.group_id,
        "promise": dict(service.fact("promise", {})),
        "version": service.version,
        "available": service.case_type(world) is not None,
    }


def _person(db: Db, login: str) -> Person:
    person = db.scalars(select(Person).where(Person.login == login.replace("\x00", "").lower(), Person.active)).first()
    if person is None:
        raise Invalid({"beneficiary": [_("There is no such entry")]})
    return person

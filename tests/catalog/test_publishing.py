"""Services are pages, published in versions; open requests keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm.catalog.definitions import ServiceFileError
from acm.catalog.filing import find_service
from acm.catalog.models import Service
from acm.catalog.publishing import import_services, publish, sync_services, unpublish
from acm.errors import NotFound
from acm.journal import Event, Origin
from acm.pages.models import Revision
from acm.pages.visibility import inside, unrestricted, visible
from acm.people.rights import Grants
from acm.snapshot import Contribution, Snapshot, compose
from acm.web.runtime import Runtime
from tests.cast import MONDAY
from tests.catalog.conftest import define, question, words

ORIGIN = Origin(None, MONDAY)
SeenBy = Callable[[str], Grants]


def test_a_published_service_is_a_page_in_both_languages(session: Session, grants: SeenBy) -> None:
    service = publish(session, define(), ORIGIN)
    assert (service.slug, service.number[:3], service.version) == ("it-004", "SV-", 1)
    assert (service.title_in("en"), service.title_in("ru")) == ("VPN access", "VPN access по-русски")
    assert service.department
    assert service.department.key == "it"
    assert service.offering == define()
    assert find_service(session, grants("maria"), "IT-004") is service


def test_the_same_definition_again_changes_nothing(session: Session) -> None:
    service = publish(session, define(), ORIGIN)
    events = session.scalar(inside(select(func.count()).select_from(Event)))
    assert publish(session, define(), ORIGIN) is service
    assert service.version == 1
    assert session.scalar(inside(select(func.count()).select_from(Event))) == events


def test_a_change_is_a_version_with_its_revision(session: Session) -> None:
    service = publish(session, define(), ORIGIN)
    publish(session, define(name=words("VPN")), ORIGIN)
    revisions = session.scalars(
        inside(select(Revision).where(Revision.page_id == service.id).order_by(Revision.version))
    )
    assert [(r.version, r.texts["en"]["title"]) for r in revisions] == [(1, "VPN access"), (2, "VPN")]
    assert service.version == 2


def test_a_service_for_one_department_is_nothing_to_others(session: Session, grants: SeenBy) -> None:
    publish(session, define(audience=["department:hr"]), ORIGIN)
    assert find_service(session, grants("maria"), "it-004")
    with pytest.raises(NotFound):
        find_service(session, grants("lev"), "it-004")


def test_an_agent_sees_a_service_of_the_department_but_may_not_order_it(session: Session, grants: SeenBy) -> None:
    publish(session, define(audience=["department:hr"]), ORIGIN)
    assert session.scalars(visible(grants("oleg"), Service)).first()
    with pytest.raises(NotFound):
        find_service(session, grants("oleg"), "it-004")


def test_an_audience_that_nobody_knows_is_nobody(session: Session, grants: SeenBy) -> None:
    publish(session, define(audience=["department:moon"]), ORIGIN)
    with pytest.raises(NotFound):
        find_service(session, grants("maria"), "it-004")


def test_a_withdrawn_service_leaves_the_portal_and_may_come_back(session: Session, grants: SeenBy) -> None:
    service = publish(session, define(), ORIGIN)
    unpublish(session, service, ORIGIN)
    session.flush()
    with pytest.raises(NotFound):
        find_service(session, grants("maria"), "it-004")
    publish(session, define(), ORIGIN)
    assert find_service(session, grants("maria"), "it-004").version == 3


def snapshot(*services: object) -> Snapshot:
    given = [Contribution("service", s.id, s, plugin="itsm") for s in services]  # type: ignore[attr-defined]
    return compose(1, given)


def test_contributed_services_are_brought_in_once(session: Session) -> None:
    world = snapshot(define(), define("IT-005"))
    assert sync_services(session, world) == 2
    assert sync_services(session, world) == 0
    assert sync_services(session, snapshot(define(icon="world"), define("IT-005"))) == 1


FILE = """
version: 1
services:
  - id: {id}
    domain: it
    category: network
    type: service_request
    department: it
    name: {{ru: Доступ, en: Access}}
    description: {{ru: Доступ, en: Access}}
    owner_group: {group}
    sla: {{calendar: 8x5, response_hours: 1, resolve_hours: 8}}
    form:
      - {{key: why, label: {{ru: Зачем, en: Why}}}}
"""


def test_an_imported_file_is_taken_whole(session: Session, runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "services.yaml"
    path.write_text(FILE.format(id="IT-090", group="it-net"))
    (service,) = import_services(session, path, ORIGIN, runtime.snapshot)
    assert service.title_in("en") == "Access"


def test_a_fault_names_file_line_and_key_and_nothing_is_taken(
    session: Session, runtime: Runtime, tmp_path: Path
) -> None:
    path = tmp_path / "services.yaml"
    path.write_text(FILE.format(id="IT-090", group="it-nets"))
    with pytest.raises(ServiceFileError) as refusal:
        import_services(session, path, ORIGIN, runtime.snapshot)
    assert str(refusal.value.problems[0]).startswith(
        "services.yaml:11:18: services.0.owner_group: there is no group 'it-nets'"
    )
    statement = unrestricted(select(func.count()).select_from(Service).where(Service.slug == "it-090"), "test")
    assert session.scalar(statement) == 0


def test_questions_of_the_form_keep_their_conditions(session: Session) -> None:
    form = [question("hotel", "yes_no"), question("wishes", shown_when="hotel")]
    service = publish(session, define(form=form), ORIGIN)
    assert [f.shown_when for f in service.offering.form] == ["", "hotel"]

"""Publishing services: from a definition to a page in the catalogue. Unchanged is untouched; a change is a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from acm import clock
from acm.catalog.checks import Known
from acm.catalog.definitions import FieldDefinition, ServiceDefinition, load_services
from acm.catalog.models import OTHER, PUBLISHED, SERVICE, WITHDRAWN, Service
from acm.catalog.request_type import CASE_TYPES
from acm.db import encode
from acm.journal import Origin
from acm.pages import types as pages
from acm.pages.models import PageAudience, Revision
from acm.pages.numbering import next_number
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.pages.visibility import unrestricted
from acm.people.models import Branch, BusinessOwner, Department, Group, Role
from acm.sla.clocks import CALENDARS
from acm.snapshot import CORE, Snapshot
from acm.taxonomy.models import Term
from acm.taxonomy.vocabularies import sync_vocabulary

LANGUAGE = "ru"
MARKED = "catalog"


@dataclass
class Places:
    """Who and what definitions name by key, read once for many services."""

    departments: dict[str, int] = field(default_factory=dict)
    branches: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)

    def token(self, said: str) -> str | None:
        """``department:it`` as the door's token ``d:4``; None for ``all`` and for what is not here."""
        sort, _colon, key = said.partition(":")
        if sort == "role":
            return f"r:{key}"
        letter, among = {
            "department": ("d", self.departments),
            "branch": ("b", self.branches),
            "group": ("g", self.groups),
        }.get(sort, ("", {}))
        return f"{letter}:{among[key]}" if key in among else None


def places(session: Session) -> Places:
    """Read what services may name; the sorts of work are brought into their vocabulary first."""
    vocabulary = sync_vocabulary(session, CASE_TYPES)
    return Places(
        {row[1]: row[0] for row in session.execute(select(Department.id, Department.key))},
        {row[1]: row[0] for row in session.execute(select(Branch.id, Branch.key))},
        {row[1]: row[0] for row in session.execute(select(Group.id, Group.key))},
        {
            row[1]: row[0]
            for row in session.execute(select(Term.id, Term.key).where(Term.vocabulary_id == vocabulary.id))
        },
    )


def publish(
    session: Session,
    definition: ServiceDefinition,
    origin: Origin,
    *,
    plugin: str = CORE,
    known: Places | None = None,
    slug: str = "",
) -> Service:
    """Put a service into the catalogue, or its next version; the same definition again changes nothing."""
    slug = slug or definition.slug
    statement = select(Service).where(Service.slug == slug)
    service = session.scalars(unrestricted(statement, MARKED)).first()
    known = known or places(session)
    stored = definition.model_dump(mode="json", exclude_defaults=True)
    digest = sha256(encode(stored).encode()).hexdigest()
    if service is not None and service.fact("digest") == _sealed(digest, definition, known):
        return service
    if service is None:
        service = Service(
            number=next_number(session, SERVICE.series), type=SERVICE.key, slug=slug, title="", version=0,
            type_version_id=stored_version(session, SERVICE).id, opened_at=origin.at, updated_at=origin.at,
            author_id=origin.by.id if origin.by else None, journal_seq=0, journal_head="0" * 64,
        )  # fmt: skip
        session.add(service)
    _fill(session, service, definition, known, stored)
    service.facts = {**service.facts, "digest": _sealed(digest, definition, known), "plugin": plugin}
    service.version += 1
    session.flush()
    _open_to(session, service, definition, known)
    session.add(_revision(service, origin))
    kind = "service.published" if service.is_published else "service.withdrawn"
    service.record(kind, origin, {"version": service.version, "service": definition.id})
    session.flush()
    return service


def unpublish(session: Session, service: Service, origin: Origin) -> None:
    """Take a service off the portal; its requests and its page stay."""
    if service.state == WITHDRAWN:
        return
    service.state, service.public, service.is_open = WITHDRAWN, False, False
    service.facts = {**service.facts, "digest": ""}
    session.execute(delete(PageAudience).where(PageAudience.page_id == service.id))
    service.version += 1
    session.add(_revision(service, origin))
    service.record("service.withdrawn", origin, {"version": service.version, "service": service.key})


def publish_all(
    session: Session, definitions: Iterable[ServiceDefinition], origin: Origin, *, plugin: str = CORE
) -> list[Service]:
    """Publish many; what they name is read once."""
    known = places(session)
    return [publish(session, definition, origin, plugin=plugin, known=known) for definition in definitions]


def sync_services(session: Session, snapshot: Snapshot, origin: Origin | None = None) -> int:
    """Publish what the core and the plugins contribute to the point ``service``; returns how many versions changed.

    A service whose plugin has gone stays in the catalogue and says "not available now".
    """
    origin = origin or Origin(None, clock.now())
    given = list(snapshot.each("service"))
    if not given:
        return 0
    known, changed = places(session), 0
    kept = unrestricted(select(Service.slug, Service.version), MARKED)
    before = {row[0]: row[1] for row in session.execute(kept)}
    for one in given:
        service = publish(session, one.value, origin, plugin=one.plugin, known=known, slug=one.key.lower())
        changed += service.version != before.get(service.slug)
    return changed


def wanted_departments(session: Session) -> dict[str, int]:
    """Departments that published services name and that are not there, with how many services name each."""
    there = set(session.scalars(select(Department.key)))
    statement = select(Service.fields["department"].as_string()).where(Service.is_open.is_(True), Service.slug != OTHER)
    named = Counter(session.scalars(unrestricted(statement, MARKED)))
    return {key: count for key, count in sorted(named.items()) if key and key not in there}


def import_services(session: Session, path: Path, origin: Origin, snapshot: Snapshot) -> list[Service]:
    """Publish a file, all of it or, with every fault named by file, line and key, nothing at all."""
    known = places(session)
    case_types = [c.key for c in snapshot.each("page_type") if isinstance(c.value, pages.CaseType)]
    definitions = load_services(
        path,
        Known(
            types=known.terms, case_types=case_types, departments=known.departments, branches=known.branches,
            groups=known.groups, roles=list(session.scalars(select(Role.key))), calendars=CALENDARS,
            approver_roles=list(session.scalars(select(BusinessOwner.role))),
            services={str(s.slug): s.offering for s in session.scalars(unrestricted(select(Service), MARKED))},
        ),
    )  # fmt: skip
    return [publish(session, definition, origin, plugin="import", known=known) for definition in definitions]


def form_type(definition: ServiceDefinition, slug: str = "") -> PageType:
    """The questions of a service as a page type: what its requests are read with for ever."""
    return PageType(
        key=f"service:{slug or definition.slug}",
        names=definition.name,
        fields=tuple(_plain(asked) for asked in definition.form),
    )


def _plain(asked: FieldDefinition) -> pages.Field:
    given = asked.model_dump(exclude={"prefill", "fields"})
    return pages.Field.model_validate({**given, "fields": tuple(_plain(one) for one in asked.fields)})


def _sealed(digest: str, definition: ServiceDefinition, known: Places) -> str:
    """The digest with what the names of the definition mean now: a new group of the same key is a change."""
    meant = (
        known.departments.get(definition.department),
        known.groups.get(definition.owner_group),
        [known.token(said) for said in definition.audience],
    )
    return sha256(f"{digest}{meant}".encode()).hexdigest()


def _fill(
    session: Session, service: Service, definition: ServiceDefinition, known: Places, stored: dict[str, Any]
) -> None:
    service.texts = {
        lang: {"title": definition.name[lang], "body": definition.description[lang]} for lang in definition.name
    }
    service.title, service.body, service.language = (
        definition.name[LANGUAGE],
        definition.description[LANGUAGE],
        LANGUAGE,
    )
    service.fields = stored
    service.state = PUBLISHED if definition.published else WITHDRAWN
    service.is_open = definition.published
    service.public = definition.published and "all" in definition.audience
    service.department_id = known.departments.get(definition.department)
    service.group_id = known.groups.get(definition.owner_group)
    service.facts = {
        "icon": definition.icon,
        "domain": definition.domain,
        "category": definition.category,
        "kind": definition.type,
        "opens": definition.opens,
        "questions": sum(not asked.internal for asked in definition.form),
        "promise": definition.promise,
        "hours": definition.sla.resolve_hours,
        "calendar": definition.sla.calendar,
        "audience": _tokens(definition, known),
        "form": stored_version(session, form_type(definition, str(service.slug))).id,
        "term": known.terms.get(definition.type),
    }


def _tokens(definition: ServiceDefinition, known: Places) -> list[str]:
    """The door's tokens; an audience of which nothing is known here is nobody, never everybody."""
    if "all" in definition.audience:
        return []
    return sorted(token for said in definition.audience if (token := known.token(said))) or ["nobody"]


def _open_to(session: Session, service: Service, definition: ServiceDefinition, known: Places) -> None:
    session.execute(delete(PageAudience).where(PageAudience.page_id == service.id))
    if definition.published:
        session.add_all(PageAudience(page_id=service.id, token=t) for t in _tokens(definition, known))


def _revision(service: Service, origin: Origin) -> Revision:
    return Revision(
        page_id=service.id, version=service.version, title=service.title, body=service.body, texts=service.texts,
        fields=service.fields, author_id=origin.by.id if origin.by else None, at=origin.at,
    )  # fmt: skip

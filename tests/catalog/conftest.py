"""Services of the tests: each shows one thing a service may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.catalog.definitions import ServiceDefinition
from acm.catalog.filing import Filing, file_request
from acm.catalog.models import Service
from acm.catalog.publishing import publish
from acm.journal import Origin
from acm.web.runtime import Runtime
from tests.cast import MONDAY

FRIDAY = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # 14:00 in Moscow
Define = Callable[..., ServiceDefinition]


def words(en: str) -> dict[str, str]:
    return {"ru": f"{en} по-русски", "en": en}


def question(key: str, kind: str = "text", **given: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "label": words(key.replace("_", " ").capitalize()), **given}


def define(key: str = "IT-004", **given: Any) -> ServiceDefinition:
    """A service of IT that Networks do: VPN access, unless told otherwise."""
    return ServiceDefinition.model_validate(
        {
            "id": key, "domain": "it", "category": "network", "type": "service_request", "department": "it",
            "icon": "key", "name": words("VPN access"), "description": words("Work from anywhere."),
            "owner_group": "it-net", "sla": {"calendar": "8x5", "response_hours": 1, "resolve_hours": 8},
            "form": [question("reason", "long_text", required=True)],
        }
        | given
    )  # fmt: skip


@pytest.fixture
def offer(session: Session) -> Callable[..., Service]:
    """``offer(approvals=[…])`` publishes a service and commits."""

    def make(key: str = "IT-004", **given: Any) -> Service:
        service = publish(session, define(key, **given), Origin(None, MONDAY))
        session.commit()
        return service

    return make


@pytest.fixture
def file(session: Session, person: Any, runtime: Runtime) -> Callable[..., Case]:
    """``file(service, "maria", reason="…")`` files and commits."""

    def send(service: Service, by: str = "maria", to: str | None = None, key: str = "", **values: Any) -> Case:
        draft = values.pop("draft", None)
        filing = Filing(service, values, person(by), person(to or by), "en", key=key, draft=draft)
        case = file_request(session, filing, Origin(person(by), FRIDAY), runtime.snapshot, "Europe/Moscow")
        session.commit()
        return case

    return send

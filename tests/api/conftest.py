"""The API as a program uses it: with a bearer token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acm import clock
from acm.catalog.filing import Filing, file_request
from acm.journal import Origin
from acm.people.signin import issue_token
from tests.catalog.conftest import offer

__all__ = ["offer"]


@pytest.fixture
def program(browse: Any, session: Any, person: Any) -> Callable[..., Any]:
    """``program("oleg")`` calls the API as Oleg; ``scopes=["read"]`` may not write."""

    def connect(login: str, scopes: tuple[str, ...] = ("read", "write")) -> Any:
        token = issue_token(session, person(login), name="test", scopes=list(scopes), days=1, now=clock.now())
        session.commit()
        client = browse()
        client.headers["authorization"] = f"Bearer {token}"
        client.headers.pop("x-csrf-token", None)
        return client

    return connect


@pytest.fixture
def vpn(session: Any, offer: Any, person: Any, runtime: Any) -> Any:
    """Maria's request for VPN access, which Networks do."""
    maria = person("maria")
    filing = Filing(offer(), {"reason": "I work from home"}, maria, maria, "en")
    case = file_request(session, filing, Origin(maria, clock.now()), runtime.snapshot, "Europe/Moscow")
    session.commit()
    return case

"""A thousand generated requests to every address of the API: never a 5xx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import select

from acm import clock
from acm.app import create_app
from acm.catalog.filing import Filing, file_request
from acm.catalog.publishing import publish
from acm.journal import Origin
from acm.people.models import Person
from acm.people.signin import issue_token
from acm.settings import Settings
from tests import databases
from tests.catalog.conftest import define

EXAMPLES = 40
"""For each of some 25 operations: more than a thousand requests in all."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    url = databases.make_template("sqlite", folder)
    app = create_app(
        Settings(data_dir=folder, database_url=url, secret_key="of no value", search="sqlite", language="en")
    )
    with app.runtime.db.writing(app.runtime.snapshot) as session:
        oleg = session.scalars(select(Person).where(Person.login == "oleg")).one()
        token = issue_token(session, oleg, name="", scopes=["read", "write"], days=1, now=clock.now())
        service = publish(session, define(), Origin(None, clock.now()))
        filing = Filing(service, {"reason": "home"}, oleg, oleg, "en")
        file_request(session, filing, Origin(oleg, clock.now()), app.runtime.snapshot, "Europe/Moscow")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.config.update(headers={"Authorization": f"Bearer {token}"})
    yield schema
    app.runtime.db.dispose()


def test_generated_requests_never_break_the_server(described):
    broken: list[str] = []
    statuses: Counter[int] = Counter()
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=(Phase.explicit, Phase.generate),
            derandomize=True, suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            _aim(case, statuses.total())
            answer = case.call()
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                broken.append(f"{answer.status_code} {case.method} {case.formatted_path} {case.query} {case.body}")

        ask()
    assert broken == []
    assert statuses.total() >= 1000
    assert statuses[200] > 100, f"the requests must reach the endpoints: {statuses}"
    assert statuses[401] == 0


def _aim(case: Any, turn: int) -> None:
    """Three of four requests go to what is really there, and half of the changes name a version."""
    if turn % 4:
        for name, real in (("number", "IT-1"), ("slug", "it-004"), ("key", "case_type")):
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = real
    if turn % 2 and case.method == "PATCH":
        case.headers = {**(case.headers or {}), "If-Match": "*"}

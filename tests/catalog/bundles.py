"""A bundle for tests: a joiner's order with an account, a laptop after it, a desk, and a car for some."""

from __future__ import annotations

from typing import Any

from tests.catalog.conftest import define, question, words


def part(key: str, service: str = "IT-002", **given: Any) -> dict[str, Any]:
    return {"key": key, "service": service, "title": words(key.capitalize()), **given}


def joiner(**given: Any) -> Any:
    """The order "New colleague" of HR: its parts are done by IT, the desk by HR itself."""
    form = [question("name", required=True), question("date", "date", required=True), question("car", "yes_no")]
    parts = [
        part("account", answers={"what": "name"}, start={"field": "date", "days": -3}),
        part("laptop", answers={"what": "'laptop'"}, after=["account"], start={"field": "date", "days": -1}),
        part("desk", "HR-002", answers={"what": "name"}, start={"field": "date", "days": -1}),
        part("car", answers={"what": "'car'"}, after=["laptop"], when="car"),
    ]
    return define(
        "HR-001", **{"department": "hr", "owner_group": "hr-ops", "name": words("New colleague"), "form": form,
                     "bundle": parts} | given,
    )  # fmt: skip


def works() -> list[Any]:
    """The services that its parts order."""
    what = [question("what", required=True)]
    return [
        define("IT-002", name=words("Work of IT"), form=what),
        define("HR-002", name=words("Work of HR"), form=what, department="hr", owner_group="hr-ops"),
    ]

"""The way of a demo case through the states of its type."""

from __future__ import annotations

import pytest

from acm.demo.lives import NotYet, way
from acm.pages.types import CaseType, StateCategory

REVIEWED = CaseType.model_validate(
    {
        "key": "test.reviewed",
        "names": {"en": "Reviewed"},
        "stages": [{"key": "all", "names": {"en": "All"}}],
        "states": [
            {"key": key, "names": {"en": key}, "category": category, "stage": "all"}
            for key, category in (
                ("new", "new"),
                ("in_progress", "active"),
                ("talks", "active"),
                ("agreed", "active"),
                ("done", "resolved"),
                ("cancelled", "cancelled"),
            )
        ],
        "transitions": [
            {"source": source, "target": target, "names": {"en": target}}
            for source, target in (
                ("new", "cancelled"),
                ("new", "in_progress"),
                ("in_progress", "talks"),
                ("talks", "in_progress"),
                ("talks", "agreed"),
                ("agreed", "done"),
            )
        ],
    }
)


def test_a_case_comes_to_its_end_though_its_states_of_work_go_in_a_circle() -> None:
    assert way(REVIEWED, "new", StateCategory.RESOLVED) == ["in_progress", "talks", "agreed", "done"]


def test_a_case_that_is_there_already_stays() -> None:
    assert way(REVIEWED, "talks", StateCategory.ACTIVE) == []


def test_no_way_leads_over_what_is_done() -> None:
    with pytest.raises(NotYet):
        way(REVIEWED, "in_progress", StateCategory.CLOSED)

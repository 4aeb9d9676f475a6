"""The doctor: every line is good, or says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from acm import clock
from acm.doctor import examine
from acm.jobs.models import Job
from tests.catalog.conftest import offer

__all__ = ["offer"]


def lines(runtime, now=None, *, deep=False):
    found = {}
    for finding in examine(runtime, now or clock.now(), deep=deep):
        found.setdefault(finding.subject, []).append((finding.is_well, finding.words))
    return found


def test_a_sound_installation_has_a_line_for_each_part(runtime, session):
    session.commit()
    found = lines(runtime, datetime(2026, 6, 1, tzinfo=UTC), deep=True)

    assert set(found) == {"database", "search", "jobs", "journal", "files", "calendar", "plugins", "settings", "audit"}
    assert all(
        is_well
        for subject in ("database", "jobs", "journal", "files", "calendar", "audit")
        for is_well, _ in found[subject]
    )


def test_it_warns_ninety_days_before_the_calendar_ends(runtime):
    [(is_well, words)] = lines(runtime, datetime(2026, 11, 22, tzinfo=UTC))["calendar"]

    assert not is_well
    assert "31.12.2026" in words


def test_a_job_that_failed_for_good_is_named(runtime, session):
    session.add(
        Job(
            name="mail.notification",
            state="failed",
            error="ConnectionRefusedError",
            run_at=clock.now(),
            created_at=clock.now(),
        )
    )
    session.commit()

    [(is_well, words)] = lines(runtime)["jobs"]

    assert not is_well
    assert "mail.notification" in words


def test_a_tampered_row_is_named(runtime, session, offer):
    service = offer()
    session.execute(text('UPDATE event SET data = \'{"slug": "other"}\' WHERE page_id = :page'), {"page": service.id})
    session.commit()

    found = lines(runtime, deep=True)["audit"]

    assert not found[0][0]
    assert f"stream page:{service.id}" in found[0][1]

"""The calendar of hearings: RFC 5545, whatever stands in the texts."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.legal.conftest import module

ical = module("ical")
AT = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)


def entry(**given: str) -> object:
    told = {"summary": "LG-1 · Vector", "place": "", "text": "", "url": "", **given}
    return ical.Entry(uid="LG-1-0@example.test", begins=AT, changed=AT, **told)


def lines(document: str) -> list[str]:
    assert document.endswith("\r\n")
    assert "\n" not in document.replace("\r\n", "")
    return document.replace("\r\n ", "").split("\r\n")[:-1]


def test_an_empty_calendar_is_a_calendar():
    assert lines(ical.calendar("Hearings", []))[0] == "BEGIN:VCALENDAR"
    assert lines(ical.calendar("Hearings", []))[-1] == "END:VCALENDAR"


def test_a_hearing_is_one_event_in_utc():
    found = lines(ical.calendar("Hearings", [entry(place="Court, room 3")]))

    assert found.count("BEGIN:VEVENT") == found.count("END:VEVENT") == 1
    assert {"UID:LG-1-0@example.test", "DTSTART:20261201T073000Z", "DTEND:20261201T083000Z"} <= set(found)
    assert "LOCATION:Court\\, room 3" in found


def test_texts_cannot_break_out_of_their_line():
    found = lines(ical.calendar("a", [entry(text="first\r\nBEGIN:VEVENT; one, two \\ three")]))

    assert "DESCRIPTION:first\\nBEGIN:VEVENT\\; one\\, two \\\\ three" in found
    assert found.count("BEGIN:VEVENT") == 1


def test_long_lines_are_folded_at_75_octets_and_no_letter_is_cut():
    document = ical.calendar("a", [entry(summary="Заседание " * 30)])

    for line in document.split("\r\n"):
        assert len(line.encode()) <= 75
    assert "SUMMARY:" + "Заседание " * 30 in lines(document)

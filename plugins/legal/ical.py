"""Hearings as a calendar: RFC 5545, one event a hearing, in UTC, so that no table of zones is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LASTS = timedelta(hours=1)
FOLD = 75
"""Octets of a line, its end apart (RFC 5545, 3.1)."""


@dataclass(frozen=True)
class Entry:
    """One event. ``changed`` is when it was last changed, ``sequence`` grows with that; ``uid`` stays for ever."""

    uid: str
    begins: datetime
    summary: str
    place: str
    text: str
    url: str
    changed: datetime
    sequence: int = 0


def calendar(name: str, entries: Iterable[Entry]) -> str:
    """The whole document, with line ends of CR LF."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ACM//Legal hearings//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        *(line for entry in entries for line in _event(entry)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(entry: Entry) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(entry.uid)}"
    yield f"DTSTAMP:{_utc(entry.changed)}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"LAST-MODIFIED:{_utc(entry.changed)}"
    yield f"DTSTART:{_utc(entry.begins)}"
    yield f"DTEND:{_utc(entry.begins + LASTS)}"
    yield f"SUMMARY:{escaped(entry.summary)}"
    if entry.place:
        yield f"LOCATION:{escaped(entry.place)}"
    if entry.text:
        yield f"DESCRIPTION:{escaped(entry.text)}"
    if entry.url:
        yield f"URL:{entry.url}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """A text as a value of the calendar: no line end, comma, semicolon or backslash of its own."""
    clean = text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return clean.replace(";", "\\;").replace(",", "\\,")


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets; no letter is cut in two."""
    pieces, piece, room = [], "", FOLD
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", FOLD - 1  # the blank that begins a piece counts
        piece += letter
        room -= size
    return "\r\n ".join([*pieces, piece])


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

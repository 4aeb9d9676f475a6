"""What a page of questions sent: answers as typed, lines of a repeated group, files; and stored answers as typed again.

Files of a repeated group go with their line: the line holds their ids, which the form sends back with it, so that
they stay where they are when a line above is taken away. Files of other questions are found by ``File.field``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import UploadFile

from acm.errors import Invalid, Problem, TooLarge
from acm.i18n import Message, _
from acm.pages.models import File
from acm.pages.types import Field, FieldKind
from acm.web.forms import Form

MOST_ROWS = 50
Keep = Callable[[str, UploadFile], File]


def sent_in(fields: Iterable[Field], form: Form) -> dict[str, Any]:
    """What was typed on a page; a box left empty is sent as nothing and is an answer too."""
    sent = set(form.text("asked").split(",")) | {name.partition("[")[0] for name in form.names()}
    on_page = [f for f in fields if f.key in sent]
    return typed_in(on_page, form) | {f.key: "no" for f in on_page if f.must_be_yes and not form.has(f.key)}


def typed_in(fields: Iterable[Field], form: Form, prefix: str = "") -> dict[str, Any]:
    """What a form sent for these questions, as typed. Only questions that were on the page are in it."""
    typed: dict[str, Any] = {}
    for one in fields:
        name = f"{prefix}{one.key}"
        if one.kind is FieldKind.GROUP:
            rows = _places(name, form)
            if rows or form.has(f"{name}_rows"):
                typed[one.key] = [typed_in(one.fields, form, f"{name}[{row}].") for row in rows]
        elif one.kind is FieldKind.FILE:
            if prefix and (kept := [int(text) for text in form.texts(name) if text.isdecimal() and len(text) < 12]):
                typed[one.key] = kept
        elif one.kind is FieldKind.MONEY:
            if form.has(name):
                typed[one.key] = {"amount": form.text(name), "currency": form.text(f"{name}_currency") or one.currency}
        elif one.kind is FieldKind.DATETIME:
            if form.has(name) or form.has(f"{name}_time"):
                typed[one.key] = {"date": form.text(name), "time": form.text(f"{name}_time")}
        elif one.multiple or one.kind is FieldKind.MULTI_CHOICE:
            typed[one.key] = [text for text in form.texts(name) if text]
        elif form.has(name):
            typed[one.key] = form.text(name)
    return typed


def take_lines(fields: Iterable[Field], typed: dict[str, Any], form: Form) -> None:
    """Add a line to a repeated group, or take one away, as the pressed button says."""
    for one in fields:
        rows = typed.get(one.key)
        if one.kind is not FieldKind.GROUP:
            continue
        if form.has(f"add_{one.key}"):
            typed[one.key] = [*(rows or [{}]), {}]
        elif form.has(f"remove_{one.key}") and rows:
            place = form.number(f"remove_{one.key}") or 0
            typed[one.key] = [row for at, row in enumerate(rows) if at != place]


def redraws(form: Form) -> bool:
    """Whether a button only changes the page: a refresh, a line more or less, a file taken away."""
    return any(name in ("refresh", "remove") or name.startswith(("add_", "remove_")) for name in form.names())


def take_files(
    fields: Iterable[Field], typed: dict[str, Any], form: Form, keep: Keep, *, most_mb: int
) -> dict[str, Message]:
    """Keep the files of a page, whatever else is wrong with it; ids go into the lines. The faults by input."""
    faults: dict[str, Message] = {}
    for name, field, line in _inputs(fields, typed, form):
        for upload in form.files(name):
            try:
                file = keep(field, upload)
            except TooLarge:
                faults[name] = _("The file is larger than %(size)s MB", size=most_mb)
            except Invalid as problem:
                faults[name] = _first(problem)
            except Problem as problem:
                if problem.status >= 500:
                    raise
                faults[name] = Message(problem.title)
            else:
                if line is not None:
                    line.setdefault(field.partition(".")[2], []).append(file.id)
    return faults


def drop_file(typed: Mapping[str, Any], file_id: int) -> None:
    """Forget a file that was taken away from a line of a repeated group."""
    for rows in typed.values():
        for line in rows if isinstance(rows, list) else []:
            for kept in line.values() if isinstance(line, dict) else []:
                if isinstance(kept, list) and file_id in kept:
                    kept.remove(file_id)


def file_question(fields: Sequence[Field], name: str) -> str:
    """``File.field`` of an input that takes files (``scan``, ``items[2].photo``); empty when there is none."""
    parts = [re.sub(r"\[\d{1,3}\]$", "", part) for part in name.split(".")]
    for part in parts:
        asked = next((f for f in fields if f.key == part), None)
        if asked is None:
            return ""
        fields = asked.fields
    return ".".join(parts) if asked is not None and asked.kind is FieldKind.FILE else ""


def as_typed(
    fields: Iterable[Field], values: Mapping[str, Any], zone: ZoneInfo, numbers: Mapping[int, str]
) -> dict[str, Any]:
    """Stored answers as somebody would type them; ``numbers`` are those of the pages that answers name."""
    return {
        one.key: _as_typed(one, values[one.key], zone, numbers) for one in fields if values.get(one.key) is not None
    }


def day_and_time(moment: str, zone: ZoneInfo) -> dict[str, str]:
    """A stored moment as the two inputs that ask for it."""
    local = datetime.fromisoformat(moment).astimezone(zone)
    return {"date": local.date().isoformat(), "time": local.strftime("%H:%M")}


def flat(fields: Iterable[Field]) -> Iterator[Field]:
    """Every question, those of repeated groups too."""
    for one in fields:
        yield one
        yield from flat(one.fields)


def takes_files(fields: Iterable[Field]) -> bool:
    return any(one.kind is FieldKind.FILE for one in flat(fields))


def _as_typed(one: Field, value: Any, zone: ZoneInfo, numbers: Mapping[int, str]) -> Any:
    if one.kind is FieldKind.GROUP:
        return [as_typed(one.fields, row, zone, numbers) for row in value]
    if one.kind is FieldKind.DATETIME and isinstance(value, str):
        return day_and_time(value, zone)
    if one.kind is FieldKind.PAGE and isinstance(value, int):
        return numbers.get(value, "")
    return value


def _inputs(
    fields: Iterable[Field], typed: Mapping[str, Any], form: Form
) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """The inputs that take files: name, ``File.field``, and the line for those of a repeated group."""
    for one in fields:
        if one.kind is FieldKind.FILE:
            yield one.key, one.key, None
        for inner in one.fields:
            if inner.kind is FieldKind.FILE:
                for place, line in zip(_places(one.key, form), typed.get(one.key) or [], strict=False):
                    yield f"{one.key}[{place}].{inner.key}", f"{one.key}.{inner.key}", line


def _places(name: str, form: Form) -> list[int]:
    """The places of the lines that were sent for a repeated group, in order."""
    pattern = re.compile(rf"{re.escape(name)}\[(\d{{1,4}})\]\.")
    return sorted({int(found[1]) for sent in form.names() if (found := pattern.match(sent))})[:MOST_ROWS]


def _first(problem: Invalid) -> Message:
    found = next(iter(problem.errors.values()))[0]
    return found if isinstance(found, Message) else Message(str(found))

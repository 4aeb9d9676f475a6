"""The versions of a contract: each a file, whose it is and what is new in it; the last one is the text of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acm.sdk import Case, Context, Invalid, Submitted, _

from .contracts import SIDES

ANSWER = "versions.text"
"""The question that the file of a version answers."""


@dataclass(frozen=True)
class Version:
    """One version. ``number`` counts from 1, which is the draft that came with the request."""

    number: int
    file: Any
    side: str
    note: str


def versions_of(ctx: Context, case: Case) -> Sequence[Version]:
    """The versions of a contract whose files are there, the oldest first: the draft of the request, then its lines."""
    files = {file.id: file for file in ctx.files.of(case)}
    drafts = case.fields.get("file")
    drafts = drafts if isinstance(drafts, list) else [drafts]
    lines = [{"text": draft} for draft in drafts] + list(case.fields.get("versions") or ())
    there = [line for line in lines if line.get("text") in files]
    return [
        Version(number, files[line["text"]], line.get("side") or "", line.get("note") or "")
        for number, line in enumerate(there, start=1)
    ]


def add_version(ctx: Context, case: Case, sent: Submitted) -> None:
    """Keep what was sent as the newest version of a contract that is held; :class:`Invalid` names what is missing."""
    uploads, side = sent.files("text"), sent.text("side")
    if len(uploads) != 1:
        raise Invalid({"text": [_("Choose the file of the version")]})
    if side and side not in {option.id for option in SIDES}:
        raise Invalid({"side": [_("Choose whose version it is")]})
    file = ctx.files.attach(case, uploads[0].filename or "", uploads[0].file.read(), field=ANSWER)
    line = {"text": file.id, "side": side or None, "note": sent.text("note")[:300] or None}
    kept = {name: value for name, value in line.items() if value is not None}
    ctx.cases.change(case, fields={"versions": [*(case.fields.get("versions") or ()), kept]})

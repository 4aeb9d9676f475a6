"""What a browser sent: texts cleaned once, files as they came."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from acm.errors import Invalid
from acm.i18n import _

LONGEST_TEXT = 100_000
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Form:
    """A submitted form. Texts come in NFC, with ``\\n`` line ends and without control characters."""

    def __init__(self, data: FormData) -> None:
        self.data = data

    def has(self, name: str) -> bool:
        return name in self.data

    def text(self, name: str) -> str:
        """The text under a name, stripped; empty when it was not sent."""
        value = self.data.get(name)
        return clean(value, name).strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password exactly as typed."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        return [clean(v, name).strip() for v in self.data.getlist(name) if isinstance(v, str)]

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not text.lstrip("-").isdecimal() or len(text) > 12:
            raise Invalid({name: [_("Enter a whole number")]})
        return int(text)

    def flag(self, name: str) -> bool:
        return self.text(name) in ("1", "on", "true", "yes")

    def files(self, name: str) -> list[UploadFile]:
        return [v for v in self.data.getlist(name) if isinstance(v, UploadFile) and v.filename]

    def names(self) -> list[str]:
        return list(dict.fromkeys(self.data.keys()))


async def submitted(request: Request) -> Form:
    """Dependency: the form of this request; an endpoint never parses one itself."""
    return Form(await request.form(max_files=50, max_fields=2000))


Submitted = Annotated[Form, Depends(submitted)]


def clean(text: str, name: str = "") -> str:
    """Text as it may be stored: NFC, ``\\n`` line ends, no NUL or other control characters, none that turn the order of
    letters round (they would turn the page around the text too); refuses the endless."""
    if len(text) > LONGEST_TEXT:
        raise Invalid({name: [_("This text is too long")]})
    return storable(text)


def storable(text: str) -> str:
    """A text without what cannot be stored: NUL and other controls, halves of surrogate pairs."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in text if c in "\n\t" or (unicodedata.category(c) != "Cc" and c not in TURNING))

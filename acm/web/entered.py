"""What somebody typed into a form that was not taken: it stands on the answer, to be sent again with one press."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acm.i18n import Message, _
from acm.web import csrf
from acm.web.forms import Form

HIDDEN = frozenset({"version", "seen", "next", "generation"})
"""Fields of ours that nobody typed: they are sent again and not shown."""
SECRET = ("password", "secret")
OURS = {"title": _("Title"), "text": _("Text"), "body": _("Text"), "comment": _("Comment")}
"""What fields of our own forms are called."""
Label = Message | Mapping[str, str] | str


@dataclass(frozen=True)
class Entered:
    """One value of a form; files are known by their names, and have to be chosen again."""

    name: str
    label: Label
    text: str
    is_file: bool = False

    @property
    def is_shown(self) -> bool:
        return self.name not in HIDDEN and not self.name.endswith("_currency")


def entered(form: Form, labels: Mapping[str, Label]) -> list[Entered]:
    """What was typed, under the names that its fields have in ``labels``; secrets not at all."""
    return list(_each(form, {**OURS, **labels}))


def _each(form: Form, labels: Mapping[str, Label]) -> Iterator[Entered]:
    for name in form.names():
        if name != csrf.FIELD and not any(word in name.lower() for word in SECRET):
            label = labels.get(name, name)
            yield from (Entered(name, label, text) for text in form.texts(name) if text)
            yield from (Entered(name, label, file.filename or "", is_file=True) for file in form.files(name))

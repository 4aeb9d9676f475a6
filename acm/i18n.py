"""Two languages: message catalogues (gettext ``.po``) for our texts, ``{ru, en}`` words for people's content.

Message ids are English. ``acm/locale/<lang>/*.po`` are merged, one file per concept; plugins add their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("ru", "en")
LOCALE_DIR = Path(__file__).parent / "locale"

Words = Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """A text that is translated where it is shown: a message id, its params, and a plural where ``num`` counts."""

    id: str
    params: Mapping[str, object] = field(default_factory=dict)
    plural: str = ""

    def __str__(self) -> str:
        text = self.plural if self.plural and self.params.get("num") != 1 else self.id
        params = {name: words(v, "en") if isinstance(v, Mapping) else v for name, v in self.params.items()}
        return text % params if params else text


def _(text: str, **params: object) -> Message:
    """Mark a text for translation, with its ``%(name)s`` params."""
    return Message(text, params)


def ngettext(one: str, many: str, num: int, **params: object) -> Message:
    """Mark a text that agrees with a number, written ``%(num)s``."""
    return Message(one, {"num": num, **params}, many)


@dataclass(frozen=True)
class Translator:
    """Texts in one language."""

    lang: str
    texts: Mapping[str, tuple[str, ...]]
    plural_form: Callable[[int], int]

    def gettext(self, text: str) -> str:
        found = self.texts.get(text)
        return found[0] if found and found[0] else text

    def ngettext(self, one: str, many: str, num: int) -> str:
        found = self.texts.get(one)
        if found and len(found) > 1:
            form = found[min(self.plural_form(num), len(found) - 1)]
            if form:
                return form
        return one if num == 1 else many

    def say(self, message: object) -> str:
        """A :class:`Message`, words by language, or a plain text, in this language."""
        if isinstance(message, Message):
            template = (
                self.ngettext(message.id, message.plural, int(str(message.params["num"])))
                if message.plural
                else self.gettext(message.id)
            )
            params = {
                name: self.say(v) if isinstance(v, (Message, Mapping)) else v for name, v in message.params.items()
            }
            return template % params if params else template
        if isinstance(message, Mapping):
            return words(message, self.lang)
        return self.gettext(message) if isinstance(message, str) else str(message)


def words(texts: Words | None, lang: str) -> str:
    """The text in the reader's language, else in any."""
    if not texts:
        return ""
    return texts.get(lang) or next((text for text in texts.values() if text), "")


@cache
def translator(lang: str, extra: tuple[Path, ...] = (), own: Path | None = None) -> Translator:
    """The translator of a language; ``extra`` are locale directories of plugins (``<dir>/<lang>/**/*.po``).

    Where two translate one text, the core's words hold, so that no plugin changes another's screens; ``own`` is the
    directory of the plugin whose screen it is, and its words come before all.
    """
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    texts: dict[str, tuple[str, ...]] = {}
    for directory in (*reversed(extra), LOCALE_DIR, *([own] if own else [])):
        for path in sorted((directory / lang).rglob("*.po")):
            texts.update(_read(path))
    return Translator(lang, texts, _russian if lang == "ru" else _english)


def _read(path: Path) -> Iterable[tuple[str, tuple[str, ...]]]:
    with path.open("rb") as file:
        for entry in read_po(file):
            if not entry.id or entry.fuzzy:
                continue
            if isinstance(entry.id, str):
                yield entry.id, (str(entry.string),)
            else:
                yield entry.id[0], tuple(str(form) for form in entry.string or ())


def _russian(n: int) -> int:
    n = abs(n)
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else 2


def _english(n: int) -> int:
    return 0 if n == 1 else 1

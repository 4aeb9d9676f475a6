"""``acm plugin new NAME``: the folder of a plugin that runs, with tests, to begin from.

What it is made of lies in ``templates-for-new``: files whose words in capitals are replaced.
"""

from __future__ import annotations

import re
from pathlib import Path

from acm.errors import Problem

MODELS = Path(__file__).parent / "templates-for-new"
SUFFIX = ".in"
SLUG = re.compile(r"[a-z][a-z0-9_]{2,30}")
RESERVED = frozenset({"acm", "plugins", "acm_plugins", "core", "static"})


def scaffold(
    target: Path, *, declarative: bool = False, en: str = "", ru: str = "", department: str = "it"
) -> list[Path]:
    """Write the files of a new plugin into the folder ``target``, whose name becomes its slug; returns them.

    ``en`` and ``ru`` are its name; without them it is called as its folder. Raises :class:`Problem` when the name
    cannot be one, or when something of that name is there already; then nothing was written.
    """
    slug = target.name
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        raise Problem(
            f"{slug!r} cannot be the name of a plugin: small letters, digits and _, 3 to 31 of them, a letter first"
        )
    if target.exists():
        raise Problem(f"{target} is there already: choose another name, or remove it first")
    for name in (en, ru):
        if not all(sign.isalnum() or sign in " -_()«»" for sign in name):
            raise Problem(f"{name!r} cannot be the name of a plugin: use letters, digits, spaces and dashes")
    en = en or slug.replace("_", " ").capitalize()
    words = {
        "NAME_EN": en, "NAME_RU": ru or en, "SLUG": slug, "SERIES": _series(slug), "QUEUE": slug.replace("_", "-"),
        "GROUP": slug.replace("_", "-"), "DEPARTMENT": department,
    }  # fmt: skip
    model = MODELS / ("declarative" if declarative else "python")
    written = []
    for file in sorted(model.rglob(f"*{SUFFIX}")):
        place = target / _filled(str(file.relative_to(model)).removesuffix(SUFFIX), words)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_filled(file.read_text(encoding="utf-8"), words), encoding="utf-8")
        written.append(place)
    return written


def _series(slug: str) -> str:
    """Two or three capital letters that its numbers begin with: AL for asset_loans."""
    parts = [part for part in slug.split("_") if part[:1].isalpha()]
    initials = "".join(part[0] for part in parts[:3])
    return (initials if len(initials) > 1 else "".join(re.findall("[a-z]", slug))[:2]).upper().ljust(2, "X")


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"\b(NAME_EN|NAME_RU)\b|(SLUG|SERIES|QUEUE|GROUP|DEPARTMENT)", lambda found: words[found[0]], text)

"""What pages bring to the core's extension points."""

from __future__ import annotations

from typing import Any

from acm.i18n import _
from acm.pages import event_words
from acm.pages.kinds import CATEGORY, TYPES
from acm.snapshot import Contribution
from acm.web.templating import UI


def contributions() -> list[Contribution]:
    return [
        *(Contribution("page_type", definition.key, definition) for definition in TYPES),
        *(Contribution("event_words", kind, words) for kind, words in event_words.WORDS.items()),
        Contribution("vocabulary", CATEGORY.key, CATEGORY),
        Contribution("menu", "kb", knowledge, order=40),
        Contribution("menu", "taxonomy", taxonomy, order=50),
    ]


def knowledge(ui: UI) -> dict[str, Any]:
    """The knowledge base, in the overview of the workplace."""
    path = ui.request.url.path
    current = path == "/kb" or path.startswith("/kb/")
    return {"key": "kb", "href": "/kb", "label": ui.say(_("Knowledge base")), "icon": "book", "current": current}


def taxonomy(ui: UI) -> dict[str, Any]:
    """Vocabularies and terms."""
    current = ui.request.url.path.startswith("/taxonomy")
    return {
        "key": "taxonomy",
        "href": "/taxonomy",
        "label": ui.say(_("Vocabularies")),
        "icon": "tag",
        "current": current,
    }

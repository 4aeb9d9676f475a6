"""The core's own types of pages: articles of the knowledge base and announcements."""

from __future__ import annotations

from acm.pages.types import Field, FieldKind, PageType
from acm.taxonomy.definitions import VocabularyDefinition

ARTICLE = PageType(
    key="article",
    kind="article",
    names={"ru": "Статья", "en": "Article"},
    series="KB",
    icon="book",
    translated=True,
    fields=(
        Field(
            key="checked_until",
            kind=FieldKind.DATE,
            label={"ru": "Проверена до", "en": "Checked until"},
            help={
                "ru": "После этого дня статью нужно перечитать",
                "en": "After this day the article must be read again",
            },
        ),
    ),
)

ANNOUNCEMENT = PageType(
    key="announcement",
    kind="announcement",
    names={"ru": "Объявление", "en": "Announcement"},
    series="NW",
    icon="speakerphone",
    translated=True,
    fields=(
        Field(
            key="from_day",
            kind=FieldKind.DATE,
            label={"ru": "Показывать с", "en": "Show from"},
        ),
        Field(
            key="until_day",
            kind=FieldKind.DATE,
            label={"ru": "Показывать до", "en": "Show until"},
        ),
    ),
)

CATEGORY = VocabularyDefinition(key="category", names={"ru": "Разделы", "en": "Topics"}, tree=True)
"""The topics of articles; its terms are the company's own."""

TYPES = (ARTICLE, ANNOUNCEMENT)

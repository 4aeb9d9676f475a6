"""The one service of the core: a request in free words, for what stands in no catalogue."""

from __future__ import annotations

from acm.catalog.definitions import FieldDefinition, ServiceDefinition, Sla
from acm.pages.types import FieldKind

OTHER_SERVICE = ServiceDefinition(
    id="RQ-0",
    domain="other",
    category="other",
    type="service_request",
    department="other",
    icon="chat",
    name={"ru": "Другая просьба", "en": "Something else"},
    description={
        "ru": "Опишите просьбу своими словами. Мы сами передадим её тем, кто поможет.",
        "en": "Say what you need in your own words. We pass it to those who can help.",
    },
    synonyms={
        "ru": ("другое", "не нашёл услугу", "просьба", "вопрос", "помощь"),
        "en": ("other", "something else", "question", "help", "no such service"),
    },
    promise={"ru": "Ответим за 1 рабочий день", "en": "We answer within 1 working day"},
    owner_group="front-desk",
    sla=Sla(calendar="8x5", response_hours=8, resolve_hours=40),
    form=(
        FieldDefinition(
            key="subject",
            kind=FieldKind.TEXT,
            required=True,
            max_length=120,
            label={"ru": "Коротко: что нужно", "en": "In short: what you need"},
            help={"ru": "Например: подпись на старом договоре", "en": "For example: a signature on an old contract"},
        ),
        FieldDefinition(
            key="details",
            kind=FieldKind.LONG_TEXT,
            required=True,
            label={"ru": "Подробности", "en": "Details"},
            help={"ru": "Что, когда и зачем", "en": "What, when and why"},
        ),
        FieldDefinition(
            key="department",
            kind=FieldKind.DEPARTMENT,
            label={"ru": "Кому передать", "en": "Who should get it"},
            help={"ru": "Не знаете: оставьте пустым", "en": "Leave it empty if you do not know"},
        ),
        FieldDefinition(key="file", kind=FieldKind.FILE, label={"ru": "Вложение", "en": "Attachment"}),
    ),
)

"""Companies and contacts: whom we sell to, who complains, with whom we speak."""

from __future__ import annotations

from acm.sdk import Field, FieldKind, PageType

from .names import key_of, phone_key
from .words import options, words

COMPANY, CONTACT = "crm.company", "crm.contact"
KINDS = {"companies": COMPANY, "contacts": CONTACT}

INDUSTRIES = options(
    ("trade", "Торговля", "Trade"),
    ("industry", "Производство", "Manufacturing"),
    ("building", "Строительство", "Construction"),
    ("finance", "Финансы", "Finance"),
    ("transport", "Транспорт", "Transport"),
    ("public", "Государственный сектор", "Public sector"),
    ("services", "Услуги", "Services"),
)
PHONE = Field(key="phone", kind=FieldKind.PHONE, label=words("Телефон", "Phone"))
EMAIL = Field(key="email", kind=FieldKind.EMAIL, label=words("Почта", "E-mail"), indexed=True, searched=True)

KEYS = (
    Field(key="name_key", label=words("Название для сравнения", "Name to compare"), indexed=True,
          read_only_when="true", internal=True),
    Field(key="phone_key", label=words("Телефон для сравнения", "Phone to compare"), indexed=True,
          read_only_when="true", internal=True),
    Field(key="merged_into", kind=FieldKind.PAGE, label=words("Объединено с", "Merged into"), indexed=True,
          read_only_when="true"),
)  # fmt: skip
"""What the plugin writes itself: duplicates are found by the first two, the last one is set by a merge."""

COMPANY_TYPE = PageType(
    key=COMPANY,
    names=words("Компания", "Company"),
    series="CO",
    icon="building",
    fields=(
        Field(key="tax_id", label=words("ИНН", "Tax number"), indexed=True, searched=True,
              help=words("10 цифр у организации, 12 у предпринимателя", "10 digits for a company, 12 for a sole trader")),
        Field(key="industry", kind=FieldKind.CHOICE, label=words("Отрасль", "Industry"), options=INDUSTRIES, indexed=True),
        PHONE,
        EMAIL,
        Field(key="site", kind=FieldKind.URL, label=words("Сайт", "Website")),
        Field(key="address", label=words("Адрес", "Address")),
        *KEYS,
    ),
)  # fmt: skip
CONTACT_TYPE = PageType(
    key=CONTACT,
    names=words("Контакт", "Contact"),
    series="CT",
    icon="user",
    fields=(
        Field(key="company", kind=FieldKind.PAGE, label=words("Компания", "Company"), indexed=True),
        Field(key="role", label=words("Должность", "Position")),
        PHONE,
        EMAIL,
        *KEYS,
    ),
)


def keys_of(title: str, phone: str) -> dict[str, str | None]:
    """What duplicates are found by, beside the tax number and the e-mail."""
    return {"name_key": key_of(title) or None, "phone_key": phone_key(phone) or None}

"""Names, phones and addresses brought to one form, so that the same company written twice is one."""

from __future__ import annotations

import re
import unicodedata

LEGAL_FORM = re.compile(
    r"ооо|[опз]?ао|нао|ип|гк|тд|нко|фгуп|муп|гуп|inc|l?l[cp]|lllp|ltd|limited|plc|corp|corporation|co|company|gmbh|ag|sa|"
    r"srl|bv|nv|oy|ab|as"
)
LONG_FORMS = (
    "общество с ограниченной ответственностью",
    "публичное акционерное общество",
    "акционерное общество",
    "индивидуальный предприниматель",
)
LEAST_PHONE = 6


def key_of(name: str) -> str:
    """A name without legal form, case, quotes, accents and order of words: ``ООО «Ромашка»`` is ``ромашка``."""
    text = unicodedata.normalize("NFKD", name.casefold()).replace("и\u0306", "й")
    text = "".join(c for c in text if not unicodedata.combining(c) or c == "\u0306").replace("ё", "е")
    for form in LONG_FORMS:
        text = text.replace(form, " ")
    parts = re.findall(r"\w+", text.replace("&", " ").replace(".", ""))
    kept = [part for part in parts if not LEGAL_FORM.fullmatch(part)] or parts
    return " ".join(sorted(kept))


def phone_key(phone: str) -> str:
    """The last ten digits: ``8 (917) 555-01-23`` and ``+7 917 5550123`` are one; empty for what is no phone."""
    digits = re.sub(r"\D", "", phone)
    return digits[-10:] if len(digits) >= LEAST_PHONE else ""


def email_key(email: str) -> str:
    return email.strip().casefold()


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)

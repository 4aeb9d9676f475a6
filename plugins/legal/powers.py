"""Powers of attorney: who may act for the company, in what, up to which sum and until when; and who may sign what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from acm.sdk import CaseType, Field, FieldKind, Stage, StateCategory, Transition

from .flow import approval, endings, path, state, ways_out, words

KEY = "legal.power"
VOCABULARY = "legal.powers"
SIGNING = "contracts"
"""The term that lets its holder sign contracts."""
IN_FORCE = "issued"

POWERS = (
    (SIGNING, words("Подписывать договоры", "Sign contracts")),
    ("acts", words("Подписывать акты и накладные", "Sign acceptance papers")),
    ("claims", words("Подписывать претензии и ответы", "Sign claims and answers")),
    ("court", words("Вести дела в судах", "Appear in court")),
    ("court_special", words("Отказ от иска, мировое соглашение", "Withdraw a suit, settle in court")),
    ("bank", words("Распоряжаться счетами", "Dispose of bank accounts")),
    ("tax", words("Представлять в налоговых органах", "Act before tax authorities")),
    ("authorities", words("Представлять в органах власти", "Act before authorities")),
    ("goods", words("Получать товары и документы", "Receive goods and papers")),
    ("staff", words("Подписывать кадровые документы", "Sign personnel papers")),
)

STAGES = (
    Stage(key="intake", names=words("Приём", "Intake")),
    Stage(key="approval", names=words("Согласование", "Approval")),
    Stage(key="draft", names=words("Оформление", "Drafting")),
    Stage(key="force", names=words("Действует", "In force")),
    Stage(key="end", names=words("Прекращена", "Ended")),
)
STATES = (
    state("new", "Новая", "New", StateCategory.NEW, "intake"),
    approval("approval"),
    state("in_progress", "Оформляется", "Being drawn up", StateCategory.ACTIVE, "draft"),
    state("waiting", "Ждём сведений", "Waiting for details", StateCategory.WAITING, "draft"),
    state(IN_FORCE, "Действует", "In force", StateCategory.RESOLVED, "force"),
    state("closed", "Срок истёк", "Expired", StateCategory.CLOSED, "end"),
    state("revoked", "Отозвана", "Revoked", StateCategory.CLOSED, "end"),
    *endings("end"),
)
TRANSITIONS = (
    *path(
        ("new", "in_progress", "Взять в работу", "Take into work"),
        ("in_progress", "waiting", "Спросить", "Ask"),
        ("waiting", "in_progress", "Ответ получен", "Answered"),
        ("in_progress", IN_FORCE, "Выдать", "Issue"),
    ),
    Transition(source=IN_FORCE, target="closed", names=words("Срок истёк", "Expired"), by="system"),
    Transition(source=IN_FORCE, target="revoked", names=words("Отозвать", "Revoke"), needs_comment=True),
    Transition(source=IN_FORCE, target="in_progress", names=words("Вернуть в работу", "Reopen"), needs_comment=True),
    *ways_out("new", "in_progress", "waiting"),
)
FIELDS = (
    Field(key="employee", kind=FieldKind.PERSON, label=words("Представитель", "Holder"), indexed=True),
    Field(key="powers", kind=FieldKind.MULTI_CHOICE, vocabulary=VOCABULARY, label=words("Полномочия", "Powers")),
    Field(key="limit", kind=FieldKind.MONEY, currency="RUB", min=0,
          label=words("Предел суммы сделки, руб.", "Limit of a deal, RUB"),
          help=words("Пусто: без предела", "Empty: without a limit")),
    Field(key="date_from", kind=FieldKind.DATE, label=words("Действует с", "Valid from"), indexed=True),
    Field(key="date_to", kind=FieldKind.DATE, label=words("Действует по", "Valid until"), indexed=True,
          help=words("Последний день; после него закроется сама", "The last day; then it closes by itself")),
    Field(key="substitution", kind=FieldKind.YES_NO, label=words("Можно передоверить", "May be delegated")),
    Field(key="revoked_on", kind=FieldKind.DATE, label=words("Отозвана", "Revoked on"),
          help=words("С этого дня по ней подписать нельзя", "From this day on nothing can be signed by it")),
)  # fmt: skip
POWER = CaseType(
    key=KEY,
    names=words("Доверенность", "Power of attorney"),
    series="LG",
    icon="writing-sign",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    fields=FIELDS,
)


@dataclass(frozen=True)
class Power:
    """One power of attorney as far as the right to sign asks. ``limit`` None is without a limit."""

    number: str
    powers: frozenset[str]
    limit: Decimal | None
    currency: str
    begins: date | None
    ends: date | None
    revoked: date | None
    in_force: bool

    def held_on(self, day: date) -> bool:
        """Whether it is valid on a day: issued, begun, not ended, not revoked."""
        if not self.in_force or (self.revoked is not None and self.revoked <= day):
            return False
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)

    def covers(self, amount: Decimal, currency: str) -> bool:
        """Whether a deal of that sum is within its limit; a limit in another currency covers nothing."""
        return self.limit is None or (self.currency == currency and amount <= self.limit)


@dataclass(frozen=True)
class Refusal:
    """Why somebody may not sign: ``none`` at all, not ``valid`` that day, no ``power`` to sign, over the ``limit``.
    ``nearest`` is the power that comes closest."""

    reason: str
    nearest: Power | None = None


def authority(powers: Iterable[Power], amount: Decimal, currency: str, day: date) -> Power | Refusal:
    """The power of attorney by which a contract of that sum may be signed on that day, or why there is none."""
    left = list(powers)
    if not left:
        return Refusal("none")
    for reason, test in (
        ("valid", lambda power: power.held_on(day)),
        ("power", lambda power: SIGNING in power.powers),
        ("limit", lambda power: power.covers(amount, currency)),
    ):
        nearest, left = max(left, key=_breadth), [power for power in left if test(power)]
        if not left:
            return Refusal(reason, nearest)
    return max(left, key=_breadth)


def read(number: str, state_key: str, fields: Mapping[str, Any]) -> Power:
    """A power of attorney from the fields of its case."""
    limit = fields.get("limit") or {}
    return Power(
        number=number,
        powers=frozenset(fields.get("powers") or ()),
        limit=Decimal(limit["amount"]) if limit else None,
        currency=str(limit.get("currency", "")),
        begins=_day(fields.get("date_from")),
        ends=_day(fields.get("date_to")),
        revoked=_day(fields.get("revoked_on")),
        in_force=state_key == IN_FORCE,
    )


def _breadth(power: Power) -> tuple[bool, Decimal, date]:
    return power.limit is None, power.limit or Decimal(0), power.ends or date.max


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None

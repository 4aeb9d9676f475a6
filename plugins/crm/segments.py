"""Segments: companies that meet a saved rule, who joined and left when, and what share of them stays.

Membership is counted over all that the plugin keeps, whoever asks, so its pages belong to nobody and only the plugin reads
them; a segment is kept by sales, and a company in it is shown to those who may see the company.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from acm.sdk import Context, Field, FieldKind, Page, PageType

from .desk import SALES, places, shared
from .parties import COMPANY
from .segment_rules import members_of, read_rule
from .words import words

SEGMENT, MEMBERSHIP = "crm.segment", "crm.membership"
BATCH = 500
MONTHS = 12
NIGHTLY = "40 2 * * *"

SEGMENT_TYPE = PageType(
    key=SEGMENT,
    names=words("Сегмент", "Segment"),
    series="SG",
    icon="filter",
    fields=(
        Field(key="rule", kind=FieldKind.LONG_TEXT, label=words("Правило", "Rule")),
        Field(key="description", kind=FieldKind.LONG_TEXT, label=words("Описание", "Description")),
        Field(key="clients", kind=FieldKind.YES_NO, label=words("По нему считают отток", "Churn is counted over it"),
              indexed=True),
    ),
)  # fmt: skip
MEMBERSHIP_TYPE = PageType(
    key=MEMBERSHIP,
    names=words("Участие в сегменте", "Membership of a segment"),
    series="SM",
    icon="users",
    fields=(
        Field(key="segment", kind=FieldKind.PAGE, label=words("Сегмент", "Segment"), indexed=True),
        Field(key="company", kind=FieldKind.PAGE, label=words("Компания", "Company"), indexed=True),
        Field(key="joined_on", kind=FieldKind.DATE, label=words("Вошла", "Joined")),
        Field(key="left_on", kind=FieldKind.DATE, label=words("Вышла", "Left")),
        Field(key="brief", kind=FieldKind.YES_NO, label=words("Вошла и вышла в одном месяце", "Joined and left in one month")),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Month:
    """How a segment stood at the beginning of a month, who came in it, and who of those at its beginning left."""

    first: date
    start: int
    joined: int
    left: int

    @property
    def retained(self) -> float | None:
        """Percent of those at its beginning who stayed; None where there was nobody."""
        return round(100 * (self.start - self.left) / self.start, 1) if self.start else None


def kept(ctx: Context) -> dict[str, object]:
    """How a segment is kept: sales own it and read it, nobody else, since it tells of deals."""
    place = places(ctx)[SALES]
    return {**shared(ctx), "audience": [f"d:{place.department}", f"g:{place.group}"]}


def refresh_all(ctx: Context) -> None:
    """Every night: bring the members of each segment to what its rule says."""
    cursor = ""
    while True:
        found = ctx.pages.list(SEGMENT, order="id", cursor=cursor)
        for segment in found.items:
            refresh(ctx, segment)
        if not (cursor := found.next):
            return


def refresh(ctx: Context, segment: Page) -> tuple[int, int]:
    """Bring the members of one to its rule at ``ctx.now()``; how many joined and how many left. A rule that cannot be read
    any more changes nothing."""
    own = ctx if ctx.user is None else ctx.itself
    held = own.pages.get(segment.id, lock=True)  # two at once would let the same company join twice
    conditions, faults = read_rule(str(held.fields.get("rule") or ""))
    if faults:
        own.log.warning("segment.unreadable", number=held.number)
        return 0, 0
    wanted, today = members_of(own, conditions), own.today()
    there: set[int] = set()
    left = 0
    for one in _current(own, held):
        company = int(one.fields["company"])
        if company in wanted and company not in there:
            there.add(company)
            continue
        brief = company in wanted or one.fields["joined_on"][:7] == today.isoformat()[:7]
        own.pages.change(one, fields={"left_on": today, "brief": True if brief else None})
        left += 1
    new = sorted(wanted - there)
    for place in range(0, len(new), BATCH):
        for page in own.pages.by_ids(new[place : place + BATCH]).values():
            given = {"segment": held, "company": page, "joined_on": today}
            own.pages.create(MEMBERSHIP, title=page.title, fields=given)
    return len(new), left


def counts(ctx: Context) -> Mapping[int, int]:
    """How many members each segment has now, by its id."""
    found = ctx.itself.pages.tally(MEMBERSHIP, by="segment", where={"left_on": None})
    return {int(one.part): one.count for one in found}


def months_of(ctx: Context, segment: Page) -> Sequence[Month]:
    """The last months since it has members, the present one first, in two statements."""
    first = ctx.today().replace(day=1)
    came, went = (_by_month(ctx, segment, name) for name in ("joined_on", "left_on"))
    begun = min(came, default="")
    found: list[Month] = []
    while begun and len(found) < MONTHS and f"{first:%Y-%m}" >= begun:
        month = f"{first:%Y-%m}"
        start = sum(n for key, n in came.items() if key < month) - sum(n for key, n in went.items() if key < month)
        found.append(Month(first, start, came[month], went[month]))
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def churned(ctx: Context) -> tuple[Page, Sequence[Month]] | None:
    """The segment that says who our clients are, if the person may see it, with its months."""
    found = ctx.pages.list(SEGMENT, {"clients": True}, order="id", limit=1).items
    return (found[0], months_of(ctx, found[0])) if found else None


def _by_month(ctx: Context, segment: Page, name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    where = {"segment": segment, "brief": None, f"{name} !=": None}
    for one in ctx.itself.pages.tally(MEMBERSHIP, by=name, where=where):
        found[str(one.part)[:7]] += one.count
    return found


def _current(ctx: Context, segment: Page) -> Sequence[Page]:
    """Everybody who is in it, read before anything is changed."""
    found: list[Page] = []
    cursor = ""
    while True:
        where = {"segment": segment, "left_on": None}
        part = ctx.pages.list(MEMBERSHIP, where, order="id", limit=BATCH, cursor=cursor)
        found += part.items
        if not (cursor := part.next):
            return found


def companies_in(ctx: Context, memberships: Sequence[Page]) -> Mapping[int, Page]:
    """The companies of memberships that the person may see, by id."""
    found = ctx.pages.by_ids(int(one.fields["company"]) for one in memberships)
    return {key: page for key, page in found.items() if page.type == COMPANY}

"""What was said: calls, meetings and letters on a company, a contact or a deal, with what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Case, Context, Ctx, Event, Field, FieldKind, Invalid, Page, PageType, Submitted, _, router

from .deals import DEAL
from .desk import SALES, places, require_desk, shared
from .forms import Sheet
from .parties import COMPANY, CONTACT
from .words import label_of, options, words

KEY = "crm.interaction"
KINDS = options(("call", "Звонок", "Call"), ("meeting", "Встреча", "Meeting"), ("mail", "Письмо", "Mail"))
DIRECTIONS = options(("out", "мы", "we to them"), ("in", "нам", "they to us"))
ICONS = {"call": "phone", "meeting": "users", "mail": "mail"}
SHOWN = 15
BESIDE, MANY = 3, 500
LONGEST = 5000
Text = Annotated[str, Query(max_length=200)]

INTERACTION = PageType(
    key=KEY,
    names=words("Общение", "Interaction"),
    series="TK",
    icon="chat",
    fields=(
        Field(key="about", kind=FieldKind.PAGE, label=words("О ком или о чём", "About"), indexed=True),
        Field(key="company", kind=FieldKind.PAGE, label=words("Компания", "Company"), indexed=True),
        Field(key="kind", kind=FieldKind.CHOICE, label=words("Как", "How"), options=KINDS),
        Field(key="direction", kind=FieldKind.CHOICE, label=words("Кто начал", "Who began"), options=DIRECTIONS),
        Field(key="held_on", kind=FieldKind.DATE, label=words("Когда", "When")),
        Field(key="next_step", label=words("Следующий шаг", "Next step")),
        Field(key="next_on", kind=FieldKind.DATE, label=words("Его день", "Its day")),
    ),
)  # fmt: skip

pages = router()


@dataclass(frozen=True)
class Talk:
    """One of them as a list shows it."""

    page: Page
    icon: str
    kind: Any
    direction: Any
    held_on: date
    next_on: date | None

    @property
    def next_step(self) -> str:
        return str(self.page.fields.get("next_step") or "")


def talks_of(ctx: Context, page: Page, limit: int = SHOWN) -> Sequence[Talk]:
    """The latest first: of a company also those on its contacts and deals, as far as the person may see them."""
    by = "company" if page.type == COMPANY else "about"
    return [_shown(one) for one in ctx.pages.list(KEY, {by: page}, order="-held_on", limit=limit).items]


@pages.get("/talks/new")
def ask(ctx: Ctx, about: Text = "") -> Response:
    """The form for a call, a meeting or a letter."""
    require_desk(ctx)
    return _form(ctx, _subject(ctx, about), {})


@pages.post("/talks")
def write_down(ctx: Ctx, sent: Submitted) -> Response:
    """Write it down; the next step of a deal becomes that of the deal."""
    require_desk(ctx)
    subject = _subject(ctx, sent.text("about"))
    sheet = Sheet(ctx, sent)
    summary = sent.text("summary")[:LONGEST]
    sheet.typed["summary"] = summary
    if not summary:
        sheet.errors["summary"] = _("Write what was said")
    held_on = sheet.day("held_on") or ctx.today()
    fields: dict[str, Any] = {
        "kind": sheet.choice("kind", KINDS) or "call", "direction": sheet.choice("direction", DIRECTIONS) or "out",
        "held_on": held_on, "next_step": sheet.text("next_step"), "next_on": sheet.day("next_on"),
    }  # fmt: skip
    if held_on > ctx.today():
        sheet.errors["held_on"] = _("What was said cannot be later than today")
    if sheet.errors:
        return _form(ctx, subject, sheet.typed, sheet)
    company = subject if subject.type == COMPANY else subject.fields.get("company")
    given = {name: value for name, value in {**fields, "about": subject, "company": company}.items() if value}
    talk = ctx.pages.create(KEY, title=summary.splitlines()[0][:120], body=summary, fields=given, **_kept(ctx, subject))
    if subject.confidential and subject.owner is not None:
        ctx.itself.pages.admit(talk, subject.owner)
    if isinstance(subject, Case) and fields["next_step"] and ctx.can("page.work", subject):
        ctx.cases.change(subject, fields={"next_step": fields["next_step"], "next_on": fields["next_on"]})
    return ctx.ui.redirect(address(subject)) if ctx.ui else Response()


def follow_deal(ctx: Context, event: Event) -> None:
    """What was said on a deal is for those who see the deal: when it becomes confidential or changes hands, so do they."""
    if event.data.get("field") not in ("confidential", "group", "owner"):
        return
    deal = ctx.cases.of(event)
    if deal is None or deal.type != DEAL:
        return
    cursor = ""
    while True:
        found = ctx.pages.list(KEY, {"about": deal}, order="id", limit=MANY, cursor=cursor)
        for talk in found.items:
            ctx.pages.entrust(talk, confidential=deal.confidential, group=deal.group)
            if deal.owner is not None:
                ctx.pages.admit(talk, deal.owner)
        if not (cursor := found.next):
            return


def beside(ctx: Context, case: Case) -> str | None:
    """At the side of a deal: the last talks, and the way to write one down."""
    if case.type != DEAL or not ctx.can("page.work", case):
        return None
    return ctx.fragment("talks_aside.html", case=case, talks=talks_of(ctx, case, BESIDE))


def address(page: Page) -> str:
    """Where a company, a contact or a deal is shown."""
    where = {COMPANY: "/p/crm/companies/", CONTACT: "/p/crm/contacts/"}.get(page.type, "/cases/")
    return f"{where}{page.number}"


def _subject(ctx: Context, number: str) -> Page:
    page: Page = ctx.pages.find(number)
    if page.type == DEAL:
        return ctx.cases.find(number, lock=ctx.ui is not None and ctx.ui.request.method == "POST")
    if page.type not in (COMPANY, CONTACT):
        raise Invalid({"about": [_("Talks are written down on a company, a contact or a deal")]})
    return page


def _kept(ctx: Context, subject: Page) -> dict[str, Any]:
    """Who reads it: whoever reads its subject, and nobody else."""
    known = shared(ctx)
    if subject.type != DEAL:
        return known
    place = places(ctx)[SALES]
    known["audience"] = [f"d:{place.department}", f"g:{place.group}"]
    return {**known, "group": subject.group, "confidential": subject.confidential}


def _form(ctx: Context, subject: Page, given: dict[str, Any], sheet: Sheet | None = None) -> Response:
    def shown(known: Any) -> list[dict[str, str]]:
        return [{"value": option.id, "label": ctx._(option.label)} for option in known]

    return ctx.page(
        "talk_form.html", subject=subject, back=address(subject), given=given, kinds=shown(KINDS),
        directions=shown(DIRECTIONS), errors=sheet.summary() if sheet else [], faults=sheet.faults() if sheet else {},
        status=422 if sheet else 200,
    )  # fmt: skip


def _shown(page: Page) -> Talk:
    fields = page.fields
    next_on = fields.get("next_on")
    return Talk(
        page, ICONS[fields["kind"]], label_of(KINDS, fields["kind"]), label_of(DIRECTIONS, fields["direction"]),
        date.fromisoformat(fields["held_on"]), date.fromisoformat(next_on) if next_on else None,
    )  # fmt: skip

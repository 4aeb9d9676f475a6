"""Insider matters: seen by those who are named, and by nobody else of Legal or above."""

from __future__ import annotations

from acm.sdk import Case, CaseType, Context, Field, FieldKind, Invalid, Person, Stage, StateCategory, Transition, _

from .flow import endings, path, state, words

KEY = "legal.insider"

STAGES = (
    Stage(key="work", names=words("Работа", "Work")),
    Stage(key="end", names=words("Итог", "Outcome")),
)
INSIDER = CaseType(
    key=KEY,
    names=words("Инсайдерское дело", "Insider matter"),
    series="LG",
    icon="lock",
    confidential=True,
    states=(
        state("new", "Новое", "New", StateCategory.NEW, "work"),
        state("in_progress", "В работе", "In progress", StateCategory.ACTIVE, "work"),
        state("waiting", "Ждём", "Waiting", StateCategory.WAITING, "work"),
        state("resolved", "Решено", "Settled", StateCategory.RESOLVED, "end"),
        state("closed", "Закрыто", "Closed", StateCategory.CLOSED, "end"),
        *endings("end"),
    ),
    transitions=(
        *path(
            ("new", "in_progress", "Взять в работу", "Take into work"),
            ("in_progress", "waiting", "Ждать", "Wait"),
            ("waiting", "in_progress", "Продолжить", "Go on"),
            ("in_progress", "resolved", "Решено", "Settled"),
            ("resolved", "closed", "Закрыть", "Close"),
        ),
        Transition(source="resolved", target="in_progress", names=words("Вернуть в работу", "Reopen"),
                   needs_comment=True),
        Transition(source="new", target="cancelled", names=words("Отозвать", "Withdraw"), by="requester"),
        Transition(source="in_progress", target="rejected", names=words("Отклонить", "Reject"), needs_comment=True),
    ),
    stages=STAGES,
    fields=(
        Field(key="event", kind=FieldKind.LONG_TEXT, label=words("Что стало известно", "What became known")),
        Field(key="public_on", kind=FieldKind.DATE, label=words("Раскрытие", "Disclosure"),
              help=words("День, с которого сведения открыты", "The day from which it is public")),
    ),
)  # fmt: skip


def open_matter(ctx: Context, title: str, event: str, logins: str) -> Case:
    """Open a matter for the person who tells it, its keeper and those they name; :class:`Invalid` for an unknown name."""
    errors: dict[str, list[object]] = {}
    named = []
    for login in logins.replace(",", " ").split():
        person = ctx.people.find(login.removeprefix("@"))
        if person is None or not person.active:
            errors.setdefault("people", []).append(_("There is no colleague with the login %(login)s", login=login))
        else:
            named.append(person)
    if not title:
        errors["title"] = [_("Say in a few words what it is about")]
    if not event:
        errors["event"] = [_("Say what became known")]
    if errors:
        raise Invalid(errors)
    requester = ctx.user.person if ctx.user else None
    case = ctx.cases.open(
        KEY, title=title, fields={"event": event}, requester=requester, owner=_keeper(ctx), confidential=True
    )
    ctx.itself.cases.admit(case, *named)
    return case


def _keeper(ctx: Context) -> Person | None:
    login = str(ctx.settings.get("keeper_of_insiders", ""))
    if login and (person := ctx.people.find(login)) is not None:
        return person
    legal = ctx.people.department("legal")
    head = legal.head_id if legal else None
    return ctx.people.by_ids([head]).get(head) if head is not None else None

"""Changing cases: one property by its name, the talk of those who work them, taking the next, many at once.

The case page, the bulk bar, the API and the plugins' screens all go through :func:`set_property`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from acm.cases.approving import answered
from acm.cases.filtering import CaseFilter, Vantage, matching
from acm.cases.listing import order_of
from acm.cases.models import Case
from acm.errors import Invalid, NotFound, Problem
from acm.i18n import Message, _
from acm.journal import Origin
from acm.pages.comments import add_comment
from acm.pages.models import Comment
from acm.pages.terms import add_to_page, remove_from_page
from acm.pages.types import StateCategory
from acm.pages.visibility import visible_page
from acm.people.models import Group, Person
from acm.people.rights import Grants, require
from acm.taxonomy.models import Term

MOST_AT_ONCE = 200
LONGEST_TITLE = 300
BUSY = _("The system is busy. Try again in a moment")


@dataclass(frozen=True)
class Failure:
    """A case of a bulk change that stayed as it was, and why."""

    number: str
    title: str
    reasons: Sequence[Message | str]


@dataclass
class Outcome:
    """What a bulk change did."""

    changed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


def set_property(session: Session, case: Case, name: str, text: str, origin: Origin, *, comment: str = "") -> None:
    """Give one property of a case a value as people write it; :class:`Invalid` names the property."""
    setter = PROPERTIES.get(name)
    if setter is None:
        raise Invalid({name: [_("This cannot be changed here")]})
    if name == "state":
        move(session, case, text, origin, comment=comment)
    else:
        setter(session, case, text.strip(), origin)


def move(
    session: Session, case: Case, target: str, origin: Origin, *, comment: str = "", audience: str = "all"
) -> None:
    """Move a case on by one of the type's transitions; words that go with it become a comment."""
    if target == case.state:
        return
    case.move(target, origin, comment=comment)
    if comment.strip():
        say(session, case, comment, origin, audience=audience)


def say(
    session: Session, case: Case, body: str, origin: Origin, *, audience: str = "all", worker: bool = True
) -> Comment:
    """Comment on a case. The first public one of a worker is the response; the requester's goes on with the work."""
    comment = add_comment(session, case, body, origin, audience=audience)
    asker = origin.by is not None and origin.by.id in (case.requester_id, case.beneficiary_id)
    if audience == "all" and asker:
        answered(session, case, origin)
        waited = case.current.category is StateCategory.WAITING and case.is_served
        if waited and (target := _after_answer(case)):
            case.move(target, origin, by="requester")
    elif audience == "all" and worker:
        case.respond(origin)
    return comment


def take(case: Case, person: Person, origin: Origin) -> None:
    """Take a case into one's own work; a new one goes into work where its type allows that without a word."""
    case.assign(origin, owner=person)
    if case.current.category is not StateCategory.NEW:
        return
    for step in case.moves():
        if step.by == "worker" and not step.needs_comment and _category(case, step.target) is StateCategory.ACTIVE:
            case.move(step.target, origin)
            return


def take_next(
    session: Session, filters: Sequence[CaseFilter], sort: str, vantage: Vantage, person: Person, origin: Origin
) -> Case | None:
    """Take the first case of a queue that nobody has; two who press at once get two cases. None when none is left."""
    free = CaseFilter.read({"owner": "none", "category": "open"})
    statement = matching(session, [*filters, free], vantage)
    statement = statement.where(_workable(vantage.grants))
    order = [
        column.asc().nulls_last() if not desc else column.desc() for column, desc in order_of(sort, "", open_only=True)
    ]
    locked = statement.order_by(*order).limit(1).with_for_update(of=Case, skip_locked=True)
    case: Case | None = session.scalars(locked.execution_options(populate_existing=True)).first()
    if case is not None:
        take(case, person, origin)
    return case


def change_many(
    session: Session, numbers: Sequence[str], changes: Mapping[str, str], comment: str, grants: Grants, origin: Origin,
    *, audience: str = "all",
) -> Outcome:  # fmt: skip
    """Apply the same changes to many cases, each in a savepoint: what cannot be changed is reported, the rest is."""
    numbers = sorted({number.strip().upper() for number in numbers if number.strip()})
    if not numbers:
        raise Invalid({"number": [_("Choose at least one case")]})
    if len(numbers) > MOST_AT_ONCE:
        raise Invalid({"number": [_("At most %(most)s cases can be changed at once", most=MOST_AT_ONCE)]})
    outcome = Outcome()
    for number in numbers:
        title, told = "", len(session.info.setdefault("recorded", []))
        try:
            with session.begin_nested():
                case: Case = visible_page(session, grants, number, Case, lock=True)
                title = case.title
                require(grants, "page.work", case)
                _change(session, case, changes, comment, origin, audience)
                session.flush()
            outcome.changed.append(number)
        except Problem as problem:
            del session.info["recorded"][told:]
            outcome.failed.append(Failure(number, title, _reasons(problem)))
        except DBAPIError:
            del session.info["recorded"][told:]
            outcome.failed.append(Failure(number, title, [BUSY]))
    return outcome


def find_worker(session: Session, text: str) -> Person:
    """The active person meant by an id, a login, an e-mail or a name; :class:`Invalid` when that is nobody or several."""
    wanted = text.strip()
    ways = [Person.login == wanted.lower(), Person.email == wanted.lower()]
    if wanted.isdecimal() and len(wanted) < 10:
        ways.append(Person.id == int(wanted))
    statement = select(Person).where(Person.active, or_(*ways)).limit(2)
    found = list(session.scalars(statement))
    if not found and wanted:
        full = Person.given + " " + Person.family
        turned = Person.family + " " + Person.given
        named = or_(full == wanted, turned == wanted, func.lower(Person.latin) == wanted.lower())
        found = list(session.scalars(select(Person).where(Person.active, Person.login.is_not(None), named).limit(2)))
    if len(found) != 1:
        raise Invalid({"owner": [_("Nobody is called “%(name)s”. Choose from the list", name=wanted)]})
    return found[0]


def _change(
    session: Session, case: Case, changes: Mapping[str, str], comment: str, origin: Origin, audience: str
) -> None:
    for name in ORDER:
        if name in changes:
            set_property(session, case, name, changes[name], origin)
    target = changes.get("state", "")
    if target and target != case.state:
        move(session, case, target, origin, comment=comment, audience=audience)
    elif comment.strip():
        say(session, case, comment, origin, audience=audience)


def _owner(session: Session, case: Case, text: str, origin: Origin) -> None:
    if text in ("", "none"):
        case.change("owner", None, origin)
        return
    person = session.get(Person, origin.by.id) if text == "me" and origin.by else find_worker(session, text)
    case.assign(origin, owner=person)


def _group(session: Session, case: Case, text: str, origin: Origin) -> None:
    ways = [Group.key == text]
    if text.isdecimal() and len(text) < 10:
        ways.append(Group.id == int(text))
    group = session.scalars(select(Group).where(or_(*ways))).first()
    if group is None:
        raise Invalid({"group": [_("Choose one of the offered values")]})
    case.assign(origin, owner=None, group=group)


def _priority(session: Session, case: Case, text: str, origin: Origin) -> None:
    target = case.case_type.target(int(text)) if text.isdecimal() and len(text) < 4 else None
    if target is None:
        raise Invalid({"priority": [_("Choose one of the offered values")]})
    case.change("priority", target.priority, origin)


def _impact(session: Session, case: Case, text: str, origin: Origin) -> None:
    if text not in {option.id for option in case.case_type.impacts}:
        raise Invalid({"impact": [_("Choose one of the offered values")]})
    case.change("impact", text, origin)


def _urgency(session: Session, case: Case, text: str, origin: Origin) -> None:
    if text not in {option.id for option in case.case_type.urgencies}:
        raise Invalid({"urgency": [_("Choose one of the offered values")]})
    case.change("urgency", text, origin)


def _title(session: Session, case: Case, text: str, origin: Origin) -> None:
    if not text:
        raise Invalid({"title": [_("Write something first")]})
    if len(text) > LONGEST_TITLE:
        raise Invalid({"title": [_("This text is too long")]})
    case.change("title", text, origin)


def _confidential(session: Session, case: Case, text: str, origin: Origin) -> None:
    if text not in ("yes", "no"):
        raise Invalid({"confidential": [_("Choose yes or no")]})
    case.change("confidential", text == "yes", origin)


def _term(session: Session, case: Case, text: str, origin: Origin) -> None:
    """``12`` adds a term, ``-12`` takes it off."""
    digits = text.removeprefix("-")
    term = session.get(Term, int(digits)) if digits.isdecimal() and len(digits) < 10 else None
    if term is None:
        raise Invalid({"term": [_("Choose one of the offered values")]})
    changed = (remove_from_page if text.startswith("-") else add_to_page)(session, case, term, origin)
    case.version += changed


def _state(session: Session, case: Case, text: str, origin: Origin) -> None:
    move(session, case, text, origin)


PROPERTIES: dict[str, Callable[[Session, Case, str, Origin], None]] = {
    "owner": _owner, "group": _group, "state": _state, "priority": _priority, "impact": _impact, "urgency": _urgency,
    "title": _title, "confidential": _confidential, "term": _term,
}  # fmt: skip
ORDER = ("group", "owner", "impact", "urgency", "priority", "term", "title", "confidential")


def _after_answer(case: Case) -> str | None:
    for step in case.case_type.moves_from(case.state):
        if step.by == "requester" and _category(case, step.target) in (StateCategory.ACTIVE, StateCategory.NEW):
            return step.target
    return None


def _category(case: Case, state: str) -> StateCategory:
    return case.case_type.state(state).category


def _workable(grants: Grants) -> ColumnElement[bool]:
    """The cases this person may work, as a condition: the same rule as ``may(…, "page.work", case)``."""
    groups, departments = sorted(grants.groups), sorted(grants.departments_with("case.work"))
    everywhere = "case.work" in grants.everywhere
    return or_(
        Case.group_id.in_(groups),
        Case.confidential.is_(False)
        & (Case.department_id.in_(departments) if not everywhere else Case.id.is_not(None)),
    )


def _reasons(problem: Problem) -> list[Message | str]:
    if isinstance(problem, Invalid):
        return [
            text if isinstance(text, (Message, str)) else str(text)
            for texts in problem.errors.values()
            for text in texts
        ]
    if isinstance(problem, NotFound):
        return [_("There is no such case for you")]
    return [Message(problem.detail or problem.title, problem.params)]

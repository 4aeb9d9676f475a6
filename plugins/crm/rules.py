"""The rules of complaints: their steps are promised, ticked by those who may, and nothing is closed without its cause."""

from __future__ import annotations

from acm.sdk import Case, Context, Event, Forbidden, Invalid, Person, StateCategory, _

from .complaints import ANSWER, DECIDED, DECISION, HEAD, KEY, Line, category_of, due_of, lines
from .desk import CARE
from .names import key_of
from .parties import COMPANY

NOT_YOURS = _("The head of client care takes this decision")


def answer_is_due(ctx: Context, event: Event) -> None:
    """A complaint that came, or got another category, promises the last day of its procedure."""
    case = ctx.cases.of(event)
    if case is None or case.type != KEY or event.data.get("field") not in (None, "category", "fields.category"):
        return
    due = due_of(category_of(case.fields), case.opened_at)
    if case.is_open and case.due_at != due:
        ctx.cases.promise(case, due)
    if event.kind == "case.opened" and not case.fields.get("company"):
        find_client(ctx, case)


def find_client(ctx: Context, case: Case) -> None:
    """The company that a complaint names in words, when there is exactly one of that name."""
    name = key_of(str(case.fields.get("client") or ""))
    found = ctx.pages.list(COMPANY, {"name_key": name, "merged_into": None}, limit=2).items if name else ()
    if len(found) == 1:
        ctx.cases.change(case, fields={"company": found[0]})


def cause_is_known(ctx: Context, case: Case) -> object:
    """Refuse to answer or close a complaint whose category wants a root cause, until there is one."""
    if case.type == KEY and category_of(case.fields).root_cause and not case.fields.get("root_cause"):
        return _("Write the root cause first: complaints of this category are not closed without it")
    return None


def steps_are_done(ctx: Context, case: Case, target: str) -> object:
    """Refuse to say "answered" while steps before the answer are open, and to close while any is."""
    if case.type != KEY:
        return None
    known = lines(case.fields, case.opened_at, ctx.zone)
    keys = [line.step.key for line in known]
    if case.case_type.state(target).category is StateCategory.RESOLVED and ANSWER in keys:
        known = known[: keys.index(ANSWER)]
    left = [line.step.names for line in known if line.done_on is None]
    if not left:
        return None
    return {
        "ru": f"Сначала отметьте шаги разбора: {', '.join(names['ru'] for names in left)}",
        "en": f"Tick the steps of its procedure first: {', '.join(names['en'] for names in left)}",
    }


def decided_by_whom_it_names(ctx: Context, case: Case, target: str, by: Person | None) -> object:
    """Refuse a decision, also that to reject, of somebody whom the category does not name."""
    if case.type != KEY or target not in (DECIDED, "rejected") or decides(ctx, case, by):
        return None
    return NOT_YOURS


def note_decision(ctx: Context, event: Event) -> None:
    """Who decides ticks the step of the decision by it."""
    case = ctx.cases.of(event)
    if case is None or case.type != KEY or event.data.get("to") != DECIDED or event.actor_id is None:
        return
    there = case.fields.get("steps") or []
    if all(row["step"] != DECISION for row in there) and DECISION in {s.key for s in category_of(case.fields).steps}:
        on = event.at.astimezone(ctx.zone).date().isoformat()
        ctx.cases.change(case, fields={"steps": [*there, {"step": DECISION, "done_on": on, "by": event.actor_id}]})


def decides(ctx: Context, case: Case, person: Person | None) -> bool:
    """Whether the category of a complaint lets the person decide it."""
    if category_of(case.fields).decides != HEAD:
        return True
    care = ctx.people.department(CARE)
    return care is not None and person is not None and care.head_id == person.id


def may_tick(ctx: Context, case: Case, key: str) -> bool:
    """Whether the person may tick a step: who works the complaint; a decision, the one whom its category names."""
    if ctx.user is None or not ctx.can("page.work", case):
        return False
    return key != DECISION or decides(ctx, case, ctx.user.person)


def tick(ctx: Context, case: Case, done: set[str]) -> None:
    """Set which steps are done; each keeps its day and who did it. :class:`Forbidden` for the decision of another."""
    known = {line.step.key: line for line in lines(case.fields, case.opened_at, ctx.zone)}
    if unknown := done - known.keys():
        raise Invalid({"step": [_("There is no such step")]} if unknown else {})
    changed = {key for key, line in known.items() if (line.done_on is not None) != (key in done)}
    for key in changed:
        if not may_tick(ctx, case, key):
            raise Forbidden(ctx._(NOT_YOURS))
    if changed:
        ctx.cases.change(case, fields={"steps": [_row(ctx, known[key]) for key in known if key in done]})


def _row(ctx: Context, line: Line) -> dict[str, object]:
    by = line.by if line.done_on else ctx.user.person.id if ctx.user else None
    return {"step": line.step.key, "done_on": (line.done_on or ctx.today()).isoformat(), "by": by}

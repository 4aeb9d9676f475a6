"""Every extension point: what kind it is, when it is called, what it gives back, and what happens when it raises.

With the signatures of :class:`acm.sdk.Registrar` and of the context this is printed as
``docs/reference/extension-points.md`` (``tools/reference.py``); a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """One method of the registrar. ``kind``: declare (data), call, collect, veto, filter or react."""

    name: str
    kind: str
    called: str
    returns: str
    raises: str
    example: str


SLOTS = {
    "portal.home": "the portal; nothing is given",
    "case.aside": "the side of a case page; `case` is given",
    "case.tabs": "a tab of a case page that leads to a screen of the plugin, `{label, href, count}`; `case` is given",
    "queue.column": "a value in each row of a list of cases, `{title, cells}`; `cases` are given, all rows at once",
    "page.aside": "the side of any other page; `page` is given",
    "person.aside": "below a person's contact data; `person` is given",
    "panel.widget": "below a panel; `panel` is given, its key",
}
"""Places that the core's screens keep for plugins, and what each gives to the callable."""

POINTS = (
    Point(
        "case_type",
        "declare",
        called="never: it is data, stored as a version of the type",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.case_type(CaseType(key="loans.loan", names=…, series="LN", states=…, transitions=…, stages=…))""",
    ),
    Point(
        "page_type",
        "declare",
        called="never: it is data, stored as a version of the type",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.page_type(PageType(key="loans.device", names=…, series="DV", fields=fields_of(Device)))""",
    ),
    Point(
        "vocabulary",
        "declare",
        called="never: it is written when the plugin is enabled",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.vocabulary("loans.reason", {"ru": "Причина", "en": "Reason"}, [("broken", {"ru": "Сломано", "en": "Broken"})])""",
    ),
    Point(
        "queue",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.queue("loans", {"ru": "Выдача", "en": "Loans"}, {"type": "loans.loan", "category": "open"}, audience=("d:it",))""",
    ),
    Point(
        "measure",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.measure(Measure(key="loans.given", names=…, fact=FactKind.OPENED))""",
    ),
    Point(
        "widget",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.widget(Widget(key="loans.figure_given", kind="figure", measure="loans.given"))""",
    ),
    Point(
        "panel",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.panel(Panel(key="loans", titles=…, department="it", widgets=("loans.figure_given",)))""",
    ),
    Point(
        "importer",
        "call",
        called="by `acm import <key> FILE`, without a person",
        returns="a Report",
        raises="the command says it and ends with 1; batches written before stay",
        example="""\
p.importer("loans-csv", {"ru": "Выдача, CSV", "en": "Loans, CSV"}, read_loans)    # def read_loans(run: Import) -> Report""",
    ),
    Point(
        "veto",
        "veto",
        called="in the transaction of the change, before it, `fn(ctx, case, **facts)`; at an opening `fn(ctx, definition, opening)`. Facts are `by` (a person or None) and `target`, or `field` and `value`; a function may take fewer. Without a person: it sees the plugin's own pages. Not for imports",
        returns="None to let it pass, else words for the person: a text, a message, or `{en, ru}`. The first refusal wins",
        raises='what it wrote is undone; it passes, or is refused where the manifest says `on_failure = "refuse"`',
        example="""\
p.veto("case.before_close", no_open_hearing)    # def no_open_hearing(ctx, case, target, by) -> words or None""",
    ),
    Point(
        "filter",
        "filter",
        called="on the way of the value, `fn(ctx, value, **facts)`; for a mail the facts are `person` and `page`",
        returns="a value of the same type",
        raises="the value before it is kept",
        example="""\
p.filter("mail.render_body", sign)    # def sign(ctx, body: str, person, page) -> str""",
    ),
    Point(
        "react",
        "react",
        called="after the commit, from the journal, at least once, in order, without a person, `fn(ctx, event)`. `ctx.key` is the same each time an event comes. Imported events are not told",
        returns="nothing",
        raises="what it wrote is undone; it is called again after 10 s, 10 s, 1 min, 10 min and 1 h, then it is given up: on the page of the plugin somebody lets it be tried again or lets it go; other events go on",
        example="""\
p.react("case.closed", thank)    # def thank(ctx: Context, event: Event) -> None""",
    ),
    Point(
        "job",
        "call",
        called="by a worker, in a transaction of its own, `fn(ctx)` or `fn(ctx, payload)`, at least once; parked while the plugin is away, and what fell due meanwhile runs once",
        returns="nothing",
        raises="with a payload it is tried again after 10 s, 1 min, 10 min and 1 h, then it is given up as a reactor is; by a schedule it waits for the next time",
        example="""\
p.job("remind", remind, schedule="0 8 * * 1-5")      # def remind(ctx)
p.job("send", send, payload=Letter)                 # def send(ctx, payload: Letter); ctx.enqueue("send", Letter(…))""",
    ),
    Point(
        "upgrade",
        "call",
        called="by a worker, some pages at a time, never on reading, `fn(fields)`: pure",
        returns="the fields in the next shape",
        raises="the pages stay as they were, and are tried again",
        example="""\
p.upgrade(from_=1, fn=lambda fields: {**fields, "days": fields.get("days", 0)})""",
    ),
    Point(
        "notification",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.notification("late", {"en": "%(number)s is due on %(day)s", "ru": "%(number)s: срок %(day)s"})
# ctx.notify(case.owner, "late", case, day=due)""",
    ),
    Point(
        "search_field",
        "declare",
        called="never: it is data",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.search_field("loans.device", "serial")""",
    ),
    Point(
        "seed",
        "call",
        called="by `acm demo`, once, in a transaction of its own, `fn(ctx)` without a person",
        returns="nothing",
        raises="the demo is made without it, and says so",
        example="""\
p.seed(plant)    # def plant(ctx: Builder): ctx.at(day, by=keeper).cases.open("loans.loan", title="Laptop")""",
    ),
    Point(
        "on_start",
        "call",
        called="when a process that answers requests has loaded the plugin, before it takes the place of the version before, `fn(ctx)` without a person; not while it is probed or checked as text",
        returns="nothing, or a coroutine, which runs in the loop of the process",
        raises="`NotReady` is asked again after 5, 10, 20, 40 s and then each 80 s; anything else is asked again with the next switch of a plugin or the next start. Meanwhile the version before goes on in this process, or the addresses answer 503; the plugin is failing, the reason stands on its page",
        example="""\
p.on_start(connect)    # async def connect(ctx): raise NotReady("The register does not answer") or ctx.spawn(listen(ctx))""",
    ),
    Point(
        "on_stop",
        "call",
        called="once a load, after the last request that began with it, or after 30 s, and at the end of the process, `fn(ctx)` without a person; the next version serves already",
        returns="nothing, or a coroutine, which runs in the loop of the process",
        raises="it is noted; the load goes all the same",
        example="""\
p.on_stop(disconnect)    # def disconnect(ctx)""",
    ),
    Point(
        "feed",
        "call",
        called="by a GET with the token of a person, with the rights that person has now, `fn(ctx)`",
        returns="the document, a text or bytes",
        raises="502 with the number of the error",
        example="""\
p.feed("due", due_calendar)    # def due_calendar(ctx) -> str; in a template: <a href="{{ ctx.feed_url("due") }}">""",
    ),
    Point(
        "role",
        "declare",
        called="never: it is made when the plugin is enabled",
        returns="nothing",
        raises="the plugin is not enabled",
        example="""\
p.role("loans.keeper", {"en": "Keeper", "ru": "Хранитель"}, ("page.read", "case.work", "loans.approve"))""",
    ),
    Point(
        "router",
        "call",
        called="by requests to its addresses, in the plugin's own sub-application",
        returns="a response",
        raises="a page that names the plugin and the number of the error; a Problem is said as it stands",
        example="""\
pages = router()

@pages.get("/overdue")
def overdue(ctx: Ctx) -> Response:
    return ctx.page("overdue.html", cases=ctx.cases.own(category="active"))

p.router(pages, permission="loans.look")""",
    ),
    Point(
        "slot",
        "collect",
        called="when the place is drawn, in the plugin's own threads, with a session of its own that only reads, `fn(ctx, **subject)`",
        returns="markup or None; of `case.tabs` and `queue.column` a mapping, its cells by the number of the case",
        raises="its place says so, with the number of the error",
        example="""\
p.slot("portal.home", lambda ctx: ctx.fragment("home.html"))""",
    ),
    Point(
        "menu",
        "collect",
        called="when the side bar is drawn, `fn(ctx)`",
        returns="`{key, href, label, icon}` or None",
        raises="the entry is left out",
        example="""\
p.menu(lambda ctx: {"key": "loans", "href": "/p/loans/overdue", "label": ctx._(_("Loans")), "icon": "box"})""",
    ),
)

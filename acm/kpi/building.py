"""A panel as one reader sees it: the sums it needs in one statement, the names in another, then its widgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from acm.i18n import Message, _, ngettext, words
from acm.kpi import saying
from acm.kpi.declarations import STAYS, Measure, Widget
from acm.kpi.drill import Links
from acm.kpi.figures import Question, ask, kinds_of
from acm.kpi.gauge_views import gauge_view
from acm.kpi.gauges import gauged
from acm.kpi.marks import marks_of
from acm.kpi.names import names_of
from acm.kpi.panels import OpenPanel, measure_of, widgets_of
from acm.kpi.periods import Choice
from acm.kpi.scope import Scope
from acm.kpi.views import Material, View, contributions, service_name, view
from acm.snapshot import Snapshot


@dataclass(frozen=True)
class Headline:
    """What changed, in a sentence, with the list that shows why."""

    said: Message
    cause: Message | None
    warn: bool
    link: Message | None = None
    href: str = ""
    count: int = 0


@dataclass(frozen=True)
class Reader:
    """In which language, and which day it is for the installation."""

    lang: str
    today: date


def gather(
    session: Session, snapshot: Snapshot, opened: OpenPanel, scope: Scope, choice: Choice, reader: Reader
) -> Material:
    """All numbers, names and marks of a panel; three statements, however many widgets and cases there are."""
    widgets = widgets_of(opened.panel, snapshot)
    measures = _measures(widgets, opened.panel.headline, snapshot)
    shown = [m for w in widgets if w.kind != "stages" and (m := measures.get(w.measure))]
    caused = [m for w in widgets if w.kind == "why" and (m := measures.get(w.measure))]
    headline = measures.get(opened.panel.headline)
    if headline:
        shown, caused = [*shown, headline], [*caused, headline]
    periods = (choice.now, choice.past)
    stays = frozenset(kind.value for kind in STAYS) if any(w.kind == "stages" for w in widgets) else frozenset[str]()
    questions = [Question(kinds_of(shown), period, by_day=True) for period in periods]
    questions += [Question(stays, period) for period in periods]
    questions += [Question(kinds_of(caused), period, by="service") for period in periods]
    answers = ask(session, scope, questions)
    services = {part for sums in answers[4:6] for cells in sums.cells.values() for _day, part in cells}
    filters = {name: str(value or "none") for name, value in scope.filters.items()}
    return Material(
        choice=choice,
        daily=(answers[0], answers[1]),
        stays=(answers[2], answers[3]),
        causes=(answers[4], answers[5]),
        names=names_of(session, scope, services, reader.lang),
        links=Links(opened.panel.key, filters),
        gauges=gauged(session, snapshot, scope, widgets, choice, reader.lang, reader.today),
        measures=measures,
        lang=reader.lang,
        today=reader.today,
        marks=marks_of(session, scope, choice.now, reader.lang) if any(w.kind == "line" for w in widgets) else (),
    )


def views(opened: OpenPanel, snapshot: Snapshot, material: Material) -> list[View]:
    return [
        gauge_view(widget, material.gauges[widget.key], material)
        if widget.key in material.gauges
        else view(widget, material)
        for widget in widgets_of(opened.panel, snapshot)
    ]


def headline(opened: OpenPanel, material: Material) -> Headline | None:
    """The sentence at the top: the panel's first measure now and before, the main cause, the cases."""
    measure = material.measures.get(opened.panel.headline)
    if measure is None or measure.of != "share":
        return None
    now, past = material.numbers(measure)
    if now.value is None:
        return Headline(_("Nothing was finished in this period yet."), None, warn=False)
    value = saying.say_value(measure, now.value, material.lang)
    changed = saying.change(measure, now, past, material.lang)
    warn = bool(changed and changed.good is False)
    if changed is None:
        said = _("%(value)s is done on time.", value=value)
    else:
        said = _said(changed, value, saying.say_value(measure, past.value, material.lang))
    cause = _cause(measure, changed, material) if changed and changed.way else None
    if not now.late:
        return Headline(said, cause, warn)
    link = ngettext("Open the %(num)s late request", "Open the %(num)s late requests", now.late)
    href = material.links.to(measure.key, material.choice.now, verdict=0)
    return Headline(said, cause, warn, link, href, now.late)


def _said(changed: saying.Change, value: str, past: str) -> Message:
    if not changed.way:
        return _("On time as before: %(value)s.", value=value)
    if changed.way == "down":
        return _("More requests are late: %(value)s on time instead of %(past)s.", value=value, past=past)
    return _("More requests are on time: %(value)s instead of %(past)s.", value=value, past=past)


def _cause(measure: Measure, changed: saying.Change, material: Material) -> Message | None:
    now, past = material.numbers(measure)
    causes = contributions(measure, material, now, past)
    pulling = [(service, added) for service, added in causes if added * changed.amount > 0]
    if len(causes) < 2 or not pulling:
        return None
    return _("Main cause: “%(service)s”.", service=service_name(pulling[0][0], material))


def _measures(widgets: list[Widget], first: str, snapshot: Snapshot) -> dict[str, Measure]:
    keys = {*(w.measure for w in widgets if w.measure), *(kind.value for kind in STAYS), *([first] if first else [])}
    found = {key: measure_of(snapshot, key) for key in keys}
    return {key: measure for key, measure in found.items() if measure is not None}


def title_of(opened: OpenPanel, lang: str) -> str:
    return words(opened.panel.titles, lang)

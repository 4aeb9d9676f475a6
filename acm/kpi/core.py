"""The measures and widgets every department has, and the panel made of them for each."""

from __future__ import annotations

from acm.kpi.declarations import STAYS, FactKind, Measure, Panel, Widget
from acm.pages.types import StateCategory
from acm.snapshot import Contribution

MEASURES = (
    Measure(
        key="within_sla",
        names={"ru": "Выполнено в срок", "en": "Done on time"},
        fact=FactKind.JUDGED,
        of="share",
        good="up",
        target=95,
    ),
    Measure(key="opened", names={"ru": "Новые заявки", "en": "New requests"}, fact=FactKind.OPENED),
    Measure(
        key="time_to_resolve",
        names={"ru": "Решаем за", "en": "Time to solve"},
        fact=FactKind.RESOLVED,
        of="median",
        good="down",
        note={"ru": "медиана, рабочие часы", "en": "median, working hours"},
    ),
    Measure(
        key="reopened",
        names={"ru": "Возвращены в работу", "en": "Reopened"},
        fact=FactKind.REOPENED,
        of="ratio",
        per=FactKind.RESOLVED,
        good="down",
        note={"ru": "на сто решённых", "en": "per hundred resolved"},
    ),
    Measure(
        key="time_to_respond",
        names={"ru": "Первый ответ", "en": "First response"},
        fact=FactKind.RESPONDED,
        of="median",
        good="down",
        note={"ru": "медиана, рабочие часы", "en": "median, working hours"},
    ),
    Measure(key="resolved", names={"ru": "Решено", "en": "Resolved"}, fact=FactKind.RESOLVED),
    Measure(key="closed", names={"ru": "Закрыто", "en": "Closed"}, fact=FactKind.CLOSED),
    Measure(key="reassigned", names={"ru": "Передано другим", "en": "Handed over"}, fact=FactKind.REASSIGNED),
)

STAGES: dict[str, dict[str, str]] = {
    StateCategory.NEW: {"ru": "Приём", "en": "Intake"},
    StateCategory.APPROVAL: {"ru": "Согласование", "en": "Approval"},
    StateCategory.ACTIVE: {"ru": "Работа", "en": "Work"},
    StateCategory.WAITING: {"ru": "Ждём заявителя", "en": "Waiting for applicant"},
    StateCategory.RESOLVED: {"ru": "Проверка", "en": "Check"},
}
"""Where time goes, in the order of the process: states of all types, by what they are."""

STAY_MEASURES = tuple(
    Measure(key=kind.value, names=STAGES[kind.value.removeprefix("stayed.")], fact=kind, of="median", good="down")
    for kind in STAYS
)

WIDGETS = (
    Widget(key="within_sla", kind="figure", measure="within_sla", ws=6),
    Widget(key="opened", kind="figure", measure="opened", ws=6),
    Widget(key="time_to_resolve", kind="figure", measure="time_to_resolve", ws=6),
    Widget(key="reopened", kind="figure", measure="reopened", ws=6),
    Widget(
        key="within_sla_by_day",
        kind="line",
        measure="within_sla",
        titles={"ru": "Выполнено в срок по дням", "en": "Done on time by day"},
        w=8,
        wm=12,
    ),
    Widget(key="why", kind="why", measure="within_sla", w=4, wm=12),
    Widget(
        key="stages",
        kind="stages",
        titles={"ru": "Где уходит время", "en": "Where the time goes"},
        w=5,
        wm=12,
    ),
    Widget(
        key="arrivals",
        kind="heatmap",
        measure="opened",
        titles={"ru": "Когда приходят заявки", "en": "When requests arrive"},
        w=7,
        wm=12,
    ),
)


def department_panel(key: str, titles: dict[str, str]) -> Panel:
    """The panel every department has without any set-up."""
    return Panel(
        key=key, titles=titles, department=key, headline="within_sla", widgets=tuple(widget.key for widget in WIDGETS)
    )


CORE = [
    *(Contribution("measure", m.key, m, order=n) for n, m in enumerate((*MEASURES, *STAY_MEASURES))),
    *(Contribution("widget", w.key, w, order=n) for n, w in enumerate(WIDGETS)),
]

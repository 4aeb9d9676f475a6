"""The panel of the head of IT: in time or not, how much comes, how long it takes, where the time goes."""

from __future__ import annotations

from acm.sdk import FactKind, Measure, Panel, Widget

MEASURES = (
    Measure(
        key="itsm.within_sla",
        names={"ru": "Выполнено в срок", "en": "Done on time"},
        fact=FactKind.JUDGED,
        of="share",
        good="up",
        target=95,
    ),
    Measure(key="itsm.opened", names={"ru": "Новые заявки", "en": "New requests"}, fact=FactKind.OPENED),
    Measure(
        key="itsm.time_to_resolve",
        names={"ru": "Решаем за", "en": "Time to solve"},
        fact=FactKind.RESOLVED,
        of="median",
        good="down",
        note={"ru": "медиана, рабочие часы", "en": "median, working hours"},
    ),
    Measure(
        key="itsm.reopened",
        names={"ru": "Возвращены в работу", "en": "Reopened"},
        fact=FactKind.REOPENED,
        of="ratio",
        per=FactKind.RESOLVED,
        good="down",
        note={"ru": "на сто решённых", "en": "per hundred resolved"},
    ),
)

WIDGETS = (
    Widget(key="itsm.figure_within_sla", kind="figure", measure="itsm.within_sla", ws=6),
    Widget(key="itsm.figure_opened", kind="figure", measure="itsm.opened", ws=6),
    Widget(key="itsm.figure_time", kind="figure", measure="itsm.time_to_resolve", ws=6),
    Widget(key="itsm.figure_reopened", kind="figure", measure="itsm.reopened", ws=6),
    Widget(
        key="itsm.by_day",
        kind="line",
        measure="itsm.within_sla",
        titles={"ru": "Выполнено в срок по дням", "en": "Done on time by day"},
        w=8,
        wm=12,
    ),
    Widget(key="itsm.why", kind="why", measure="itsm.within_sla", w=4, wm=12),
    Widget(
        key="itsm.stages", kind="stages", titles={"ru": "Где уходит время", "en": "Where the time goes"}, w=5, wm=12
    ),
    Widget(
        key="itsm.arrivals",
        kind="heatmap",
        measure="itsm.opened",
        titles={"ru": "Когда приходят заявки", "en": "When requests arrive"},
        w=7,
        wm=12,
    ),
)

PANEL = Panel(
    key="itsm",
    titles={"ru": "ИТ-поддержка", "en": "IT support"},
    department="it",
    types=("itsm.incident", "itsm.service_request"),
    headline="itsm.within_sla",
    widgets=tuple(widget.key for widget in WIDGETS),
)

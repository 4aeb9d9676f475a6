"""The panels of the head of HR: how joining goes, how leave is granted. `lateness` counts who is late with steps."""

from __future__ import annotations

from acm.sdk import FactKind, Measure, Panel, Widget

from .types import OFFBOARDING, ONBOARDING, VACATION

JOINING, LEAVE = "hr_onboarding", "hr_leave"

MEASURES = (
    Measure(
        key="hr_onboarding.time_to_ready", names={"ru": "Готовим выход за", "en": "Time to ready"},
        fact=FactKind.RESOLVED, of="median", good="down",
        note={"ru": "от заказа до последнего шага, рабочие часы", "en": "from order to last step, working hours"},
    ),
    Measure(
        key="hr_onboarding.ready_in_time", names={"ru": "Готово к сроку", "en": "Ready in time"},
        fact=FactKind.JUDGED, of="share", good="up", target=95,
    ),
    Measure(
        key="hr_onboarding.ordered", names={"ru": "Новые заказы", "en": "New orders"}, fact=FactKind.OPENED,
    ),
    Measure(
        key="hr_onboarding.time_to_grant", names={"ru": "Оформляем отпуск за", "en": "Time to grant leave"},
        fact=FactKind.RESOLVED, of="median", good="down",
    ),
    Measure(
        key="hr_onboarding.refused", names={"ru": "Отказано", "en": "Refused"}, fact=FactKind.REJECTED, good="down",
    ),
)  # fmt: skip


def _figure(name: str) -> Widget:
    return Widget(key=f"hr_onboarding.figure_{name}", kind="figure", measure=f"hr_onboarding.{name}", w=4, ws=6)


WIDGETS = (
    _figure("time_to_ready"), _figure("ready_in_time"), _figure("ordered"),
    Widget(
        key="hr_onboarding.by_day", kind="line", measure="hr_onboarding.ready_in_time",
        titles={"ru": "Готово к сроку по дням", "en": "Ready in time by day"}, w=8, wm=12,
    ),
    Widget(
        key="hr_onboarding.stages", kind="stages", titles={"ru": "Где уходит время", "en": "Where the time goes"}, w=4,
        wm=12,
    ),
    _figure("time_to_grant"), _figure("refused"),
)  # fmt: skip

PANELS = (
    Panel(
        key=JOINING, titles={"ru": "Приём и увольнение", "en": "Joining and leaving"}, department="hr",
        types=(ONBOARDING.key, OFFBOARDING.key), headline="hr_onboarding.ready_in_time",
        widgets=tuple(widget.key for widget in WIDGETS[:5]),
    ),
    Panel(
        key=LEAVE, titles={"ru": "Отпуска", "en": "Leave"}, department="hr", types=(VACATION.key,),
        headline="hr_onboarding.time_to_grant",
        widgets=("hr_onboarding.figure_time_to_grant", "hr_onboarding.figure_refused", "opened", "within_sla", "why"),
    ),
)  # fmt: skip

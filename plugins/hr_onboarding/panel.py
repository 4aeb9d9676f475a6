"""The panels of the head of HR: how joining goes, how leave is granted; below them who is late with steps."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from acm.sdk import Context, FactKind, Measure, Panel, Widget

from .types import OFFBOARDING, ONBOARDING, VACATION

JOINING, LEAVE = "hr_onboarding", "hr_leave"
PERIOD = timedelta(days=92)
MOST = 500

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


class Group(NamedTuple):
    """How a group keeps the days of its steps. ``share`` is the percentage of late ones."""

    name: str
    steps: int
    late: int
    share: int


def late_by_group(ctx: Context, lang: str) -> list[Group]:
    """Steps of the orders of the last quarter by the group that does them, the latest group first."""
    since, counted = ctx.now() - PERIOD, dict[str, list[int]]()
    for key in (ONBOARDING.key, OFFBOARDING.key):
        for order in ctx.cases.list(key, {"opened >=": since}, limit=MOST).items:
            for part in ctx.catalog.parts(order):
                if part.due is not None and part.group:
                    both = counted.setdefault(part.group.get(lang) or part.group["ru"], [0, 0])
                    both[0] += 1
                    both[1] += part.was_late(ctx.now())
    groups = [Group(name, steps, late, round(100 * late / steps)) for name, (steps, late) in counted.items()]
    return sorted(groups, key=lambda one: (-one.late, one.name))


def on_panel(ctx: Context, panel: str) -> str | None:
    """Below the figures of joining and leaving: late steps by group."""
    if panel != JOINING or ctx.ui is None:
        return None
    return ctx.fragment("panel.html", groups=late_by_group(ctx, ctx.ui.lang))

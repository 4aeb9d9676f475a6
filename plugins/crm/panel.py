"""The panel of sales and care: the funnel, the win rate, what complaints are about. Each figure opens its list."""

from __future__ import annotations

from acm.sdk import Gauge, Panel, Widget

from .complaints import KEY as COMPLAINT
from .deals import DEAL, OPEN_STAGES
from .words import words

GAUGES = (
    Gauge(key="crm.open_sum", names=words("Открытые сделки на сумму", "Open deals, in all"), type=DEAL,
          where={"is_open": True}, of="sum", field="amount", good="up"),
    Gauge(key="crm.open_deals", names=words("Открытые сделки", "Open deals"), type=DEAL,
          where={"state in": list(OPEN_STAGES)}),
    Gauge(key="crm.win_rate", names=words("Доля выигранных сделок", "Win rate"), type=DEAL,
          where={"state in": ["won", "lost"]}, of="share", part={"state": "won"}, over="closed", good="up",
          note=words("из закрытых за период", "of those closed in the period")),
    Gauge(key="crm.won_sum", names=words("Выиграно на сумму", "Won, in all"), type=DEAL, where={"state": "won"},
          of="sum", field="amount", over="closed", good="up"),
    Gauge(key="crm.lost", names=words("Проигранные сделки", "Lost deals"), type=DEAL, where={"state": "lost"},
          over="closed", good="down"),
    Gauge(key="crm.complaints", names=words("Жалобы", "Complaints"), type=COMPLAINT, over="opened", good="down"),
    Gauge(key="crm.open_complaints", names=words("Жалобы в работе", "Open complaints"), type=COMPLAINT,
          where={"is_open": True}, good="down"),
)  # fmt: skip
WIDGETS = (
    Widget(key="crm.w_open_sum", kind="figure", measure="crm.open_sum", w=4),
    Widget(key="crm.w_win_rate", kind="figure", measure="crm.win_rate", w=4),
    Widget(key="crm.w_won_sum", kind="figure", measure="crm.won_sum", w=4, wm=12),
    Widget(key="crm.w_open_complaints", kind="figure", measure="crm.open_complaints"),
    Widget(key="crm.w_funnel", kind="funnel", measure="crm.open_deals", by="state", w=6, wm=12,
           titles=words("Воронка: открытые сделки по этапам", "Funnel: open deals by stage")),
    Widget(key="crm.w_pareto", kind="pareto", measure="crm.complaints", by="field.category", w=6, wm=12,
           titles=words("На что жалуются", "What complaints are about")),
    Widget(key="crm.w_lost", kind="bars", measure="crm.lost", by="lost_reason", w=6, wm=12,
           titles=words("Почему проигрываем", "Why deals are lost")),
    Widget(key="crm.w_causes", kind="bars", measure="crm.complaints", by="root_cause", w=6, wm=12,
           titles=words("Коренные причины жалоб", "Root causes of complaints")),
)  # fmt: skip
SALES = Panel(
    key="crm",
    titles=words("Сделки", "Deals"),
    department="sales",
    types=(DEAL,),
    widgets=("crm.w_open_sum", "crm.w_win_rate", "crm.w_won_sum", "crm.w_funnel", "crm.w_lost"),
)
CARE = Panel(
    key="crm-care",
    titles=words("Жалобы клиентов", "Complaints of clients"),
    department="care",
    types=(COMPLAINT,),
    headline="within_sla",
    widgets=("crm.w_open_complaints", "within_sla", "opened", "time_to_resolve", "crm.w_pareto", "crm.w_causes",
             "within_sla_by_day"),
)  # fmt: skip
PANELS = (SALES, CARE)

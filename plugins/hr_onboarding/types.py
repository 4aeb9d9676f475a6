"""Joining, leaving, a step of either, and leave: four types of case."""

from __future__ import annotations

from acm.sdk import CaseType, Field, FieldKind

from .flow import PRIORITIES, moves, stage, states, words

APPROVAL = stage("approval", "Согласование", "Approval")

ONBOARDING = CaseType(
    key="hr_onboarding.onboarding",
    names=words("Выход сотрудника", "Onboarding"),
    series="HR",
    icon="user-plus",
    stages=(
        stage("order", "Заказ", "Order"),
        APPROVAL,
        stage("prepare", "Подготовка", "Preparation"),
        stage("ready", "Готово", "Ready"),
    ),
    states=states(
        "prepare", "prepare", "ready", working=words("Готовим", "Preparing"),
        done=words("Всё готово", "All is ready"), refused=words("Отказано", "Refused"),
    ),
    transitions=moves(words("Всё готово", "All is ready")),
    priorities=PRIORITIES,
)  # fmt: skip

OFFBOARDING = CaseType(
    key="hr_onboarding.offboarding",
    names=words("Увольнение", "Offboarding"),
    series="HR",
    icon="user-minus",
    stages=(
        stage("order", "Заказ", "Order"),
        APPROVAL,
        stage("leave", "Передача дел", "Handing over"),
        stage("left", "Расчёт окончен", "Settled"),
    ),
    states=states(
        "leave", "leave", "left", working=words("Оформляем", "Being settled"),
        done=words("Расчёт окончен", "Settled"), refused=words("Отказано", "Refused"),
    ),
    transitions=moves(words("Расчёт окончен", "Settled")),
    vocabularies=("hr_onboarding.reason",),
    priorities=PRIORITIES,
)  # fmt: skip

STEP = CaseType(
    key="hr_onboarding.step",
    names=words("Шаг", "Step"),
    series="HR",
    icon="list-check",
    stages=(
        APPROVAL,
        stage("planned", "В плане", "Planned"),
        stage("work", "В работе", "At work"),
        stage("done", "Сделано", "Done"),
    ),
    states=states(
        "planned", "work", "done", working=words("Делаем", "At work"), done=words("Сделано", "Done"),
        refused=words("Не будет сделано", "Will not be done"),
    ),
    transitions=moves(words("Сделано", "Done")),
    priorities=PRIORITIES,
)  # fmt: skip

VACATION = CaseType(
    key="hr_onboarding.vacation",
    names=words("Отпуск", "Leave"),
    series="HR",
    icon="beach",
    stages=(
        stage("order", "Заявление", "Request"),
        APPROVAL,
        stage("order_made", "Приказ", "Order"),
        stage("granted", "Оформлен", "Granted"),
    ),
    states=states(
        "order_made", "order_made", "granted", working=words("Готовим приказ", "Order is being made"),
        done=words("Оформлен", "Granted"), refused=words("Отказано", "Refused"),
    ),
    transitions=moves(words("Оформить", "Grant")),
    fields=(
        Field(
            key="days", kind=FieldKind.NUMBER, step=1, internal=True, indexed=True,
            label=words("Календарных дней", "Calendar days"),
            help=words("Без праздников, считается само", "Public holidays apart; counted by itself"),
        ),
    ),
    priorities=PRIORITIES,
)  # fmt: skip

TYPES = (ONBOARDING, OFFBOARDING, STEP, VACATION)

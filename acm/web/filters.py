"""What templates may do with values: words for moments, figures and texts, in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jinja2
from jinja2.runtime import Context
from markupsafe import Markup

from acm.web import markdown, words


def install(env: jinja2.Environment) -> None:
    """Give the filters to an environment: ``when day short_day ago left duration number signed percent …``."""
    env.filters.update(
        when=_moment(words.moment),
        short_when=_moment(words.short_moment),
        ago=_moment(words.ago),
        day=_day(words.day),
        full_day=_day(words.full_day),
        short_day=_day(words.short_day),
        month=_said(words.month),
        left=_left,
        iso=lambda value: value.isoformat() if value else "",
        duration=_said(
            lambda value, lang: words.duration(value if isinstance(value, timedelta) else timedelta(hours=value), lang)
        ),
        number=_said(lambda value, lang, digits=0: words.number(value, lang, digits)),
        signed=_said(lambda value, lang, digits=1: words.signed(value, lang, digits)),
        percent=_said(lambda value, lang, digits=1: words.percent(value, lang, digits)),
        points=_said(lambda value, lang, digits=1: words.points(value, lang, digits)),
        money=_said(lambda value, lang, currency="RUB": _money(value, currency, lang)),
        filesize=_said(words.size),
        markdown=_markdown,
        plain=markdown.plain,
    )


def _moment(say: Callable[..., str]) -> Any:
    @jinja2.pass_context
    def apply(context: Context, value: datetime | None) -> str:
        return say(value, context["lang"], context["zone"], context["now"]) if value else ""

    return apply


def _day(say: Callable[..., str]) -> Any:
    @jinja2.pass_context
    def apply(context: Context, value: date | datetime | None) -> str:
        if value is None:
            return ""
        on = value.astimezone(context["zone"]).date() if isinstance(value, datetime) else value
        return say(on, context["lang"], context["now"].astimezone(context["zone"]).date())

    return apply


@jinja2.pass_context
def _left(context: Context, due: datetime | None) -> str:
    """Time until a moment, "осталось 6 ч 20 мин", or how long it is past."""
    return words.time_left(due - context["now"], context["lang"]) if due else ""


def _said(say: Callable[..., str]) -> Any:
    @jinja2.pass_context
    def apply(context: Context, value: Any, *args: Any, **options: Any) -> str:
        return "" if value is None else say(value, context["lang"], *args, **options)

    return apply


def _money(value: Any, currency: str, lang: str) -> str:
    if isinstance(value, dict):
        return words.money(Decimal(value["amount"]), value.get("currency", currency), lang)
    return words.money(value, currency, lang)


@jinja2.pass_context
def _markdown(context: Context, text: str | None, top: int = 3) -> Markup:
    """People's Markdown as harmless HTML; mentions become links to people."""
    return markdown.to_html(text or "", _person_link, top=top)


def _person_link(login: str) -> tuple[str, str]:
    return f"/people/{login}", f"@{login}"

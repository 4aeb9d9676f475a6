"""What the expression language does with values: the kinds it knows, and how they compare and add up.

Kinds: null, yes/no, number, text, date, moment, duration, list, and money `{"amount": "12.50", "currency": "RUB"}`.
Any other object only has identity by `==`. Nothing is read from objects but keys of mappings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, TypeGuard

# Fixed precision and range: a product costs the same however large its factors are.
_ARITHMETIC = Context(prec=34, Emin=-6143, Emax=6144, traps=[DivisionByZero, InvalidOperation, Overflow])
_LARGEST_INTEGER_BITS = 512
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}[0-9:.,+Zz-]{0,24})?", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)


class EvaluationError(ValueError):
    """Operands that do not fit; the text is the diagnostic."""


def lookup(values: Mapping[str, object], name: str, parts: tuple[str, ...]) -> object:
    """Find a dotted name: as it stands, else step by step through mappings; unknown is null."""
    if name in values:
        return values[name]
    found: object = values
    for part in parts:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def is_empty(value: object) -> bool:
    """Null, blank text, an empty list and money without an amount are empty; 0 and false are not."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if _is_money(value):
        return is_empty(value["amount"])
    return isinstance(value, list | tuple | set | frozenset | Mapping) and not value


def is_true(value: object) -> bool:
    """Say whether a value counts as yes: true, a number but 0, anything that is not empty."""
    if isinstance(value, bool):
        return value
    if _is_money(value):
        value = value["amount"]
    if isinstance(value, int | float | Decimal):
        return number(value) != 0
    if isinstance(value, timedelta):
        return bool(value)
    return not is_empty(value)


def length(value: object) -> int:
    """Characters of a text, entries of a list; null has none."""
    if value is None:
        return 0
    if isinstance(value, str | list | tuple | set | frozenset | Mapping):
        return len(value)
    raise EvaluationError(f"{kind(value)} has no length")


def number(value: object) -> Decimal:
    """Read a number from a number, money or text; raise EvaluationError when there is none."""
    if _is_money(value):
        value = value["amount"]
    if isinstance(value, bool) or value is None:
        raise EvaluationError(f"{kind(value)} is not a number")
    if isinstance(value, Decimal):
        return _finite(value)
    if isinstance(value, int):
        if value.bit_length() > _LARGEST_INTEGER_BITS:
            raise EvaluationError("the number is too large")
        return Decimal(value)
    if isinstance(value, float):
        return _finite(Decimal(repr(value)))
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise EvaluationError(f"{kind(value)} is not a number")


def moment(value: object) -> date | datetime | None:
    """Read a date or a moment (aware, UTC when it has no zone) from a date or ISO text, else None."""
    if isinstance(value, str):
        text = value.strip()
        if not _ISO.fullmatch(text):
            return None
        try:
            value = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value if isinstance(value, date) else None


def compare(left: object, operator: str, right: object) -> bool:
    """Compare with one of == != < <= > >=. With null every comparison is false."""
    if left is None or right is None:
        return False
    if operator == "==":
        return _equal(left, right)
    if operator == "!=":
        return not _equal(left, right)
    a, b = _ordered(left, right)
    less, same = a < b, a == b
    return bool({"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[operator])


def contains(container: object, value: object) -> bool | None:
    """Say whether a list has an entry, or a text a part; None when either is null."""
    if container is None or value is None:
        return None
    if isinstance(container, str):
        return isinstance(value, str) and value in container
    if isinstance(container, list | tuple | set | frozenset):
        return any(entry is not None and _equal(entry, value) for entry in container)
    if isinstance(container, Mapping):
        return isinstance(value, str) and value in container
    raise EvaluationError(f"'in' needs a list, not {kind(container)}")


def add(left: object, right: object) -> object:
    if left is None or right is None:
        return None
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left + right
    if isinstance(left, timedelta):
        left, right = right, left
    if isinstance(right, timedelta):
        return _shifted(left, right)
    _same_currency(left, right)
    return _ARITHMETIC.add(number(left), number(right))


def subtract(left: object, right: object) -> object:
    if left is None or right is None:
        return None
    if isinstance(right, timedelta):
        return left - right if isinstance(left, timedelta) else _shifted(left, -right)
    a, b = moment(left), moment(right)
    if a is not None and b is not None:
        later, earlier = _alike(a, b)
        return later - earlier
    _same_currency(left, right)
    return _ARITHMETIC.subtract(number(left), number(right))


def multiply(left: object, right: object) -> object:
    if left is None or right is None:
        return None
    if isinstance(right, timedelta):
        left, right = right, left
    if isinstance(left, timedelta):
        return timedelta(seconds=float(_ARITHMETIC.multiply(Decimal(left.total_seconds()), number(right))))
    return _ARITHMETIC.multiply(number(left), number(right))


def divide(left: object, right: object) -> object:
    if left is None or right is None:
        return None
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return _ARITHMETIC.divide(Decimal(left.total_seconds()), Decimal(right.total_seconds()))
    return _ARITHMETIC.divide(number(left), number(right))


def remainder(left: object, right: object) -> object:
    if left is None or right is None:
        return None
    return _ARITHMETIC.remainder(number(left), number(right))


def negate(value: object) -> object:
    if value is None:
        return None
    return -value if isinstance(value, timedelta) else _ARITHMETIC.minus(number(value))


def absolute(value: object) -> object:
    if value is None:
        return None
    return abs(value) if isinstance(value, timedelta) else _ARITHMETIC.abs(number(value))


def kind(value: object) -> str:
    """Name a value's kind for a diagnostic."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes/no"
    if _is_money(value):
        return "money"
    names: Iterable[tuple[type | tuple[type, ...], str]] = (
        ((int, float, Decimal), "a number"),
        (str, "text"),
        (timedelta, "a duration"),
        (datetime, "a moment"),
        (date, "a date"),
        ((list, tuple, set, frozenset), "a list"),
    )
    return next((name for types, name in names if isinstance(value, types)), "this value")


def _is_money(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping) and "amount" in value and "currency" in value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite() or value.adjusted() > 6000 or len(value.as_tuple().digits) > 200:
        raise EvaluationError("the number is not finite or too large")
    return value


def _equal(left: object, right: object) -> bool:
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if _is_money(left) and _is_money(right) and left["currency"] != right["currency"]:
        return False
    try:
        a, b = _ordered(left, right)
    except EvaluationError:
        return type(left) is type(right) and left == right
    return bool(a == b)


def _ordered(left: object, right: object) -> tuple[Any, Any]:
    """Bring two values to one kind that has an order."""
    pair: tuple[Any, Any] | None = None
    if _is_number(left) or _is_number(right) or _is_money(left) or _is_money(right):
        _same_currency(left, right)
        pair = number(left), number(right)
    elif isinstance(left, timedelta) and isinstance(right, timedelta):
        pair = left, right
    elif (a := moment(left)) is not None and (b := moment(right)) is not None:
        pair = _alike(a, b)
    elif isinstance(left, str) and isinstance(right, str):
        pair = left, right
    elif isinstance(left, bool) and isinstance(right, bool):
        pair = int(left), int(right)
    if pair is None:
        raise EvaluationError(f"{kind(left)} and {kind(right)} cannot be compared")
    return pair


def _alike(a: date | datetime, b: date | datetime) -> tuple[Any, Any]:
    """Two moments as they are; a date against a moment compares by the date."""
    if isinstance(a, datetime) and isinstance(b, datetime):
        return a, b
    return (a.date() if isinstance(a, datetime) else a), (b.date() if isinstance(b, datetime) else b)


def _same_currency(left: object, right: object) -> None:
    if _is_money(left) and _is_money(right) and left["currency"] != right["currency"]:
        raise EvaluationError("the amounts are in different currencies")


def _shifted(value: object, by: timedelta) -> date | datetime:
    start = moment(value)
    if start is None:
        raise EvaluationError(f"{kind(value)} is not a date")
    if not isinstance(start, datetime) and by % timedelta(days=1):
        start = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return start + by

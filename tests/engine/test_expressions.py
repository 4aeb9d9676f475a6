"""The expression language: what it says, what it refuses, and that nothing can make it fail in another way."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acm.engine import expr
from acm.engine.expr import ExpressionError


def holds(text, **values):
    return expr.compile(text).holds(values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("amount > 100000", {"amount": 100001}),
        ("amount > 100000", {"amount": {"amount": "148900.50", "currency": "RUB"}}),
        ("amount > 100000", {"amount": "148900.50"}),
        ("amount == total", {"amount": {"amount": "10.0", "currency": "RUB"}, "total": 10}),
        ("0 < amount <= 5", {"amount": 5}),
        ("not remote", {"remote": False}),
        ("remote == true", {"remote": True}),
        ("country not in ['ru', 'kz']", {"country": "de"}),
        ("country in eu", {"country": "de", "eu": ["de", "fr"]}),
        ("'vpn' in systems", {"systems": ["mail", "vpn"]}),
        ("requester.department == 'it'", {"requester": {"department": "it"}}),
        ("requester.department == 'it'", {"requester.department": "it"}),
        ("a == 1 or b == 1 and c == 1", {"a": 1}),
        ("not (a == 1 or b == 1)", {"a": 2, "b": 2}),
        ("a + b * 2 == 7", {"a": 1, "b": 3}),
        ("-a < 0 and 7 % 4 == 3 and 7 / 2 == 3.5", {"a": 1}),
        ("len(lines) >= 2", {"lines": [1, 2]}),
        ("len(lines) == 0", {}),
        ("empty(visa) and empty(note)", {"note": "  "}),
        ("not empty(count_of)", {"count_of": 0}),
        ("count(order_laptop, completed) >= 1", {"count.order_laptop.completed": 2}),
        ("count('order-laptop', completed) == 1", {"count": {"order-laptop": {"completed": 1}}}),
        ("count(order_laptop, completed) == 0", {}),
        ("first_day - 14d <= today", {"first_day": "2026-12-14", "today": date(2026, 11, 30)}),
        ("today + days(3) >= due", {"today": "2026-12-01", "due": "2026-12-04"}),
        ("due - start == 36h", {"start": "2026-12-01T00:00Z", "due": "2026-12-02T12:00:00+00:00"}),
        ("since < '2026-12-01'", {"since": "2026-11-30T23:59:00Z"}),
        ("at == '2026-12-01T12:00:00+03:00'", {"at": datetime(2026, 12, 1, 9, tzinfo=UTC)}),
        ("from <= to and class == 'b'", {"from": "2026-01-02", "to": "2026-01-10", "class": "b"}),
        ('legal_ok.outcome == "approved"', {"legal_ok": {"outcome": "approved"}}),
    ],
)
def test_a_condition_holds(text, values):
    assert expr.compile(text).holds_or_why(values) == (True, None)


@pytest.mark.parametrize("text", ["x == 1", "x != 1", "x < 1", "x == null", "x in [1]", "x not in [1]", "1 in x", "x"])
def test_a_comparison_with_what_is_not_known_is_false(text):
    assert expr.compile(text).holds_or_why({}) == (False, None)


def test_what_cannot_be_judged_is_false_and_says_why():
    condition = expr.compile("amount > 'many'")

    assert condition.holds_or_why({"amount": 5}) == (False, "text is not a number")
    with pytest.raises(ExpressionError):
        condition.evaluate({"amount": 5})
    assert expr.compile("1 / zero > 1").holds_or_why({"zero": 0}) == (
        False,
        "no value for these data: DivisionByZero",
    )


def test_amounts_in_two_currencies_are_never_compared():
    values = {"a": {"amount": "5", "currency": "RUB"}, "b": {"amount": "5", "currency": "USD"}}

    assert not holds("a == b", **values)
    assert expr.compile("a < b").holds_or_why(values) == (False, "the amounts are in different currencies")


def test_yes_is_not_one():
    assert not holds("remote == 1", remote=True)


def test_an_expression_tells_the_names_it_reads():
    condition = expr.compile("amount > 1 and requester.department in allowed and count(legal, completed) > 0")

    assert condition.names == {"amount", "requester.department", "allowed", "count.legal.completed"}


def test_the_value_of_an_expression_can_be_asked_for():
    assert expr.compile("price * pieces").evaluate({"price": "12.50", "pieces": 3}) == Decimal("37.50")
    assert expr.compile("start_date - 14d").evaluate({"start_date": "2026-12-15"}) == date(2026, 12, 1)
    assert expr.compile("2h + 30min").evaluate({}) == timedelta(hours=2, minutes=30)
    assert expr.compile("missing + 1").evaluate({}) is None


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "the expression is empty"),
        ("amount = 5", 7, "write == to compare"),
        ("amount ** 5", 8, "'*' is not a value"),
        ("amount >", 8, "a value is expected here"),
        ("amount > 5 5", 11, "'5' is not expected here"),
        ("remote == True", 10, "write true"),
        ("__import__('os')", 0, "there is no function '__import__'; there are abs, count, days, empty, len"),
        ("x.y.", 4, "a name is expected after the dot"),
        ("(a", 2, "')' is expected here"),
        ("a not b", 6, "'in' is expected after 'not'"),
        ("len(a, b)", 0, "len takes one value"),
        ("lambda: 1", 6, "':' is not part of the language"),
        ("'open", 0, '"\'" is not part of the language'),
        ("(" * 60 + "1" + ")" * 60, 40, "nested deeper than 40"),
    ],
)
def test_a_fault_is_named_with_its_place(text, position, reason):
    with pytest.raises(ExpressionError) as refusal:
        expr.compile(text)

    assert (refusal.value.position, refusal.value.reason) == (position, reason)


def test_there_is_a_limit_of_length_and_of_parts():
    with pytest.raises(ExpressionError, match="longer than 2000"):
        expr.compile("a" * 2001)
    with pytest.raises(ExpressionError, match="more than 200"):
        expr.compile("+".join(["1"] * 150))
    assert expr.compile("+".join(["1"] * 100)).evaluate({}) == 100


def test_a_product_of_huge_numbers_costs_nothing_and_is_false():
    nines = "*".join(["9" * 18] * 90)
    assert len(str(expr.compile(nines).evaluate({}))) < 60

    huge = expr.compile("*".join(["x"] * 90) + " > 1")
    assert huge.holds_or_why({"x": 10**100}) == (False, "the number is not finite or too large")
    assert huge.holds_or_why({"x": 10**100_000}) == (False, "the number is too large")


def test_attributes_of_objects_are_out_of_reach():
    assert expr.compile("owner.__class__").evaluate({"owner": object()}) is None


def test_every_condition_of_the_catalogue_can_be_read(shared_data: Path):
    services = yaml.safe_load((shared_data / "catalog" / "services.yaml").read_text(encoding="utf-8"))["services"]
    conditions = {a["when"] for service in services for a in service.get("approvals", []) if "when" in a}

    assert conditions
    for condition in conditions:
        assert expr.compile(condition).names == {"amount"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=20)
    | st.dates() | st.datetimes() | st.timedeltas() | st.sampled_from(["2026-02-30", "2026-01-01", "9" * 40, "١"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["amount", "currency", "b"]), inner),
    max_leaves=6,
)  # fmt: skip
WORDS = ["a", "b.c", "amount", "1", "2.5", "0", "'x'", "'2026-01-01'", "14d", "true", "false", "null", "and", "or"]
WORDS += ["not", "in", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "."]
WORDS += ["len(", "empty(", "days(", "count(a,b)", "abs("]


@settings(max_examples=400, deadline=None)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), a=VALUES, b=VALUES)
@example(text="\x00", a=None, b=None)
@example(text="a.b.c + 1", a={"b": float("nan")}, b=Decimal("sNaN"))
@example(text="a == b.c", a=Decimal("sNaN"), b={"c": Decimal("sNaN")})
@example(text="a + days(9999999999999999)", a="2026-01-01", b=None)
@example(text="a < amount", a=datetime(1, 1, 1), b=None)  # noqa: DTZ001 - a moment without a zone is the point
def test_nothing_but_an_expression_error_ever_comes_out(text, a, b):
    values = {"a": a, "b": b, "amount": {"amount": a, "currency": b}}
    with suppress(ExpressionError):
        expression = expr.compile(text)
        verdict, why = expression.holds_or_why(values)
        assert isinstance(verdict, bool)
        assert why is None or not verdict
        expression.evaluate(values)


@given(text=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_a_fault_lies_within_the_text(text):
    try:
        expr.compile(text)
    except ExpressionError as error:
        fault = error
    else:
        return
    assert 0 <= fault.position <= len(text)
    assert fault.reason


@settings(max_examples=200, deadline=None)
@given(a=st.integers(-(10**6), 10**6), b=st.integers(-(10**6), 10**6), c=st.integers(-(10**6), 10**6))
def test_it_reckons_as_arithmetic_does(a, b, c):
    values = {"a": a, "b": b, "c": c}

    assert expr.compile("a + b * c - (a - c)").evaluate(values) == a + b * c - (a - c)
    assert expr.compile("a < b").evaluate(values) == (a < b)
    assert expr.compile("not (a < b) and b <= c").evaluate(values) == (not (a < b) and b <= c)

"""The one expression language: form conditions, approvals, audiences, rules and plans.

A small language of its own with its own parser; nothing of it is ever handed to Python's `eval`.

    amount > 100000 and not empty(project)          names, numbers, text, comparison, and/or/not
    requester.department in ['it', 'hr']            dotted names, lists, `in`, `not in`
    count(order_laptop, completed) >= 1             how many plan items of that key are in that state
    start_date - 14d, today + days(30)              dates and durations (w, d, h, min)

Rules (engine.md 1.6): an unknown name is null; a comparison with null is false; an expression that fails at
evaluation is false plus a diagnostic. Money compares by its amount, ISO dates compare as dates, and text that is
a number compares with numbers. Moments without a zone are read as UTC. The language has no power operator, no text
arithmetic and a fixed decimal precision, so the cost of an expression is bounded by its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from acm.engine.values import (
    EvaluationError,
    absolute,
    add,
    compare,
    contains,
    divide,
    is_empty,
    is_true,
    length,
    lookup,
    multiply,
    negate,
    number,
    remainder,
    subtract,
)

MAX_CHARACTERS = 2_000
MAX_NODES = 200
MAX_DEPTH = 40

Values = Mapping[str, object]
Node = Callable[[Values], object]


class ExpressionError(ValueError):
    """An expression that cannot be read, or (from `evaluate`) that has no value for these data.

    `position` is the index of the character, `reason` a plain English sentence without a full stop.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{reason} (character {position + 1} of {text[:80]!r})")
        self.text = text
        self.position = position
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled expression. `names` are the dotted names it reads; `count(a, done)` reads `count.a.done`."""

    text: str
    names: frozenset[str]
    _node: Node

    def evaluate(self, values: Values) -> object:
        """Return the value. Raise ExpressionError where the operands do not fit, never anything else."""
        try:
            return self._node(values)
        except EvaluationError as error:
            raise ExpressionError(self.text, 0, str(error)) from error
        except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
            raise ExpressionError(self.text, 0, f"no value for these data: {type(error).__name__}") from error

    def holds(self, values: Values) -> bool:
        """Say whether the condition is true; one that cannot be judged is false."""
        return self.holds_or_why(values)[0]

    def holds_or_why(self, values: Values) -> tuple[bool, str | None]:
        """Like `holds`, with the diagnostic when the condition could not be judged."""
        try:
            return is_true(self.evaluate(values)), None
        except ExpressionError as error:
            return False, error.reason
        except EvaluationError as error:
            return False, str(error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=2048)
def compile(text: str) -> Expression:  # noqa: A001 - reads as re.compile does
    """Read `text`; raise ExpressionError with position and reason when it is not in the language."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(text, MAX_CHARACTERS, f"longer than {MAX_CHARACTERS} characters")
    parser = _Parser(text, list(_tokens(text)))
    node = parser.whole()
    return Expression(text, frozenset(parser.names), node)


# Reading ------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[0-9]{1,30}(?:\.[0-9]{1,30})?)(?P<unit>(?:w|d|h|min)\b)?
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>'[^'\n]*'|"[^"\n]*")
      | (?P<sign>==|!=|<=|>=|[<>()\[\],.+*/%-])
    )""",
    re.VERBOSE,
)
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}
_WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})
_MISSPELT = {"True": "true", "False": "false", "None": "null", "AND": "and", "OR": "or", "NOT": "not"}
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})

_FUNCTIONS: dict[str, Callable[[object], object]] = {
    "len": length,
    "empty": is_empty,
    "abs": absolute,
    "days": lambda days: multiply(_UNITS["d"], days),
}


@dataclass(frozen=True)
class _Token:
    kind: str  # number, duration, name, text, sign, end
    word: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            hint = "write == to compare" if text[start] == "=" else f"{text[start]!r} is not part of the language"
            raise ExpressionError(text, start, hint)
        kind = match.lastgroup or ""
        start = match.start("number" if kind == "unit" else kind)
        word = match[kind] if kind != "unit" else match["number"] + " " + match["unit"]
        found.append(_Token("duration" if kind == "unit" else kind, word, start))
        position = match.end()
    found.append(_Token("end", "", len(text)))
    return found


class _Parser:
    """Recursive descent; each method reads one level of precedence and returns a function of the values."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.nodes = 0
        self.depth = 0
        self.names: set[str] = set()

    def whole(self) -> Node:
        if self.here.kind == "end":
            raise self.fault("the expression is empty")
        node = self.alternatives()
        if self.here.kind != "end":
            raise self.fault(f"{self.here.word!r} is not expected here")
        return node

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault(f"nested deeper than {MAX_DEPTH}")
        parts = [self.conditions()]
        while self.take("or"):
            parts.append(self.conditions())
        self.depth -= 1
        if len(parts) == 1:
            return parts[0]
        return self.made(lambda values: any(is_true(part(values)) for part in parts))

    def conditions(self) -> Node:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        if len(parts) == 1:
            return parts[0]
        return self.made(lambda values: all(is_true(part(values)) for part in parts))

    def negation(self) -> Node:
        turned = 0
        while self.take("not"):
            turned += 1
        inner = self.comparison()
        if not turned:
            return inner
        wanted = turned % 2 == 0
        return self.made(lambda values: is_true(inner(values)) is wanted)

    def comparison(self) -> Node:
        """Read `a`, `a < b` or a chain `a < b <= c`, which holds when each link does."""
        left = self.sum()
        links: list[Node] = []
        while (operator := self.comparison_sign()) is not None:
            right = self.sum()
            links.append(self.made(_comparing(left, operator, right)))
            left = right
        if not links:
            return left
        return links[0] if len(links) == 1 else lambda values: all(link(values) for link in links)

    def comparison_sign(self) -> str | None:
        if self.take("not"):
            if not self.take("in"):
                raise self.fault("'in' is expected after 'not'")
            return "not in"
        if self.here.kind in ("sign", "name") and self.here.word in _COMPARISONS:
            return self.next().word
        return None

    def sum(self) -> Node:
        node = self.product()
        while self.here.kind == "sign" and self.here.word in "+-":
            apply = add if self.next().word == "+" else subtract
            node = self.made(_joining(apply, node, self.product()))
        return node

    def product(self) -> Node:
        signs = {"*": multiply, "/": divide, "%": remainder}
        node = self.signed()
        while self.here.kind == "sign" and self.here.word in signs:
            node = self.made(_joining(signs[self.next().word], node, self.signed()))
        return node

    def signed(self) -> Node:
        minus = 0
        while self.take("-"):
            minus += 1
        inner = self.atom()
        return self.made(lambda values: negate(inner(values))) if minus % 2 else inner

    def atom(self) -> Node:
        token = self.next()
        if token.kind == "number":
            return self.constant(number(token.word))
        if token.kind == "duration":
            amount, unit = token.word.split()
            return self.constant(self.duration(amount, unit, token))
        if token.kind == "text":
            return self.constant(token.word[1:-1])
        if token.kind == "name":
            return self.named(token)
        if token.word == "(" and token.kind == "sign":
            node = self.alternatives()
            self.expect(")")
            return node
        if token.word == "[" and token.kind == "sign":
            items = self.listed("]")
            return self.made(lambda values: [item(values) for item in items])
        raise self.fault("a value is expected here" if token.kind == "end" else f"{token.word!r} is not a value", token)

    def named(self, token: _Token) -> Node:
        if token.word in _CONSTANTS:
            return self.constant(_CONSTANTS[token.word])
        if token.word in _WORDS:
            raise self.fault(f"a value is expected before {token.word!r}", token)
        if token.word in _MISSPELT:
            raise self.fault(f"write {_MISSPELT[token.word]}", token)
        if self.take("("):
            return self.call(token)
        return self.read(".".join(self.path(token.word)))

    def path(self, first: str) -> list[str]:
        parts = [first]
        while self.take("."):
            token = self.next()
            if token.kind != "name":
                raise self.fault("a name is expected after the dot", token)
            parts.append(token.word)
        return parts

    def call(self, token: _Token) -> Node:
        if token.word == "count":
            return self.count()
        function = _FUNCTIONS.get(token.word)
        if function is None:
            known = ", ".join(sorted([*_FUNCTIONS, "count"]))
            raise self.fault(f"there is no function {token.word!r}; there are {known}", token)
        arguments = self.listed(")")
        if len(arguments) != 1:
            raise self.fault(f"{token.word} takes one value", token)
        argument = arguments[0]
        return self.made(lambda values: function(argument(values)))

    def count(self) -> Node:
        """`count(key, state)`: both are plain words or text; the number is read from `count.key.state`, else 0."""
        key = self.word()
        self.expect(",")
        state = self.word()
        self.expect(")")
        read = self.read(f"count.{key}.{state}")
        return lambda values: 0 if (found := read(values)) is None else found

    def word(self) -> str:
        token = self.next()
        if token.kind == "text":
            return token.word[1:-1]
        if token.kind != "name":
            raise self.fault("a plan item's key or a state is expected here", token)
        return ".".join(self.path(token.word))

    def listed(self, closing: str) -> list[Node]:
        items: list[Node] = []
        while not self.take(closing):
            if items:
                self.expect(",")
                if self.take(closing):
                    break
            items.append(self.alternatives())
        return items

    def read(self, name: str) -> Node:
        self.names.add(name)
        parts = tuple(name.split("."))
        return self.made(lambda values: lookup(values, name, parts))

    def constant(self, value: object) -> Node:
        return self.made(lambda _values: value)

    def duration(self, amount: str, unit: str, token: _Token) -> object:
        try:
            return multiply(_UNITS[unit], number(amount))
        except (EvaluationError, OverflowError) as error:
            raise self.fault("the duration is too long", token) from error

    def made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.fault(f"more than {MAX_NODES} parts")
        return node

    @property
    def here(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def take(self, word: str) -> bool:
        if self.here.word != word or self.here.kind not in ("sign", "name"):
            return False
        self.at += 1
        return True

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.fault(f"{word!r} is expected here")

    def fault(self, reason: str, token: _Token | None = None) -> ExpressionError:
        return ExpressionError(self.text, (token or self.here).position, reason)


def _comparing(left: Node, operator: str, right: Node) -> Node:
    if operator == "in":
        return lambda values: contains(right(values), left(values)) is True
    if operator == "not in":
        return lambda values: contains(right(values), left(values)) is False
    return lambda values: compare(left(values), operator, right(values))


def _joining(apply: Callable[[object, object], object], left: Node, right: Node) -> Node:
    return lambda values: apply(left(values), right(values))

"""Hours in classes, so that a median can be read from sums.

Forty classes to each power of ten, from a minute to beyond a year: neighbours differ by 6 %, so the median of a
class is at most 3 % beside the true one. Where the class in the middle holds one value it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

STEPS = 40
LEAST = 1 / 60


def bucket_of(hours: float) -> int:
    """The class of a number of hours; 0 is less than a minute."""
    if hours < LEAST:
        return 0
    return min(1 + int(math.log10(hours / LEAST) * STEPS + 1e-9), 400)


def median(classes: Mapping[int, tuple[int, float]]) -> float | None:
    """The median of values known by class as how many they are and their sum; None of nothing."""
    whole = sum(count for count, _ in classes.values())
    if whole <= 0:
        return None
    lower, upper = (whole - 1) // 2, whole // 2
    return (_at(classes, lower) + _at(classes, upper)) / 2


def _at(classes: Mapping[int, tuple[int, float]], place: int) -> float:
    """The value at a place in order: the mean of the class it falls into."""
    passed = 0
    for bucket in sorted(classes):
        count, total = classes[bucket]
        passed += count
        if count and place < passed:
            return total / count
    raise ValueError("there are fewer values than places")

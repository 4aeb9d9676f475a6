"""What a browser sent, cleaned once."""

from __future__ import annotations

import pytest

from acm.errors import Invalid
from acm.web.forms import LONGEST_TEXT, clean


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b\x07c", "abc"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("й", "й"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("שלום \u2067мир\u2069", "שלום мир"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family"),
        ("half a pair \ud83d", "half a pair ?"),
    ],
)
def test_a_text_keeps_its_letters_and_loses_what_would_harm_the_page(typed, kept):
    assert clean(typed) == kept


def test_the_endless_is_refused_naming_its_field():
    with pytest.raises(Invalid) as refused:
        clean("x" * (LONGEST_TEXT + 1), "details")

    assert "details" in refused.value.errors

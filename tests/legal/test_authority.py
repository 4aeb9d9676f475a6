"""Who may sign: a power of attorney that is valid that day, lets its holder sign contracts, and covers the sum."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.legal.conftest import day, module

powers = module("powers")
MAY = day("2026-05-15")


def power(number: str = "LG-1", limit: str | None = "1000000", currency: str = "RUB", **more: object) -> object:
    fields: dict[str, object] = {"powers": ["contracts"], "date_from": "2026-01-01", "date_to": "2026-12-31", **more}
    if limit is not None:
        fields["limit"] = {"amount": limit, "currency": currency}
    return powers.read(number, str(fields.pop("state", "issued")), fields)


def asked(*held: object, amount: str = "1000000", currency: str = "RUB", on=MAY):
    return powers.authority(held, Decimal(amount), currency, on)


def test_the_limit_itself_may_be_signed():
    assert asked(power()).number == "LG-1"


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ((), "none"),
        ((power(state="in_progress"),), "valid"),
        ((power(date_from="2026-06-01"),), "valid"),
        ((power(date_to="2026-05-14"),), "valid"),
        ((power(revoked_on="2026-05-15"),), "valid"),
        ((power(powers=["court"]),), "power"),
        ((power(limit="999999.99"),), "limit"),
        ((power(currency="EUR"),), "limit"),
    ],
)
def test_why_somebody_may_not_sign(held, reason):
    assert asked(*held).reason == reason


def test_the_last_day_still_counts_and_so_does_the_day_before_a_revocation():
    assert asked(power(date_to="2026-05-15")).number == "LG-1"
    assert asked(power(revoked_on="2026-05-16")).number == "LG-1"


def test_one_power_must_cover_all_not_two_together():
    broad_but_old = power("LG-1", limit=None, date_to="2026-05-01")
    valid_but_small = power("LG-2", limit="10")

    refused = asked(broad_but_old, valid_but_small)

    assert (refused.reason, refused.nearest.number) == ("limit", "LG-2")


def test_without_a_limit_any_sum_may_be_signed():
    assert asked(power(limit=None), amount="99000000000", currency="USD").number == "LG-1"

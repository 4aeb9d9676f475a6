"""Secrets at rest: opened with the installation's key and for their own purpose alone."""

from __future__ import annotations

import pytest

from acm.settings import Settings
from acm.web.sealed import OtherKey, seal, unseal

HOUSE = Settings(secret_key="the key of the house")


def test_what_was_sealed_is_opened_again_and_shows_nothing_meanwhile() -> None:
    sealed = seal(HOUSE, "whsec_secret", "webhook")

    assert "secret" not in sealed
    assert unseal(HOUSE, sealed, "webhook") == "whsec_secret"


def test_another_key_another_purpose_and_an_altered_text_open_nothing() -> None:
    sealed = seal(HOUSE, "whsec_secret", "webhook")
    altered = sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]

    for settings, text, purpose in (
        (Settings(secret_key="another"), sealed, "webhook"),
        (HOUSE, sealed, "plugin"),
        (HOUSE, altered, "webhook"),
    ):
        with pytest.raises(OtherKey):
            unseal(settings, text, purpose)

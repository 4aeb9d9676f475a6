"""Secrets of others at rest: encrypted with a key that follows from the installation's own, which is not in the database."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from acm.errors import Problem
from acm.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class OtherKey(Problem):
    """A secret was encrypted with another ``ACM_SECRET_KEY`` than the present one, or was altered."""

    status = 503
    type = "/problems/other-key"
    title = "This secret was kept with another key of the installation: enter it anew"


def seal(settings: Settings, text: str, purpose: str) -> str:
    """The text encrypted; ``purpose`` (``webhook``) separates the keys, so that one place cannot open another's."""
    return _box(settings, purpose).encrypt(text.encode()).decode()


def unseal(settings: Settings, sealed: str, purpose: str) -> str:
    """What was sealed for the same purpose; :class:`OtherKey` when it cannot be opened."""
    from cryptography.fernet import InvalidToken  # here and below: it takes its time to load, and few have secrets

    try:
        return _box(settings, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise OtherKey() from error


def _box(settings: Settings, purpose: str) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"acm sealed {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derive.derive(settings.key().encode())))

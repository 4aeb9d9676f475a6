"""Passwords (Argon2id) and random tokens (only their hashes are stored)."""

from __future__ import annotations

import secrets
from functools import cache
from hashlib import sha256

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from acm.errors import Invalid
from acm.i18n import _

MIN_LENGTH = 10


@cache
def _hasher() -> PasswordHash:
    return PasswordHash(
        (Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),)
    )  # OWASP password storage: 19 MiB, t=2


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(12))


def hash_password(password: str) -> str:
    return _hasher().hash(password)


def verify_password(password: str, stored: str) -> bool:
    """Whether the password is right; takes the same time when there is no such person (empty ``stored``)."""
    if not stored:
        _hasher().verify(password, _nobody())
        return False
    return _hasher().verify(password, stored)


def check_strength(password: str) -> None:
    """Refuse what is too short (NIST SP 800-63B: length, no composition rules)."""
    if len(password) < MIN_LENGTH:
        raise Invalid({"password": [_("Use at least %(length)s characters", length=MIN_LENGTH)]})


def new_token(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()

"""One effect per idempotency key: a second press, or a script that lost its answer, makes nothing new."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from acm.db import encode
from acm.errors import Conflict
from acm.journal import Origin
from acm.pages.models import SavedAnswer
from acm.people.models import Person


def claim(session: Session, person: Person, key: str, said: Any, origin: Origin) -> SavedAnswer:
    """Take a key for what was said, in the caller's transaction; ``body`` is empty on a key that is new, else what was
    answered before. :class:`Conflict` when the key comes again with something else."""
    fingerprint, key = sha256(encode(said).encode()).hexdigest(), key[:120]
    taken = SavedAnswer(person_id=person.id, key=key, fingerprint=fingerprint, at=origin.at, body={})
    try:
        with session.begin_nested():
            session.add(taken)
            session.flush()
    except IntegrityError:
        found = session.get_one(SavedAnswer, (person.id, key), populate_existing=True)
        if not found.body or found.fingerprint != fingerprint:
            raise Conflict("Another request was sent under this key already") from None
        return found
    return taken


IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=100, description="The same key has one effect.", examples=["7f3c"]),
]


def api_key(given: IdempotencyKey = None) -> str:
    """The key of a request to the API, apart from those of forms; empty for none."""
    return f"api:{given}" if given else ""


OnceKey = Annotated[str, Depends(api_key)]

"""Drafts: answers not sent yet, kept on the server on every pause; only their person sees them.

``Draft.data`` is ``{"typed": {…}, …}``: answers as typed, and what else the form must remember. Files of a draft
are rows of :class:`File` that hang on no page yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from acm.errors import Invalid
from acm.i18n import _
from acm.pages.models import Draft, File
from acm.pages.visibility import inside
from acm.people.models import Person
from acm.web.uploads import FileStore, safe_name

MOST_FILES = 20


def find_draft(session: Session, person_id: int, key: str, *, lock: bool = False) -> Draft | None:
    """This person's draft of that key."""
    statement = select(Draft).where(Draft.person_id == person_id, Draft.key == key)
    return session.scalars(statement.with_for_update() if lock else statement).first()


def save_draft(session: Session, person: Person, key: str, data: Mapping[str, Any], now: datetime, title: str) -> Draft:
    """Keep answers as typed, as they are now; the last save wins."""
    typed = deepcopy(dict(data))  # what the caller changes afterwards is a change to save, never one already there
    draft = find_draft(session, person.id, key, lock=True)
    if draft is None:
        draft = Draft(person_id=person.id, key=key, title=title[:300], data=typed, saved_at=now)
        try:
            with session.begin_nested():
                session.add(draft)
                session.flush()
            return draft
        except IntegrityError:  # the same form in another tab was faster
            draft = find_draft(session, person.id, key, lock=True)
            if draft is None:
                raise
    draft.data, draft.saved_at, draft.title = typed, now, title[:300]
    return draft


def drop_draft(session: Session, draft: Draft) -> None:
    """Throw a draft away with its files; their bytes stay until no row names them."""
    session.execute(delete(File).where(File.draft_id == draft.id, File.page_id.is_(None)))
    session.delete(draft)


def drafts_of(session: Session, person_id: int, limit: int = 3) -> list[Draft]:
    """A person's drafts, the latest first."""
    statement = select(Draft).where(Draft.person_id == person_id).order_by(Draft.saved_at.desc(), Draft.id.desc())
    return list(session.scalars(statement.limit(limit)))


def attach(
    session: Session, draft: Draft, field: str, upload: UploadFile, store: FileStore, *, limit: int, now: datetime
) -> File:
    """Keep a file for a question of a draft; raises what the store raises."""
    held = session.scalars(inside(select(File.id).where(File.draft_id == draft.id, File.removed_at.is_(None)))).all()
    if len(held) >= MOST_FILES:
        raise Invalid({field: [_("At most %(most)s files can be attached", most=MOST_FILES)]})
    stored = store.put(upload.file, limit)
    file = File(
        draft_id=draft.id,
        field=field[:60],
        name=safe_name(upload.filename or ""),
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        author_id=draft.person_id,
        at=now,
    )
    session.add(file)
    session.flush()
    return file


def files_of(session: Session, draft: Draft | None) -> list[File]:
    """The files of a draft, in the order they came."""
    if draft is None:
        return []
    statement = select(File).where(File.draft_id == draft.id, File.removed_at.is_(None)).order_by(File.id)
    return list(session.scalars(inside(statement)))


def detach(session: Session, draft: Draft, file_id: int, now: datetime) -> None:
    """Take a file out of a draft; one that is not there is out already."""
    session.execute(update(File).where(File.id == file_id, File.draft_id == draft.id).values(removed_at=now))


def by_field(files: Sequence[File]) -> dict[str, list[int]]:
    """The ids of files by the question they answer."""
    found: dict[str, list[int]] = {}
    for file in files:
        found.setdefault(file.field, []).append(file.id)
    return found

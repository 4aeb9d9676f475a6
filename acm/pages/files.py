"""Files of pages: streamed into the content-hash store, read through the door of their page (or by the draft's person)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from acm.errors import Forbidden, Invalid, NotFound
from acm.i18n import _
from acm.journal import Origin
from acm.pages.models import Comment, Draft, File, Page
from acm.pages.visibility import inside, visible
from acm.people.rights import Grants, may
from acm.web.runtime import Runtime
from acm.web.uploads import safe_name

MOST_FILES = 500


def attach(
    session: Session, page: Page, uploads: Iterable[UploadFile], origin: Origin,
    *, field: str = "", comment: Comment | None = None, audience: str = "all",
) -> list[File]:  # fmt: skip
    """Keep files on a page that passed the door; with a comment they have its audience.

    Raises what the store raises (too large, empty, no room); then nothing of the request is kept.
    """
    runtime: Runtime = session.info["runtime"]
    limit = runtime.settings.upload_limit_mb << 20
    held = select(func.count(File.id)).where(File.page_id == page.id, File.removed_at.is_(None))
    count = session.scalar(inside(held)) or 0
    kept: list[File] = []
    for upload in uploads:
        if count + len(kept) >= MOST_FILES:
            raise Invalid({field or "file": [_("At most %(most)s files can be attached", most=MOST_FILES)]})
        stored = runtime.files.put(upload.file, limit)
        file = File(
            page_id=page.id, comment_id=comment.id if comment else None, field=field[:60],
            name=safe_name(upload.filename or ""), media_type=stored.media_type, size=stored.size,
            sha256=stored.sha256, audience=comment.audience if comment else audience,
            author_id=origin.by.id if origin.by else None, at=origin.at,
        )  # fmt: skip
        session.add(file)
        session.flush()
        page.record("file.added", origin, {"file": file.id, "name": file.name}, audience=file.audience)
        kept.append(file)
    return kept


def require_attaching(grants: Grants, page: Page) -> None:
    """Whoever sees a case may add files to it; to other pages those who work or write them."""
    if page.kind == "case" or may(grants, "page.work", page) or may(grants, "article.edit", page):
        return
    raise Forbidden()


def files_of(session: Session, page: Page, grants: Grants, *, field: str | None = None) -> list[File]:
    """The files of a page that passed the door, those this person may see, in the order they came."""
    statement = select(File).where(File.page_id == page.id, File.removed_at.is_(None)).order_by(File.id)
    if not may(grants, "comment.internal", page):
        statement = statement.where(File.audience == "all")
    if field is not None:
        statement = statement.where(File.field == field)
    return list(session.scalars(inside(statement)))


def by_comment(files: Sequence[File]) -> dict[int, list[File]]:
    """Files by the comment they came with."""
    found: dict[int, list[File]] = {}
    for file in files:
        if file.comment_id is not None:
            found.setdefault(file.comment_id, []).append(file)
    return found


def visible_file(session: Session, grants: Grants, file_id: int) -> File:
    """A file this person may read: of a page they see, or of their own draft; :class:`NotFound` otherwise."""
    file = session.scalars(inside(select(File).where(File.id == file_id, File.removed_at.is_(None)))).first()
    if file is None:
        raise NotFound()
    if file.page_id is not None:
        page = session.scalars(visible(grants, Page).where(Page.id == file.page_id)).first()
        if page is None or (file.audience == "internal" and not may(grants, "comment.internal", page)):
            raise NotFound()
        return file
    draft = session.get(Draft, file.draft_id) if file.draft_id is not None else None
    if draft is None or draft.person_id != grants.person_id:
        raise NotFound()
    return file


def remove(session: Session, page: Page, file: File, grants: Grants, origin: Origin) -> None:
    """Take a file off a page: who added it, or who works the page. Its bytes stay for the audit."""
    if file.author_id != grants.person_id and not may(grants, "page.work", page):
        raise Forbidden("Only who added a file, or who works the page, may remove it")
    file.removed_at = origin.at
    page.record("file.removed", origin, {"file": file.id, "name": file.name}, audience=file.audience)

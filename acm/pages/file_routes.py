"""Files over the web: always saved, never shown in place; pictures as previews made anew."""

from __future__ import annotations

from fastapi.responses import FileResponse, Response
from sqlalchemy.orm import Session

from acm.errors import NotFound
from acm.pages.files import attach, remove, require_attaching, visible_file
from acm.pages.models import File, Page
from acm.pages.routes import back_to
from acm.pages.visibility import visible, visible_page
from acm.people.rights import require
from acm.people.signin import Me, Viewer
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import App, Db
from acm.web.templating import Ui
from acm.web.uploads import attachment_headers, preview_headers

router = new_router()


@router.get("/files/{file_id}")
def save_file(app: App, db: Db, me: Me, file_id: int) -> Response:
    """The file itself, as an attachment that no browser interprets."""
    file = visible_file(db, me.grants, file_id)
    path = app.files.path(file.sha256)
    if not path.exists():
        raise NotFound()
    headers = attachment_headers(file.name, file.media_type)
    return FileResponse(path, headers=headers, media_type=headers["Content-Type"])


@router.get("/files/{file_id}/preview")
def show_preview(app: App, db: Db, me: Me, file_id: int, size: int = 320) -> Response:
    """A picture that fits into ``size`` points, encoded anew."""
    file = visible_file(db, me.grants, file_id)
    return Response(app.files.preview(file.sha256, max(1, min(size, 1280))), headers=preview_headers())


@router.post("/files/{file_id}/removal")
def remove_file(ui: Ui, db: Db, me: Me, file_id: int, form: Submitted) -> Response:
    """Take a file off its page."""
    file = visible_file(db, me.grants, file_id)
    page = _page_of(db, me, file)
    remove(db, page, file, me.grants, me.origin())
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/files")
def add_files(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Attach files to a page; ``to=team`` for own people only."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    internal = form.text("to") == "team"
    if internal:
        require(me.grants, "comment.internal", page)
    else:
        require_attaching(me.grants, page)
    attach(db, page, form.files("file"), me.origin(), audience="internal" if internal else "all")
    return back_to(ui, me, page, form)


def _page_of(db: Session, me: Viewer, file: File) -> Page:
    statement = visible(me.grants, Page).where(Page.id == file.page_id).with_for_update(of=Page)
    page = db.scalars(statement.execution_options(populate_existing=True)).first()
    if page is None:
        raise NotFound()
    return page

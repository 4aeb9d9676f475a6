"""Writing pages: a new one, a change with its revision, a return to an earlier one.

The second of two editors is told (:class:`Stale`) with both texts; nothing is overwritten unseen. The page must
come through the door with ``lock=True``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from acm.errors import Invalid, NotFound, Stale
from acm.i18n import LANGUAGES, _
from acm.journal import GENESIS, Event, Origin
from acm.pages.models import Page, PageAudience, Revision
from acm.pages.numbering import next_number
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.pages.visibility import inside
from acm.people.models import Department, Group, Person

LONGEST_TITLE = 300
LONGEST_BODY = 100_000

P = TypeVar("P", bound=Page)


@dataclass(frozen=True)
class Writing:
    """What a new page holds. ``texts`` is ``{lang: {title, body}}`` for translated types, else title and body.

    ``audience`` names those for whom a page that is not public is: tokens of :class:`PageAudience`.
    """

    title: str = ""
    body: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    language: str = "ru"
    slug: str | None = None
    number: str = ""
    state: str = ""
    public: bool = False
    confidential: bool = False
    audience: Iterable[str] = ()
    owner: Person | None = None
    department: Department | None = None
    group: Group | None = None
    parent: Page | None = None


def create_page(session: Session, model: type[P], definition: PageType, writing: Writing, origin: Origin) -> P:
    """Write a new page of a type, with its number, its first revision and its first event."""
    texts = _texts(writing.texts)
    title, body = _mirror(texts, writing.language) if texts else (writing.title.strip(), writing.body)
    _check(title, body, texts)
    page = model(
        type=definition.key, type_version_id=stored_version(session, definition).id, slug=writing.slug,
        number=writing.number or next_number(session, definition.series), title=title, body=body, texts=texts,
        language=writing.language, fields=dict(writing.fields), facts=dict(writing.facts), state=writing.state,
        stage="", is_open=True, public=writing.public, confidential=writing.confidential or definition.confidential,
        author_id=origin.by.id if origin.by else None, owner_id=writing.owner.id if writing.owner else None,
        department_id=writing.department.id if writing.department else None,
        group_id=writing.group.id if writing.group else None, parent_id=writing.parent.id if writing.parent else None,
        opened_at=origin.at, updated_at=origin.at, version=1, reopened=0, reassigned=0, impact="", urgency="",
        journal_seq=0, journal_head=GENESIS,
    )  # fmt: skip
    session.add(page)
    session.flush()
    set_audience(session, page, writing.audience)
    _keep(session, page, origin)
    page.record("page.created", origin, {"type": page.type, "kind": page.kind, "title": page.title})
    return page


def edit_page(
    session: Session,
    page: Page,
    changes: Mapping[str, Any],
    version: int,
    origin: Origin,
    *,
    restored: int | None = None,
) -> Event | None:
    """Change title, body, texts or fields of the version that the editor saw; :class:`Stale` when it is gone.

    ``fields`` are merged into those that are there. Nothing is written when nothing changed.
    """
    if page.version != version:
        raise Stale(theirs=content(page), yours=_proposed(page, changes), version=page.version)
    wanted = _proposed(page, changes)
    changed = [name for name, value in wanted.items() if content(page)[name] != value]
    if not changed:
        return None
    _check(wanted["title"], wanted["body"], wanted["texts"])
    if _revision(session, page, page.version) is None:
        _keep(session, page, Origin(None, page.opened_at))
    for name in changed:
        setattr(page, name, wanted[name])
    page.version += 1
    _keep(session, page, origin)
    data: dict[str, Any] = {"version": page.version, "changed": changed}
    if restored is not None:
        data["restored"] = restored
    return page.record("page.edited", origin, data)


def restore(session: Session, page: Page, earlier: Revision, version: int, origin: Origin) -> Event | None:
    """Make an earlier revision the newest one again; what stood in between stays in the history."""
    changes = {"title": earlier.title, "body": earlier.body, "texts": earlier.texts, "fields": earlier.fields}
    return edit_page(session, page, changes, version, origin, restored=earlier.version)


def content(page: Page | Revision) -> dict[str, Any]:
    """What a revision keeps of a page."""
    return {"title": page.title, "body": page.body, "texts": dict(page.texts), "fields": dict(page.fields)}


def revisions(session: Session, page: Page) -> list[Revision]:
    """The revisions of a page that passed the door, the newest first."""
    statement = select(Revision).where(Revision.page_id == page.id).order_by(Revision.version.desc())
    return list(session.scalars(inside(statement)))


def revision(session: Session, page: Page, version: int) -> Revision:
    """One revision of a page that passed the door; :class:`NotFound` otherwise."""
    found = _revision(session, page, version)
    if found is None:
        raise NotFound()
    return found


def entrust(session: Session, page: Page, confidential: bool, group: Group | None, origin: Origin) -> None:
    """Say whether a page is for those alone who are named on it, and which group is; each change has its event."""
    group_id = group.id if group else None
    for name, column, value in (("confidential", "confidential", confidential), ("group", "group_id", group_id)):
        if (before := getattr(page, column)) != value:
            setattr(page, column, value)
            page.record("field.changed", origin, {"field": name, "from": before, "to": value})


def set_audience(session: Session, page: Page, tokens: Iterable[str]) -> None:
    """Say for whom a page is that is not public."""
    session.execute(delete(PageAudience).where(PageAudience.page_id == page.id))
    session.add_all(PageAudience(page_id=page.id, token=token) for token in sorted(set(tokens)))
    session.flush()


def audience_of(session: Session, page: Page) -> list[str]:
    """The tokens of those for whom a page is."""
    statement = select(PageAudience.token).where(PageAudience.page_id == page.id).order_by(PageAudience.token)
    return list(session.scalars(inside(statement)))


def _revision(session: Session, page: Page, version: int) -> Revision | None:
    statement = select(Revision).where(Revision.page_id == page.id, Revision.version == version)
    return session.scalars(inside(statement)).first()


def _keep(session: Session, page: Page, origin: Origin) -> None:
    author = origin.by.id if origin.by else page.author_id
    session.add(Revision(page_id=page.id, version=page.version, author_id=author, at=origin.at, **content(page)))
    session.flush()


def _proposed(page: Page, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The content as the editor wants it."""
    wanted = content(page)
    wanted.update({name: changes[name] for name in ("title", "body") if name in changes})
    if "texts" in changes:
        wanted["texts"] = _texts(changes["texts"])
        if wanted["texts"] or "title" not in changes:
            wanted["title"], wanted["body"] = _mirror(wanted["texts"], page.language)
    if "fields" in changes:
        wanted["fields"] = {k: v for k, v in {**page.fields, **changes["fields"]}.items() if v is not None}
    wanted["title"] = wanted["title"].strip()
    return wanted


def _texts(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Only known languages in which there is a title or a text."""
    given = {
        lang: {"title": text.get("title", "").strip(), "body": text.get("body", "")}
        for lang, text in texts.items()
        if lang in LANGUAGES
    }
    return {lang: text for lang, text in given.items() if text["title"] or text["body"].strip()}


def _mirror(texts: Mapping[str, Mapping[str, str]], language: str) -> tuple[str, str]:
    """Title and body in the page's language, else in any that has a title."""
    titled = [text for text in (texts.get(language), *texts.values()) if text and text["title"]]
    return (titled[0]["title"], titled[0]["body"]) if titled else ("", "")


def _check(title: str, body: str, texts: Mapping[str, Mapping[str, str]]) -> None:
    errors: dict[str, list[object]] = {}
    if not title:
        errors["title"] = [_("Enter a title")]
    for lang, text in texts.items():
        if not text["title"]:
            errors[f"title_{lang}"] = [_("Enter a title in this language too, or leave its text empty")]
    for name, value in [("title", title), *((f"title_{lang}", text["title"]) for lang, text in texts.items())]:
        if len(value) > LONGEST_TITLE:
            errors[name] = [_("This title is too long")]
    for name, value in [("body", body), *((f"body_{lang}", text["body"]) for lang, text in texts.items())]:
        if len(value) > LONGEST_BODY:
            errors[name] = [_("This text is too long")]
    if errors:
        raise Invalid(errors)

"""Terms on pages: tagging, how often a term is used (by what the reader may see), merging with all links kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from acm.errors import Conflict
from acm.journal import Origin
from acm.pages.models import Page, PageTerm
from acm.pages.visibility import inside, through, unrestricted, visible
from acm.people.rights import Grants
from acm.taxonomy.models import Term, Vocabulary
from acm.taxonomy.vocabularies import record_merge, successor

BATCH = 500


def add_to_page(session: Session, page: Page, term: Term, origin: Origin) -> bool:
    """Give a page a term (the one that lives, where it was merged); False when it has it already."""
    term = successor(session, term)
    if _has(session, page, term):
        return False
    session.add(PageTerm(page_id=page.id, term_id=term.id))
    session.flush()
    page.record("term.added", origin, {"term": term.id})
    return True


def remove_from_page(session: Session, page: Page, term: Term, origin: Origin) -> bool:
    """Take a term off a page."""
    if not _has(session, page, term):
        return False
    session.execute(delete(PageTerm).where(PageTerm.page_id == page.id, PageTerm.term_id == term.id))
    page.record("term.removed", origin, {"term": term.id})
    return True


def set_terms(session: Session, page: Page, terms: Iterable[Term], origin: Origin) -> None:
    """Give a page exactly these terms."""
    wanted = {term.id: term for term in terms}
    present = {term.id: term for term in terms_of_page(session, page)}
    for term_id in present.keys() - wanted.keys():
        remove_from_page(session, page, present[term_id], origin)
    for term_id in wanted.keys() - present.keys():
        add_to_page(session, page, wanted[term_id], origin)


def terms_of_page(session: Session, page: Page) -> list[Term]:
    """The terms of a page that passed the door."""
    return terms_of_pages(session, [page.id]).get(page.id, [])


def terms_of_pages(session: Session, page_ids: Collection[int]) -> dict[int, list[Term]]:
    """The terms of many pages that passed the door, in one statement."""
    if not page_ids:
        return {}
    statement = (
        select(PageTerm.page_id, Term)
        .join(Term, Term.id == PageTerm.term_id)
        .options(joinedload(Term.vocabulary))
        .where(PageTerm.page_id.in_(list(page_ids)))
        .order_by(Term.vocabulary_id, Term.order, Term.id)
    )
    found: dict[int, list[Term]] = {}
    for page_id, term in session.execute(inside(statement)):
        found.setdefault(page_id, []).append(term)
    return found


def pages_with(
    session: Session, grants: Grants, terms: Collection[int], *, after: int | None, limit: int
) -> list[Page]:
    """Pages with one of these terms that this person may see, the newest first; ``after`` is the last id shown."""
    tagged = select(PageTerm.page_id).where(PageTerm.term_id.in_(list(terms)))
    statement = visible(grants, Page).where(Page.id.in_(tagged)).order_by(Page.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Page.id < after)
    return list(session.scalars(statement))


def usage(session: Session, grants: Grants, vocabulary: Vocabulary) -> dict[int, int]:
    """How many pages bear each term, counting only those this person may see."""
    statement = (
        select(PageTerm.term_id, func.count())
        .select_from(Page)
        .join(PageTerm, PageTerm.page_id == Page.id)
        .join(Term, Term.id == PageTerm.term_id)
        .where(Term.vocabulary_id == vocabulary.id)
        .group_by(PageTerm.term_id)
    )
    return {row[0]: row[1] for row in session.execute(through(statement, grants))}


def merge_terms(session: Session, term: Term, into: Term, origin: Origin) -> int:
    """Let a term take another's place on every page; the old address leads to the new one. Returns pages changed."""
    into = successor(session, into)
    if into.id == term.id:
        raise Conflict("A term cannot be merged into itself")
    if into.vocabulary_id != term.vocabulary_id:
        raise Conflict("Only terms of one vocabulary can be merged")
    if term.merged_into_id is not None:
        raise Conflict("This term was merged already")
    tagged = select(Page).join(PageTerm, PageTerm.page_id == Page.id).where(PageTerm.term_id == term.id)
    moved = 0
    while pages := list(session.scalars(unrestricted(tagged.order_by(Page.id).limit(BATCH), "merge"))):
        for page in pages:
            session.execute(delete(PageTerm).where(PageTerm.page_id == page.id, PageTerm.term_id == term.id))
            if not _has(session, page, into):
                session.add(PageTerm(page_id=page.id, term_id=into.id))
            page.record("term.merged", origin, {"from": term.id, "to": into.id})
        session.flush()
        moved += len(pages)
    for child in session.scalars(select(Term).where(Term.parent_id == term.id)):
        child.parent_id = into.id if child.id != into.id else term.parent_id
    term.merged_into_id = into.id
    record_merge(session, term, into, moved, origin)
    return moved


def _has(session: Session, page: Page, term: Term) -> bool:
    statement = select(PageTerm.term_id).where(PageTerm.page_id == page.id, PageTerm.term_id == term.id)
    return session.scalar(inside(statement)) is not None

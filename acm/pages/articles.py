"""The knowledge base: articles in sections, who they are for, what stands near them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload, selectinload

from acm.errors import NotFound
from acm.i18n import words
from acm.pages.kinds import CATEGORY
from acm.pages.links import links_of
from acm.pages.models import Article, Page, PageTerm
from acm.pages.visibility import inside, through_for_anybody, visible
from acm.people.models import Department
from acm.people.rights import Grants, may
from acm.taxonomy.models import Term, Vocabulary
from acm.web.markdown import plain

CATEGORIES = CATEGORY.key
WORDS_A_MINUTE = 180
STEP = 25
FENCE = re.compile(r"^(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}#{1,2} +(.+?)(?: +#+)? *$")


@dataclass(frozen=True)
class Section:
    """A part of an article under a heading; ``id`` is its anchor."""

    id: str
    title: str
    body: str


def sections(body: str) -> tuple[str, list[Section]]:
    """What stands before the first heading, and the parts under headings of the two highest levels."""
    lead: list[str] = []
    parts: list[tuple[str, list[str]]] = []
    fence = ""
    for line in body.splitlines():
        if mark := FENCE.match(line.strip()):
            fence = "" if fence and line.strip().startswith(fence) else fence or mark[1]
        heading = None if fence else HEADING.match(line)
        if heading:
            parts.append((plain(heading[1]), []))
        else:
            (parts[-1][1] if parts else lead).append(line)
    return "\n".join(lead).strip(), [
        Section(f"s{place}", title, "\n".join(lines).strip()) for place, (title, lines) in enumerate(parts, 1)
    ]


def minutes(body: str) -> int:
    """Minutes it takes to read, at least one."""
    return max(1, round(len(body.split()) / WORDS_A_MINUTE))


def address(page: Page) -> str:
    """The address of an article: its own words where it has them, else its number."""
    return f"/kb/{page.slug or page.number}"


def find_article(session: Session, grants: Grants, name: str, *, lock: bool = False) -> Article:
    """The article of that slug or number; :class:`NotFound` when it is missing or not for this person."""
    statement = visible(grants, Article).where(_named(name))
    statement = statement.options(joinedload(Article.owner), joinedload(Article.group), joinedload(Article.department))
    if lock:
        statement = statement.with_for_update(of=Page).execution_options(populate_existing=True)
    article = session.scalars(statement).first()
    if article is None:
        raise NotFound()
    return article


def article_for_anybody(session: Session, name: str) -> Article | None:
    """The article of that slug or number, if it is open to those who have not signed in."""
    statement = through_for_anybody(select(Article).where(_named(name), Article.is_open))
    return session.scalars(statement).first()


def articles(
    session: Session,
    grants: Grants,
    *,
    terms: Sequence[int] = (),
    after: tuple[str, int] | None = None,
    limit: int = STEP,
) -> list[Article]:
    """Articles this person may read, by title; ``after`` is title and id of the last one shown."""
    statement = visible(grants, Article).where(Article.is_open).order_by(Article.title, Article.id).limit(limit)
    if terms:
        statement = statement.where(Article.id.in_(select(PageTerm.page_id).where(PageTerm.term_id.in_(terms))))
    if after is not None:
        title, id_ = after
        statement = statement.where((Article.title > title) | ((Article.title == title) & (Article.id > id_)))
    return list(session.scalars(statement.options(selectinload(Article.group))))


def nearby(session: Session, grants: Grants, article: Article, limit: int = 4) -> list[Article]:
    """Other articles with one of its terms."""
    terms = list(session.scalars(inside(select(PageTerm.term_id).where(PageTerm.page_id == article.id))))
    if not terms:
        return []
    return [other for other in articles(session, grants, terms=terms, limit=limit + 1) if other.id != article.id][
        :limit
    ]


def services_of(session: Session, grants: Grants, article: Article) -> list[Page]:
    """The services this article explains, those this person may see."""
    return [one.page for one in links_of(session, article, grants, "explains") if one.page.kind == "service"]


def articles_about(session: Session, grants: Grants, service: Page) -> list[Page]:
    """The articles that explain a service."""
    return [one.page for one in links_of(session, service, grants, "explains") if one.page.kind == "article"]


def checked_until(article: Article) -> date | None:
    """The day until which somebody answers for the text."""
    stored = article.fields.get("checked_until")
    return date.fromisoformat(str(stored)) if stored else None


def may_edit(grants: Grants, page: Page) -> bool:
    """Who holds the right in the article's department (or everywhere), and its owner."""
    return page.owner_id == grants.person_id or may(grants, "article.edit", page)


def writing_departments(session: Session, grants: Grants) -> list[Department]:
    """Departments for which this person may write."""
    statement = select(Department).order_by(Department.order, Department.id)
    if "article.edit" not in grants.everywhere:
        statement = statement.where(Department.id.in_(grants.departments_with("article.edit")))
    return list(session.scalars(statement))


def categories(session: Session) -> list[Term]:
    """The living terms of the vocabulary that sorts articles, in no order."""
    statement = (
        select(Term)
        .join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        .options(joinedload(Term.vocabulary))
        .where(Vocabulary.key == CATEGORIES, Term.merged_into_id.is_(None))
        .order_by(Term.order, Term.id)
    )
    return list(session.scalars(statement))


def promise_of(service: Page, lang: str) -> str:
    """What the service promises, in words; empty where it says nothing."""
    return words(service.facts.get("promise"), lang)


def _named(name: str) -> ColumnElement[bool]:
    return (Article.slug == name.lower()) | (Article.number == name.upper())

"""The knowledge base and the announcements of the demo company, in both languages."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.models import Service
from acm.demo.company_file import Words, read
from acm.demo.stage import SOURCE
from acm.journal import Origin
from acm.pages.articles import CATEGORIES
from acm.pages.kinds import ANNOUNCEMENT, ARTICLE
from acm.pages.links import link_pages
from acm.pages.models import Announcement, Article
from acm.pages.terms import add_to_page
from acm.pages.types import Declaration
from acm.pages.visibility import unrestricted
from acm.pages.writing import Writing, create_page
from acm.people.models import Department, Group, Person
from acm.taxonomy.models import Term, Vocabulary

STRIP = "mail-maintenance"
"""The announcement that concerns work today and stands in the strip on top of the portal."""


class Told(Declaration):
    """An announcement; its days count from the day the demo is made."""

    id: str
    department: str
    from_day: int
    until_day: int
    title: Words
    body: Words


class Written(Declaration):
    """An article, the services it explains, and the group that answers for it."""

    id: str
    category: str
    services: tuple[str, ...]
    owner_group: str
    title: Words
    body: Words


class KnowledgeFile(Declaration):
    version: Literal[1]
    announcements: tuple[Told, ...]
    articles: tuple[Written, ...]


@cache
def knowledge_file() -> KnowledgeFile:
    return KnowledgeFile.model_validate(read("articles.yaml"))


def write_knowledge(session: Session, now: datetime, seed: int) -> None:
    """Write articles, what they explain, and announcements, in the caller's transaction."""
    file = knowledge_file()
    departments = {d.key: d for d in session.scalars(select(Department))}
    for told in file.announcements:
        _announce(session, told, departments[told.department], now)
    groups = {g.key: g for g in session.scalars(select(Group))}
    services = {s.key: s for s in session.scalars(unrestricted(select(Service), "demo"))}
    vocabulary = select(Vocabulary.id).where(Vocabulary.key == CATEGORIES).scalar_subquery()
    topics = {t.key: t for t in session.scalars(select(Term).where(Term.vocabulary_id == vocabulary))}
    by_id = {d.id: d for d in departments.values()}
    for written in file.articles:
        random = Random(f"{seed}:{written.id}")
        group = groups[written.owner_group]
        author = session.get(Person, group.lead_id) if group.lead_id else None
        origin = Origin(
            author, now - timedelta(days=random.randrange(20, 420), hours=random.randrange(8)), source=SOURCE
        )
        writing = Writing(
            texts=_texts(written.title, written.body), slug=written.id, state="published", public=True, owner=author,
            group=group, department=by_id.get(group.department_id or 0),
            fields={"checked_until": (now + timedelta(days=random.randrange(40, 300))).date().isoformat()},
        )  # fmt: skip
        article = create_page(session, Article, ARTICLE, writing, origin)
        add_to_page(session, article, topics[written.category], origin)
        for key in written.services:
            if key in services:
                link_pages(session, article, services[key], "explains", origin)


def _announce(session: Session, told: Told, department: Department, now: datetime) -> None:
    head = session.get(Person, department.head_id) if department.head_id else None
    first, last = (now + timedelta(days=days) for days in (told.from_day, told.until_day))
    writing = Writing(
        texts=_texts(told.title, told.body), state="published", public=True, department=department, owner=head,
        fields={"from_day": first.date().isoformat(), "until_day": last.date().isoformat()},
        facts={"strip": True} if told.id == STRIP else {},
    )  # fmt: skip
    create_page(session, Announcement, ANNOUNCEMENT, writing, Origin(head, first, source=SOURCE))


def _texts(title: Words, body: Words) -> dict[str, dict[str, str]]:
    return {lang: {"title": title[lang], "body": body[lang]} for lang in title}

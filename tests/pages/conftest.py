"""Pages of the tests: an article of the networks' people and a case that Maria asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from acm.journal import Origin
from acm.pages.kinds import ARTICLE
from acm.pages.models import Article, Page
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.pages.writing import Writing, create_page
from tests.cast import MONDAY

NOTE = PageType(key="test.note", names={"ru": "Заметка", "en": "Note"}, series="N")


@pytest.fixture
def write(session: Session, person: Callable, department: Callable) -> Callable[..., Article]:
    """``write("Title", "Text")`` is a public article of IT, written by Oleg on Monday."""

    def make(title: str, body: str = "", *, by: str = "oleg", **options: Any) -> Article:
        writing = Writing(
            texts={"en": {"title": title, "body": body}, "ru": {"title": f"{title} ру", "body": body}},
            owner=person(by), department=options.pop("department", department("it")),
            public=options.pop("public", True), **options,
        )  # fmt: skip
        return create_page(session, Article, ARTICLE, writing, Origin(person(by), MONDAY))

    return make


@pytest.fixture
def note(session: Session, person: Callable) -> Callable[..., Page]:
    """``note("Title", owner="oleg")`` is a plain page that its people alone see."""

    def make(title: str, **people: str | None) -> Page:
        confidential = bool(people.pop("confidential", False))
        writing = Writing(title=title, body="text", confidential=confidential)
        page = create_page(session, Page, NOTE, writing, Origin(None, MONDAY))
        for role, login in people.items():
            setattr(page, f"{role}_id", person(login).id if login else None)
        session.flush()
        return page

    return make


@pytest.fixture
def case(session: Session, person: Callable, group: Callable, department: Callable) -> Page:
    """Maria's case, worked by the networks' group."""
    page = Page(
        kind="case", type=NOTE.key, type_version_id=stored_version(session, NOTE).id, number="IT-7", title="VPN",
        requester_id=person("maria").id, group_id=group("it-net").id, department_id=department("it").id,
        opened_at=MONDAY, updated_at=MONDAY,
    )  # fmt: skip
    session.add(page)
    session.flush()
    return page

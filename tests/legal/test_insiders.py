"""Insider matters: those who are named see them, and nobody else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from acm.cases.models import Case
from acm.pages.visibility import unrestricted


@pytest.fixture
def told(legal, session, department, person):
    """Maria tells of a merger and names Oleg; Anna heads Legal here. The number of the matter."""
    department("legal").head_id = person("anna").id
    session.commit()

    def tell(browse):
        answer = browse("maria").submit(
            "/p/legal/insiders", {"title": "Project Amber", "event": "We buy Vector", "people": "oleg"}
        )
        assert answer.status_code == 303
        return re.search(r"LG-\d+", answer.headers["location"])[0]

    return tell


def test_only_the_named_see_it(told, browse):
    number = told(browse)

    seen = {
        who: browse(who).get(f"/requests/{number}").status_code for who in ("maria", "anna", "oleg", "lev", "irina")
    }

    assert seen == {"maria": 200, "anna": 200, "oleg": 200, "lev": 404, "irina": 404}


def test_no_group_gets_it_and_no_list_or_search_shows_it(told, browse, session):
    number = told(browse)
    case = session.scalars(unrestricted(select(Case).where(Case.number == number), "test")).one()

    assert (case.group_id, case.confidential) == (None, True)
    for path in ("/cases", "/queues/legal-all", "/search?q=Vector", f"/api/v1/cases/{number}"):
        assert "Amber" not in browse("lev").get(path).text, path


EVERYWHERE = (
    "/", "/cases", "/cases?type=legal.insider", "/cases?grouping=department", "/queues", "/queues/legal-all", "/kpi",
    "/kpi/legal", "/kpi/legal/legal.figure_in_time", "/kpi/legal/opened.csv", "/kpi/cases?panel=legal&measure=opened",
    "/search?q=Amber", "/search/suggest?q=Amber", "/api/v1/search?q=Vector", "/api/v1/cases", "/api/v1/pages",
    "/api/v1/cases?type=legal.insider", "/api/v1/kpi/query?panel=legal&measure=opened", "/api/v1/kpi/panels/legal",
    "/people/maria", "/people/oleg", "/people/anna", "/p/legal/contracts", "/p/legal/hearings", "/my", "/requests",
    "/me/notifications", "/taxonomy/category",
)  # fmt: skip
"""Lists, counts, facets, figures, exports, search and people."""


PASSING = re.compile(
    r'(csrf_token" value|nonce|acm_http_[a-z_]+(\{[^}]*\})?|acm_[a-z_]*seconds[a-z_]*(\{[^}]*\})?)[^\n>]*'
)
"""What is another at each look: tokens, and how long answers took."""


@pytest.mark.parametrize("login", ["lev", "irina", "ada"])
def test_for_whoever_is_not_named_no_list_count_figure_or_export_is_another(legal, told, browse, follow, login):
    reader = browse(login)

    def look():
        answers = {path: reader.get(path) for path in EVERYWHERE}
        return {path: (one.status_code, *PASSING.sub("", one.text).splitlines()) for path, one in answers.items()}

    def settle():
        follow()
        for consumer in ("kpi", "search"):
            while legal.snapshot.find("consumer", consumer)(legal.db, legal.snapshot):
                pass

    settle()
    before = look()
    told(browse)
    settle()

    after = look()
    assert {path: set(lines) ^ set(before[path]) for path, lines in after.items() if lines != before[path]} == {}
    assert sum(status == 200 for status, *_lines in after.values()) > 15


def test_who_is_named_sees_it_counted_and_found(told, browse, follow):
    number = told(browse)
    follow()

    assert number in browse("oleg").get("/api/v1/cases?type=legal.insider").text
    assert number in browse("anna").get("/cases?type=legal.insider").text


def test_a_form_that_is_not_whole_says_what_is_missing_and_loses_nothing(legal, browse):
    answer = browse("maria").submit("/p/legal/insiders", {"title": "", "event": "We buy Vector", "people": "nemo"})

    assert answer.status_code == 422
    assert "There is no colleague with the login nemo" in answer.text
    assert "Say in a few words what it is about" in answer.text
    assert "We buy Vector" in answer.text


def test_a_stranger_is_asked_to_sign_in(legal, browse):
    for path in ("powers", "contracts", "hearings", "insiders/new"):
        assert browse().get(f"/p/legal/{path}").status_code in (302, 303, 401), path

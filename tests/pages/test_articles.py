"""The knowledge base on its screens: reading, writing, the second editor, history."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from acm import clock
from acm.pages.articles import sections
from acm.pages.models import Article
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition
from acm.taxonomy.vocabularies import sync_vocabularies, sync_vocabulary

CATEGORIES = VocabularyDefinition(
    key="category", names={"ru": "Темы", "en": "Topics"}, tree=True,
    terms=(
        TermDefinition(key="it", names={"ru": "ИТ", "en": "IT"}),
        TermDefinition(key="it/network", names={"ru": "Сеть", "en": "Network"}, parent="it"),
        TermDefinition(key="hr", names={"ru": "Кадры", "en": "HR"}),
    ),
)  # fmt: skip
ANSWERS = {"title_en": "VPN", "body_en": "## First\n\nDo it", "title_ru": "", "body_ru": "", "audience": "all"}


@pytest.fixture
def topics(session):
    sync_vocabulary(session, CATEGORIES)
    session.commit()


def test_an_article_is_written_read_and_found_under_its_topic_and_those_above(browse, topics, session):
    oleg = browse("oleg")

    answer = oleg.submit("/kb", {**ANSWERS, "topic": "it/network"})

    assert answer.status_code == 303
    page = browse("maria").get(answer.headers["location"])
    assert '<h2 id="s1">First</h2>' in page.text
    for topic, there in (("it", True), ("it/network", True), ("hr", False)):
        assert ("/kb/KB-1" in browse("maria").get(f"/kb?topic={topic}").text) is there


def test_who_has_no_right_to_write_is_told_so(browse):
    assert browse("maria").get("/kb/new").status_code == 403
    assert browse("maria").submit("/kb", ANSWERS).status_code == 403
    assert "/kb/new" not in browse("maria").get("/kb").text


def test_an_agent_edits_the_articles_of_the_department_and_no_others(browse, write, session):
    article = write("VPN")
    session.commit()

    assert browse("pavel").get(f"/kb/{article.number}/edit").status_code == 200
    assert browse("vera").get(f"/kb/{article.number}/edit").status_code == 403
    assert browse("vera").submit(f"/kb/{article.number}", {**ANSWERS, "version": 1}).status_code == 403


def test_a_failed_form_keeps_every_answer_and_names_the_field(browse, topics):
    answer = browse("oleg").submit("/kb", {**ANSWERS, "title_en": "", "checked_until": "someday"})

    assert answer.status_code == 422
    assert "Enter a title" in answer.text
    assert "Do it" in answer.text
    assert 'href="#checked_until"' in answer.text


def test_the_second_editor_sees_both_texts_loses_nothing_and_may_save_again(browse, write, session):
    article = write("VPN", "old text")
    session.commit()
    first, second = browse("oleg"), browse("pavel")
    said = {"title_ru": "VPN ру", "body_ru": "old text", "title_en": "VPN", "audience": "all", "version": 1}

    assert first.submit("/kb/KB-1", {**said, "body_en": "text of the first"}).status_code == 303
    refused = second.submit("/kb/KB-1", {**said, "body_en": "text of the second"})

    assert refused.status_code == 409
    assert "text of the first" in refused.text
    assert "text of the second" in refused.text
    assert 'name="version" value="2"' in refused.text
    assert second.submit("/kb/KB-1", {**said, "body_en": "text of both", "version": 2}).status_code == 303
    session.refresh(article)
    assert (article.version, article.body_in("en")) == (3, "text of both")


def test_the_history_shows_versions_and_what_each_changed_and_leads_back(browse, write, session):
    article = write("VPN", "press green")
    session.commit()
    oleg = browse("oleg")
    said = {"title_ru": "VPN ру", "body_ru": "press green", "title_en": "VPN", "audience": "all", "version": 1}
    oleg.submit("/kb/KB-1", {**said, "body_en": "press red"})

    assert "Version 2" in oleg.get("/kb/KB-1/history").text
    shown = oleg.get("/kb/KB-1/history/2").text
    assert "green</del>" in shown
    assert "red</ins>" in shown
    assert oleg.submit("/kb/KB-1/history/1/restoration", {"version": 2}).status_code == 303
    session.refresh(article)
    assert article.body_in("en") == "press green"


def test_a_draft_is_read_by_its_author_and_the_department_only(browse, session):
    browse("oleg").submit("/kb", {**ANSWERS, "audience": "draft"})

    assert browse("oleg").get("/kb/KB-1").status_code == 200
    assert browse("pavel").get("/kb/KB-1").status_code == 200
    assert browse("maria").get("/kb/KB-1").status_code == 404
    assert "KB-1" not in browse("maria").get("/kb").text


def test_an_article_for_the_department_becomes_one_for_everybody(browse, session):
    oleg = browse("oleg")
    oleg.submit("/kb", {**ANSWERS, "audience": "department"})
    assert browse("maria").get("/kb/KB-1").status_code == 404

    oleg.submit("/kb/KB-1", {**ANSWERS, "audience": "all", "version": 1})

    assert browse("maria").get("/kb/KB-1").status_code == 200
    assert session.scalars(select(Article)).one().public


def test_script_in_an_article_does_nothing(browse):
    browse("oleg").submit("/kb", {**ANSWERS, "body_en": "## <b onclick=x>A</b>\n\n<script>alert(1)</script>"})

    page = browse("maria").get("/kb/KB-1").text

    assert "<script>alert" not in page
    assert "<b onclick" not in page


def test_the_address_of_any_page_leads_to_its_own_place(browse, write, session):
    write("VPN")
    session.commit()

    assert browse("maria").get("/pages/KB-1").headers["location"] == "/kb/KB-1"


def test_an_agent_reads_a_case_at_its_case_page_and_the_requester_at_the_requests(browse, case, session):
    session.commit()

    assert browse("oleg").get("/pages/IT-7").headers["location"] == "/cases/IT-7"
    assert browse("maria").get("/pages/IT-7").headers["location"] == "/requests/IT-7"
    assert browse("lev").get("/pages/IT-7").status_code == 404


def test_headings_make_sections_but_not_those_within_code():
    lead, parts = sections("Lead.\n\n## One\na\n```\n## no\n```\n# Two\nb")

    assert lead == "Lead."
    assert [(s.id, s.title) for s in parts] == [("s1", "One"), ("s2", "Two")]
    assert "## no" in parts[0].body


def test_what_is_kept_at_hand_stands_among_the_favourites_until_it_is_let_go(browse, write, session):
    write("VPN")
    session.commit()
    maria = browse("maria")

    maria.submit("/pages/KB-1/favourite", {"keep": "yes"})
    assert "/kb/KB-1" in maria.get("/favourites").text
    maria.submit("/pages/KB-1/favourite", {"keep": ""})
    assert "/kb/KB-1" not in maria.get("/favourites").text


def test_announcements_are_told_shown_and_corrected(browse):
    oleg = browse("oleg")
    told = {"title_en": "Mail is down", "body_en": "On Saturday", "until_day": "31.12.2030"}

    assert oleg.submit("/announcements", told).headers["location"] == "/announcements/NW-1"
    assert "Mail is down" in browse("maria").get("/announcements").text
    assert oleg.submit("/announcements/NW-1", {**told, "body_en": "On Sunday", "version": 1}).status_code == 303
    assert "On Sunday" in browse("maria").get("/announcements/NW-1").text
    assert oleg.submit("/announcements/NW-1", {**told, "body_en": "Third", "version": 1}).status_code == 409
    assert browse("maria").get("/announcements/new").status_code == 403


def test_an_announcement_that_ends_before_it_begins_is_refused(browse):
    told = {"title_en": "A", "from_day": "2.1.2030", "until_day": "1.1.2030"}

    assert browse("oleg").submit("/announcements", told).status_code == 422


def test_how_accessible_the_site_is_is_read_without_signing_in(browse):
    for browser in (browse(), browse("maria")):
        answer = browser.get("/kb/accessibility")
        assert answer.status_code == 200
        assert "WCAG 2.2" in answer.text


def test_an_article_is_open_to_the_world_by_its_own_audience_alone(browse):
    oleg, nobody = browse("oleg"), browse()
    oleg.submit("/kb", {**ANSWERS, "title_en": "For staff"})
    oleg.submit("/kb", {**ANSWERS, "title_en": "For all the world", "audience": "world"})

    assert nobody.get("/kb/KB-1").headers["location"] == "/login?next=%2Fkb%2FKB-1"
    assert nobody.get("/kb/KB-9").status_code == 303
    assert "For all the world" in nobody.get("/kb/KB-2").text
    assert 'value="world" checked' in oleg.get("/kb/KB-2/edit").text
    assert nobody.get("/kb/KB-2/history").status_code == 303
    assert nobody.get("/kb").status_code == 303

    oleg.submit("/kb/KB-2", {**ANSWERS, "title_en": "For staff too", "version": 1})
    assert nobody.get("/kb/KB-2").status_code == 303
    assert "For staff too" in browse("maria").get("/kb/KB-2").text


def test_topics_are_a_vocabulary_of_every_company_and_each_has_its_page(browse, session, runtime):
    sync_vocabularies(session, runtime.snapshot)
    ada, maria, oleg = browse("ada"), browse("maria"), browse("oleg")
    ada.submit("/admin/taxonomy/category/terms", {"key": "network", "name_en": "Network", "name_ru": "Сеть"})
    oleg.submit("/kb", {**ANSWERS, "topic": "network"})

    assert "Topics" in maria.get("/taxonomy").text
    assert "/kb/KB-1" in maria.get("/taxonomy/category/network").text


def test_the_portal_shows_news_of_the_day_the_latest_first_day_on_top(browse):
    oleg, today = browse("oleg"), clock.now().date()
    days = {"Old": (-400, -1), "Coming": (2, 9), "Long": (-300, 30), "Fresh": (-1, 0)}
    for title, (first, last) in days.items():
        told = {"title_en": title, "from_day": today + timedelta(first), "until_day": today + timedelta(last)}
        oleg.submit("/announcements", {name: str(value) for name, value in told.items()})

    news = browse("maria").get("/").text.partition('id="news-h"')[2].partition("</ul>")[0]
    listed = browse("maria").get("/announcements").text

    assert re.findall(r"Old|Coming|Long|Fresh", news) == ["Fresh", "Long"]
    assert re.findall(r">(?:<b>)?(Old|Coming|Long|Fresh)<", listed) == ["Fresh", "Long", "Coming", "Old"]

"""The case page: what agents do on it, and what others never see."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from acm.cases.models import Case
from acm.pages.models import Comment, Link
from tests.statements import NEWS, listening

HTMX = {"HX-Request": "true"}


def comments(session, case):
    found = session.scalars(select(Comment).prefix_with("/*door:system:test*/").where(Comment.page_id == case.id))
    return list(found)


@pytest.mark.parametrize("tab", ["", "/files", "/links", "/history"])
def test_a_case_opens_for_those_who_work_it(browse, open_request, tab):
    case = open_request("VPN fails", body="Since **today**", owner="oleg")

    html = browse("oleg").get(f"/cases/{case.number}{tab}").text

    assert "VPN fails" in html
    assert "Asked by" in html
    assert "Next step" in html
    assert html.count("<h1") == 1


def test_who_may_not_work_it_reads_the_request_and_the_others_nothing(browse, open_request):
    case = open_request()

    assert browse("maria").get(f"/cases/{case.number}").headers["location"] == f"/requests/{case.number}"
    assert browse("lev").get(f"/cases/{case.number}").status_code == 404
    assert browse("maria").submit(f"/cases/{case.number}/comments", {"text": "x", "to": "team"}).status_code == 403
    assert browse("lev").submit(f"/cases/{case.number}/state", {"state": "resolved"}).status_code == 404


def test_an_answer_reaches_the_requester_and_a_note_does_not(browse, open_request, session):
    case = open_request(owner="oleg")
    oleg = browse("oleg")

    oleg.submit(f"/cases/{case.number}/comments", {"text": "We look at it", "to": "all"})
    oleg.submit(f"/cases/{case.number}/comments", {"text": "Probably the old key", "to": "team"})
    mine, theirs = oleg.get(f"/cases/{case.number}").text, browse("maria").get(f"/requests/{case.number}").text

    session.refresh(case)
    assert case.first_response_at is not None
    assert "We look at it" in mine
    assert "Probably the old key" in mine
    assert "We look at it" in theirs
    assert "Probably the old key" not in theirs
    assert "for own people" not in theirs


def test_a_press_draws_the_talk_the_head_and_the_track_again(browse, open_request):
    case = open_request(owner="oleg")

    answer = browse("oleg").submit(
        f"/cases/{case.number}/comments", {"text": "Try now", "to": "all", "move": "resolved"}, headers=HTMX
    )

    assert answer.text.lstrip().startswith('<div class="thread" id="thread">')
    assert "Try now" in answer.text
    assert 'hx-target="#case-top"' in answer.text
    assert "Resolved" in answer.text


def test_an_empty_answer_comes_back_with_what_was_written_around_it(browse, open_request, session):
    case = open_request()

    answer = browse("oleg").submit(f"/cases/{case.number}/comments", {"text": " ", "to": "team"}, headers=HTMX)

    assert answer.status_code == 422
    assert "Write something first" in answer.text
    assert 'value="team" checked' in answer.text
    assert comments(session, case) == []


def test_a_question_needs_words_and_the_clock_stands_until_the_answer(browse, open_request, session):
    case = open_request(owner="oleg")
    oleg = browse("oleg")

    refused = oleg.submit(f"/cases/{case.number}/state", {"state": "waiting_user"})
    asked = oleg.submit(f"/cases/{case.number}/state", {"state": "waiting_user", "comment": "Which office?"})
    session.refresh(case)

    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert asked.headers["location"] == f"/cases/{case.number}"
    assert (case.state, case.due_at) == ("waiting_user", None)
    assert [c.body for c in comments(session, case)] == ["Which office?"]
    assert "clock stopped" in oleg.get(f"/cases/{case.number}").text


def test_a_move_that_the_type_does_not_know_is_refused(browse, open_request, session):
    case = open_request()

    assert browse("oleg").submit(f"/cases/{case.number}/state", {"state": "closed"}).status_code == 409
    answer = browse("oleg").submit(f"/cases/{case.number}/comments", {"text": "done", "move": "closed"})

    assert answer.status_code == 409
    assert comments(session, case) == []


def test_a_property_is_edited_in_its_place(browse, open_request, session):
    case = open_request()
    oleg = browse("oleg")

    form = oleg.get(f"/cases/{case.number}/properties/owner", headers=HTMX).text
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    pavel = re.search(r'<option value="(\d+)">Pavel Latin', form)[1]
    saved = oleg.submit(
        f"/cases/{case.number}/properties",
        {"name": "owner", "value": pavel, "version": version, "was": ""},
        headers=HTMX,
    ).text
    session.refresh(case)

    assert "<html" not in form
    assert case.owner_id == int(pavel)
    assert 'class="saved"' in saved
    assert oleg.get(f"/cases/{case.number}/properties/priority").text.count("<main") == 1


def test_the_second_editor_of_a_property_sees_both_values_and_loses_nothing(browse, open_request, session):
    case = open_request()
    path = f"/cases/{case.number}/properties"
    first, second = browse("oleg"), browse("pavel")
    seen = {"name": "priority", "version": str(case.version), "was": str(case.priority)}

    first.submit(path, {**seen, "value": "1"})
    page = second.submit(path, {**seen, "value": "2"})
    place = second.submit(path, {**seen, "value": "2"}, headers=HTMX)
    session.refresh(case)

    assert page.status_code == 409
    assert "Critical" in page.text
    assert "High" in page.text
    assert place.status_code == 422
    assert "Somebody saved “Critical” here meanwhile" in place.text
    assert '<option value="2" selected>' in place.text
    assert case.priority == 1


def test_changes_of_different_properties_do_not_stand_in_each_others_way(browse, open_request, session):
    case = open_request()
    path, version = f"/cases/{case.number}/properties", str(case.version)

    browse("oleg").submit(path, {"name": "impact", "value": "org", "version": version, "was": "one"})
    browse("pavel").submit(path, {"name": "urgency", "value": "now", "version": version, "was": "days"})
    session.refresh(case)

    assert (case.impact, case.urgency, case.priority) == ("org", "now", 1)


def test_the_second_editor_of_the_text_gets_both_texts(browse, open_request, session):
    case = open_request("VPN fails", body="Old text")
    oleg = browse("oleg")
    seen = re.search(r'name="seen" value="(\w+)"', oleg.get(f"/cases/{case.number}/text").text)[1]

    browse("pavel").submit(f"/cases/{case.number}/text", {"title": "VPN fails", "body": "Pavel's text", "seen": seen})
    late = oleg.submit(f"/cases/{case.number}/text", {"title": "VPN fails", "body": "Oleg's text", "seen": seen})
    session.refresh(case)

    assert late.status_code == 409
    assert "Pavel&#39;s text" in late.text
    assert "Oleg&#39;s text" in late.text
    assert case.body == "Pavel's text"


def test_taking_and_handing_over(browse, open_request, session, group):
    case = open_request()
    path = f"/cases/{case.number}/assignment"

    browse("oleg").submit(path, {"owner": "me"})
    session.refresh(case)
    taken = (case.owner_id, case.state)
    late = browse("pavel").submit(path, {"owner": "me"})
    over = browse("oleg").submit(path, {"group": str(group("it-desk").id), "owner": "", "comment": "Yours"})
    session.refresh(case)

    assert taken[1] == "in_progress"
    assert late.status_code == 409
    assert over.headers["location"] == f"/cases/{case.number}"
    assert (case.group_id, case.owner_id) == (group("it-desk").id, None)
    assert [c.audience for c in comments(session, case)] == ["internal"]
    assert "Nobody is called" in browse("oleg").submit(path, {"owner": "no one"}).text


def test_links_are_seen_from_both_sides_and_only_to_pages_one_may_see(browse, open_request, session):
    one, two = open_request("one"), open_request("two")
    secret = open_request("secret", to="hr-ops", unit="hr", by="vera", confidential=True)
    oleg = browse("oleg")

    oleg.submit(f"/cases/{one.number}/links", {"kind": "blocks", "page": two.number})
    oleg.submit(f"/cases/{one.number}/links", {"kind": "child", "page": two.number})
    hidden = oleg.submit(f"/cases/{one.number}/links", {"kind": "relates", "page": secret.number})
    other_side = oleg.get(f"/cases/{two.number}/links").text

    assert hidden.status_code == 404
    assert "is blocked by" in other_side
    assert "part of" in other_side
    link = session.scalars(select(Link).prefix_with("/*door:system:test*/")).one()
    oleg.submit(f"/cases/{two.number}/links/removal", {"link": str(link.id)})
    oleg.submit(f"/cases/{two.number}/links/removal", {"parent": "1"})
    assert "No links yet" in oleg.get(f"/cases/{one.number}/links").text


def test_a_file_for_own_people_stays_among_them(browse, open_request):
    case = open_request(owner="oleg")

    answer = browse("oleg").post(
        f"/cases/{case.number}/files",
        data={"csrf_token": browse("oleg").headers["x-csrf-token"], "to": "team"},
        files={"file": ("plan.txt", b"our plan", "text/plain")},
        headers={"x-csrf-token": browse("oleg").headers["x-csrf-token"]},
    )

    assert answer.status_code in (303, 403)


def test_watching_and_keeping_at_hand(browse, open_request):
    case = open_request()
    oleg = browse("oleg")

    oleg.submit(f"/cases/{case.number}/watchers", {"watch": "yes"})
    oleg.submit(f"/cases/{case.number}/favourite", {"keep": "yes"})
    html = oleg.get(f"/cases/{case.number}").text

    assert "Stop watching" in html
    assert "Not at hand any more" in html


def test_many_cases_change_from_the_list(browse, open_request, session):
    cases = [open_request(f"case {n}") for n in range(3)]
    stuck = open_request("stuck", state="approval")
    numbers = [c.number for c in (*cases, stuck)]
    oleg = browse("oleg")

    form = oleg.submit("/cases/changes/form", {"number": numbers, "focus": "state", "back": "/queues/it-net"})
    done = oleg.submit(
        "/cases/changes", {"number": numbers, "state": "resolved", "priority": "2", "back": "/queues/it-net"}
    )
    session.expire_all()

    assert "Change 4 cases" in form.text
    assert "3 cases changed" in done.text
    assert f"{stuck.number} stuck</a>: The case cannot move there now" in done.text
    assert [c.state for c in cases] == ["resolved"] * 3
    assert stuck.priority == 4


def test_my_work_holds_what_needs_me_whatever_my_part(browse, open_request, session, person):
    mine = open_request("mine", owner="oleg")
    other = open_request("other", owner="pavel")
    open_request("not mine", owner="pavel")
    browse("pavel").submit(f"/cases/{other.number}/comments", {"text": "@oleg have a look", "to": "team"})

    html = browse("oleg").get("/my").text

    assert "mine" in html
    assert f'href="/cases/{other.number}"' in html
    assert "I am mentioned" in html
    assert "not mine" not in html
    assert int(re.search(r'data-total="(\d+)"', html)[1]) == 2
    assert f'href="/cases/{mine.number}"' not in browse("oleg").get("/my?part=mentioned").text


@pytest.mark.parametrize("tab", ["", "/files", "/links"])
def test_a_case_needs_the_same_few_statements_however_much_hangs_on_it(browse, open_request, database, tab):
    case = open_request("VPN fails", owner="oleg")
    oleg, counts = browse("oleg"), []
    with listening(database.read_engine) as statements:
        for amount in (2, 10):
            for n in range(amount):
                oleg.submit(f"/cases/{case.number}/comments", {"text": f"word {n}", "to": "team" if n % 2 else "all"})
                oleg.submit(
                    f"/cases/{case.number}/links", {"kind": "relates", "page": open_request(f"other {n}").number}
                )
            oleg.get(f"/cases/{case.number}{tab}")
            statements.clear()
            oleg.get(f"/cases/{case.number}{tab}")
            counts.append([one for one in statements if NEWS not in one])

    assert len(counts[0]) == len(counts[1])
    assert len(counts[1]) <= 12, counts[1]


def test_a_disabled_script_leaves_every_action_a_plain_form(browse, open_request, session):
    case = open_request()
    html = browse("oleg").get(f"/cases/{case.number}").text

    assert f'action="/cases/{case.number}/comments" method="post"' in html
    assert f'href="/cases/{case.number}/state"' in html
    assert f'href="/cases/{case.number}/properties/owner"' in html
    assert session.get(Case, case.id).version == case.version


def test_an_answer_that_is_not_sent_waits_for_its_writer_alone(browse, open_request):
    case = open_request(owner="oleg")
    oleg = browse("oleg")

    kept = oleg.submit(f"/cases/{case.number}/draft", {"text": "Half a thought", "to": "team"})

    assert kept.status_code == 204
    assert "Half a thought" in oleg.get(f"/cases/{case.number}").text
    assert "Half a thought" not in browse("pavel").get(f"/cases/{case.number}").text
    oleg.submit(f"/cases/{case.number}/comments", {"text": "A whole thought", "to": "team"})
    assert "Half a thought" not in oleg.get(f"/cases/{case.number}").text


def test_ones_own_message_is_corrected_and_what_stood_there_is_kept(browse, open_request, session):
    case = open_request(owner="oleg")
    oleg = browse("oleg")
    oleg.submit(f"/cases/{case.number}/comments", {"text": "Reboot the server", "to": "all"})
    said = comments(session, case)[0]
    path = f"/cases/{case.number}/comments/{said.id}"

    oleg.submit(path, {"text": "Reboot the laptop"})

    assert "Reboot the laptop" in oleg.get(f"/cases/{case.number}").text
    assert "Reboot the server" in oleg.get(path).text
    assert browse("pavel").submit(path, {"text": "mine now"}).status_code == 404


@pytest.mark.parametrize(("lang", "words"), [("en", "moved the case from “New” to “In progress”"), ("ru", "переводит дело из «Новая» в «В работе»")])  # fmt: skip
def test_the_history_reads_as_sentences_in_both_languages(browse, open_request, lang, words):
    case = open_request()
    browse("oleg").submit(f"/cases/{case.number}/assignment", {"owner": "me"})
    browse("oleg").submit(f"/cases/{case.number}/properties", {"name": "priority", "value": "1"})

    html = browse("irina", lang=lang).get(f"/cases/{case.number}/history").text

    assert words in html
    assert ("Critical" if lang == "en" else "Критический") in html
    assert "field.changed" not in html

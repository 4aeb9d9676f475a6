"""Following a request: where it is, who holds it, and what its requester may do."""

from datetime import timedelta

import pytest

from acm import clock
from acm.cases.models import Case
from acm.catalog.filing import Filing, file_request
from acm.catalog.tracking import answer, may_reopen, reopen, withdraw
from acm.errors import Conflict
from acm.journal import Origin
from acm.pages.comments import add_comment


@pytest.fixture
def filed(session, offer, person, runtime):
    """``filed()`` is Maria's request for VPN access."""

    def file(**given):
        service = offer(**given)
        maria = person("maria")
        filing = Filing(service, {"reason": "I work from home on Fridays"}, maria, maria, "en")
        case = file_request(session, filing, Origin(maria, clock.now()), runtime.snapshot, "Europe/Moscow")
        session.commit()
        return case

    return file


def test_the_requester_sees_the_track_and_who_holds_the_request(filed, browse):
    case = filed()

    page = browse("maria").get(f"/requests/{case.number}")

    assert page.status_code == 200
    assert "Networks" in page.text
    assert 'class="track"' in page.text


def test_a_stranger_gets_the_same_answer_as_for_a_missing_request(filed, browse):
    case = filed()

    foreign, missing = browse("lev").get(f"/requests/{case.number}"), browse("lev").get("/requests/RQ-999")

    assert (foreign.status_code, missing.status_code) == (404, 404)


def test_an_internal_comment_never_reaches_the_requester(filed, browse, session, person):
    case = filed()
    add_comment(
        session, case, "the marker nobody outside may read", Origin(person("oleg"), clock.now()), audience="internal"
    )
    session.commit()

    maria = browse("maria")

    for path in (
        f"/requests/{case.number}",
        f"/api/v1/pages/{case.number}/comments",
        f"/api/v1/pages/{case.number}/events",
    ):
        assert "marker" not in maria.get(path).text
    assert "comment" not in maria.get(f"/api/v1/pages/{case.number}/comments").json()["items"]


def test_an_answer_sends_a_waiting_request_back_into_work(filed, session, person):
    case = filed()
    case.enter(case.case_type.state("waiting_user"), Origin(person("oleg"), clock.now()))

    answer(session, case, "version 6.2", Origin(person("maria"), clock.now()), person("maria"))

    assert case.state == "in_progress"


def test_the_requester_writes_with_a_file_and_finds_both(filed, browse):
    case = filed()
    maria = browse("maria")

    sent = maria.submit(
        f"/requests/{case.number}/comments",
        {"text": "here it is"},
        files={"file": ("error.txt", b"code 809", "text/plain")},
    )

    assert sent.status_code == 303
    page = maria.get(f"/requests/{case.number}").text
    assert "here it is" in page
    assert "error.txt" in page


def test_an_empty_message_is_refused_with_words(filed, browse):
    case = filed()

    answered = browse("maria").submit(f"/requests/{case.number}/comments", {"text": "  "})

    assert answered.status_code == 422
    assert "Write something first" in answered.text


def test_a_request_can_be_withdrawn_until_it_is_finished(filed, session, person, grants):
    case = filed()
    maria = Origin(person("maria"), clock.now())

    withdraw(session, case, maria, grants("maria"))

    assert (case.state, case.is_open) == ("cancelled", False)
    with pytest.raises(Conflict):
        withdraw(session, case, maria, grants("maria"))


def test_a_resolved_request_can_be_reopened_within_the_term_only(filed, session, person, grants):
    case = filed()
    resolved = clock.now()
    case.enter(case.case_type.state("resolved"), Origin(person("oleg"), resolved))

    assert may_reopen(case, resolved + timedelta(days=14), 14)
    assert not may_reopen(case, resolved + timedelta(days=14, seconds=1), 14)
    reopen(session, case, Origin(person("maria"), resolved), grants("maria"), reason="it fails again", days=14)

    assert (case.state, case.reopened) == ("in_progress", 1)


def test_the_requester_confirms_that_it_helped(filed, browse, session, person):
    case = filed()
    case.enter(case.case_type.state("resolved"), Origin(person("oleg"), clock.now()))
    session.commit()

    browse("maria").submit(f"/requests/{case.number}/closure")

    session.expire_all()
    assert session.get_one(Case, case.id).state == "closed"


def test_my_requests_put_those_that_wait_for_me_first(filed, browse, session, person):
    first, second = filed(), filed()
    first.enter(first.case_type.state("waiting_user"), Origin(person("oleg"), clock.now()))
    session.commit()

    page = browse("maria").get("/requests").text

    assert page.index(first.number) < page.index(second.number)
    assert "Waiting for you" in page

"""The bell and the mail: who hears of what, and who never does."""

from __future__ import annotations

import socketserver
import threading

import pytest

from acm import clock
from acm.jobs.consumers import rewind
from acm.jobs.queue import run_due
from acm.journal import Origin
from acm.pages.comments import add_comment


def by(who):
    return Origin(who, clock.now())


def test_the_requester_hears_of_an_answer_and_the_answerer_does_not(request_of_maria, session, person, told):
    add_comment(session, request_of_maria, "which version?", by(person("oleg")))
    session.commit()

    assert ("maria", "comment.added") in told()
    assert ("oleg", "comment.added") not in told()


def test_nobody_outside_hears_of_an_internal_comment(request_of_maria, session, person, told):
    request_of_maria.owner_id = person("pavel").id
    add_comment(session, request_of_maria, "between us", by(person("oleg")), audience="internal")
    session.commit()

    heard = told()

    assert ("pavel", "comment.added") in heard
    assert ("maria", "comment.added") not in heard


def test_a_mention_is_heard_and_opens_the_page_to_the_mentioned(request_of_maria, session, person, told, browse):
    assert browse("lev").get(f"/requests/{request_of_maria.number}").status_code == 404

    add_comment(session, request_of_maria, "@lev is this allowed?", by(person("oleg")))
    session.commit()

    assert ("lev", "person.added") in told()
    assert browse("lev").get(f"/requests/{request_of_maria.number}").status_code == 200


def test_imported_history_is_told_to_nobody(request_of_maria, session, person, told):
    told()
    request_of_maria.enter(
        request_of_maria.case_type.state("in_progress"), Origin(person("oleg"), clock.now(), source="import:x")
    )
    session.commit()

    assert ("maria", "case.moved") not in told()


def test_a_muted_page_is_silent(request_of_maria, browse, session, person, told):
    browse("maria").submit(f"/pages/{request_of_maria.number}/mute", {"on": "1"})
    add_comment(session, request_of_maria, "hello", by(person("oleg")))
    session.commit()

    assert ("maria", "comment.added") not in told()


def test_whoever_follows_a_page_says_there_that_they_want_to_hear_nothing_of_it(request_of_maria, browse):
    maria, number = browse("maria"), request_of_maria.number
    assert f'href="/pages/{number}/mute"' in maria.get(f"/requests/{number}").text
    assert "Hear nothing of it" in maria.get(f"/pages/{number}/mute").text

    maria.submit(f"/pages/{number}/mute", {"on": "1"})

    assert "Hear of it again" in maria.get(f"/pages/{number}/mute").text
    maria.submit(f"/pages/{number}/mute", {"on": ""})
    assert "Hear nothing of it" in maria.get(f"/pages/{number}/mute").text


def test_telling_twice_tells_once(request_of_maria, session, person, told, runtime):
    add_comment(session, request_of_maria, "hello", by(person("oleg")))
    session.commit()
    first = told()
    rewind(session, "notify")
    session.commit()

    assert told() == first


def test_the_bell_counts_what_is_unread_until_the_page_is_seen(request_of_maria, browse, session, person, told):
    add_comment(session, request_of_maria, "hello", by(person("oleg")))
    session.commit()
    told()
    maria = browse("maria")

    assert "Oleg Latin wrote in" in maria.get("/me/notifications").text
    maria.get(f"/requests/{request_of_maria.number}")

    assert 'class="cur"' not in maria.get("/me/notifications").text


class _Mailbox(socketserver.StreamRequestHandler):
    """An SMTP server of this machine that keeps what it is given."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        in_data = False
        for raw in self.rfile:
            line = raw.rstrip(b"\r\n")
            self.server.heard.set()  # type: ignore[attr-defined]
            self.server.goes_on.wait(20)  # type: ignore[attr-defined]
            if in_data:
                if line == b".":
                    in_data = False
                    self.wfile.write(b"250 kept\r\n")
                else:
                    self.server.lines.append(line.decode())  # type: ignore[attr-defined]
            elif line.upper().startswith(b"DATA"):
                in_data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mailbox():
    """A mail server; nothing is answered while its event ``goes_on`` is not set, ``heard`` tells of a first line."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox)
    server.lines, server.heard, server.goes_on = [], threading.Event(), threading.Event()  # type: ignore[attr-defined]
    server.goes_on.set()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def mailing(runtime, mailbox):
    port = mailbox.server_address[1]
    return runtime.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}", "base_url": "http://acm.test"})


def test_a_public_change_is_mailed_once_in_the_readers_language(
    request_of_maria, session, person, told, runtime, mailbox
):
    person("maria").language = "ru"
    add_comment(session, request_of_maria, "which version?", by(person("oleg")))
    add_comment(session, request_of_maria, "secret among us", by(person("oleg")), audience="internal")
    session.commit()
    told()
    settings = mailing(runtime, mailbox)

    run_due(runtime.db, runtime.snapshot, settings=settings)
    run_due(runtime.db, runtime.snapshot, settings=settings)

    mail = "\n".join(mailbox.lines)
    assert mail.count("Subject: ") == 2  # filed, and answered
    assert "which version?" in mail
    assert "secret" not in mail
    assert f"http://acm.test/pages/{request_of_maria.number}" in mail


def test_who_lost_the_right_to_see_a_page_gets_no_letter_about_it(
    request_of_maria, session, person, told, runtime, mailbox
):
    request_of_maria.owner_id = person("lev").id
    add_comment(session, request_of_maria, "for Lev who works it", by(person("oleg")))
    session.commit()
    told()
    request_of_maria.owner_id = person("oleg").id
    session.commit()

    run_due(runtime.db, runtime.snapshot, settings=mailing(runtime, mailbox))

    assert "To: maria@example.test" in mailbox.lines
    assert "To: lev@example.test" not in mailbox.lines


def test_a_mail_server_that_stalls_holds_up_nobody_who_writes(
    request_of_maria, session, person, told, runtime, mailbox, browse
):
    add_comment(session, request_of_maria, "which version?", by(person("oleg")))
    session.commit()
    told()
    mailbox.goes_on.clear()
    job = threading.Thread(
        target=run_due, args=(runtime.db, runtime.snapshot), kwargs={"settings": mailing(runtime, mailbox)}
    )
    job.start()
    assert mailbox.heard.wait(10)

    answer = browse("maria").submit(f"/requests/{request_of_maria.number}/comments", {"text": "the newest"})

    mailbox.goes_on.set()
    job.join(20)
    assert answer.status_code == 303
    assert sum(line.startswith("Subject: ") for line in mailbox.lines) == 2

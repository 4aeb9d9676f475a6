"""/admin/webhooks: made, changed, tried, switched and removed by forms alone; the secret is shown once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from acm import clock
from acm.journal import Origin
from acm.notify.webhooks import Webhook, WebhookDelivery
from acm.pages.comments import add_comment
from acm.people.models import PersonRole, Role

PATH = "/admin/webhooks"


@pytest.fixture
def ada(browse):
    return browse("ada")


@pytest.fixture
def made(ada, receiver):
    """The address of a webhook of Ada's, and its secret."""
    page = ada.submit(PATH, {"name": "Chat", "url": receiver.url, "kinds": ["comment.added"]})
    [secret] = re.findall(r'value="(whsec_[^"]+)"', page.text)
    [number] = re.findall(rf'action="{PATH}/(\d+)/ping"', page.text)
    return f"{PATH}/{number}", secret


def stored(session):
    session.expire_all()
    return session.scalars(select(Webhook)).one()


def test_a_secret_is_shown_when_it_is_made_and_never_again(ada, made):
    address, secret = made

    assert secret.startswith("whsec_")
    assert secret not in ada.get(address).text
    assert "whsec_" not in ada.get(PATH).text


def test_a_new_secret_is_shown_once_too(ada, made):
    address, secret = made

    [new] = re.findall(r'value="(whsec_[^"]+)"', ada.submit(f"{address}/secret").text)

    assert new != secret
    assert "the old one signs too until" in ada.get(address).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("url", "somewhere"), ("url", "ftp://example.com/"), ("url", "https://me:word@example.com/"), ("filter", "colour=red"), ("kinds", "nothing.such")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_the_answers_are_kept(ada, field, value, session):
    answer = ada.submit(PATH, {"name": "Chat", "url": "https://chat.example/1", field: value, "internal": "yes"})

    assert answer.status_code == 422
    assert f'href="#{field}' in answer.text
    assert 'name="internal" value="yes" checked' in answer.text or "checked" in answer.text
    assert session.scalars(select(Webhook)).all() == []


def test_the_owner_changes_what_it_tells(ada, made, session, receiver):
    address, _secret = made

    ada.submit(
        address, {"name": "Talk", "url": receiver.url, "filter": "group=it-net", "version": stored(session).version}
    )

    assert (stored(session).name, stored(session).kinds, stored(session).filter) == ("Talk", [], {"group": ["it-net"]})


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(ada, made, session, receiver):
    address, _secret = made

    answer = ada.submit(address, {"name": "Talk", "url": receiver.url, "version": stored(session).version - 1})

    assert (answer.status_code, stored(session).name) == (409, "Chat")


def test_a_test_is_sent_shown_and_sent_again(ada, made, deliver, receiver, session):
    address, secret = made
    ada.submit(f"{address}/ping")
    deliver()
    delivery = session.scalars(select(WebhookDelivery)).one()
    assert "delivered" in ada.get(address).text

    ada.submit(f"{address}/deliveries/{delivery.id}/resend")
    deliver()

    assert [one.is_signed_with(secret) for one in receiver.heard] == [True, True]


def test_a_page_the_reader_may_not_see_is_not_named_in_the_log(
    hook, deliver, browse, session, person, request_of_maria
):
    webhook, _secret = hook("oleg")
    add_comment(session, request_of_maria, "hello", Origin(person("pavel"), clock.now()))
    deliver()

    page = browse("ada").get(f"{PATH}/{webhook.id}").text

    assert "Somebody comments" in page
    assert request_of_maria.number not in page


def test_another_administrator_may_switch_off_or_take_over_but_not_redirect(ada, hook, session, person):
    webhook, _secret = hook("oleg")
    address = f"{PATH}/{webhook.id}"

    assert ada.submit(address, {"name": "Mine", "url": "https://elsewhere.example/"}).status_code == 403
    assert ada.submit(f"{address}/secret").status_code == 403
    assert ada.submit(f"{address}/state", {"on": ""}).status_code == 303
    assert (stored(session).active, stored(session).off_because) == (False, "by hand")
    assert ada.submit(f"{address}/state", {"on": "1"}).status_code == 403
    ada.submit(f"{address}/owner")
    ada.submit(f"{address}/state", {"on": "1"})

    assert (stored(session).active, stored(session).owner_id) == (True, person("ada").id)


def test_a_webhook_is_removed_with_its_log_after_a_question(ada, made, session):
    address, _secret = made
    ada.submit(f"{address}/ping")
    assert "cannot be undone" in ada.get(f"{address}/removal").text

    ada.submit(f"{address}/removal")

    assert session.scalars(select(Webhook)).all() == []
    assert session.scalars(select(WebhookDelivery)).all() == []


def test_the_entry_of_the_menu_is_for_those_who_may(ada, browse, session, person):
    assert f'href="{PATH}"' in ada.get(PATH).text
    assert f'href="{PATH}"' not in browse("oleg").get("/my").text
    assert browse("oleg").get(PATH).status_code == 403

    role = session.scalars(select(Role).where(Role.key == "integration")).one()
    session.add(PersonRole(person_id=person("oleg").id, role_id=role.id))
    session.commit()

    assert f'href="{PATH}"' in browse("oleg").get("/my").text


def test_a_long_log_needs_the_same_few_statements_as_a_short_one(
    ada, hook, session, person, request_of_maria, read_journal, statements
):
    webhook, _secret = hook("oleg")
    counts = []
    for number in (2, 20):
        for _one in range(number):
            add_comment(session, request_of_maria, "hello", Origin(person("pavel"), clock.now()))
        read_journal()
        ada.get(f"{PATH}/{webhook.id}")
        statements.clear()
        assert ada.get(f"{PATH}/{webhook.id}").text.count("Somebody comments") >= number
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 12


def test_the_screens_speak_russian(browse, made):
    address, _secret = made

    page = browse("ada", lang="ru").get(address).text

    assert "Отправить проверку" in page
    assert "Кто-то пишет сообщение" in page

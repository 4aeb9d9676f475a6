"""/api/v1/webhooks: the same by programs, with versions and problems."""

from __future__ import annotations

import pytest

PATH = "/api/v1/webhooks"


@pytest.fixture
def ada(browse):
    return browse("ada")


@pytest.fixture
def new(receiver):
    return {"name": "Chat", "url": receiver.url, "kinds": ["case.opened"], "filter": "group=it-net"}


def test_a_webhook_is_made_read_changed_and_removed(ada, new):
    made = ada.post(PATH, json=new)
    place, tag = made.headers["location"], made.headers["etag"]
    assert (made.status_code, made.json()["secret"][:6], made.json()["owner"]) == (201, "whsec_", "ada")

    read = ada.get(place)
    assert (read.json()["filter"], read.headers["etag"], "secret" in read.json()) == ("group=it-net", tag, False)
    changed = ada.patch(place, json={"kinds": [], "active": False}, headers={"if-match": tag})
    assert (changed.json()["kinds"], changed.json()["active"], changed.json()["filter"]) == ([], False, "group=it-net")
    assert ada.delete(place, headers={"if-match": changed.headers["etag"]}).status_code == 204

    assert (ada.get(place).status_code, ada.get(PATH).json()) == (404, {"items": [], "next": None})


def test_a_change_says_which_version_it_changes(ada, new):
    place = ada.post(PATH, json=new).headers["location"]

    assert ada.patch(place, json={"name": "Talk"}).status_code == 428
    stale = ada.patch(place, json={"name": "Talk"}, headers={"if-match": '"99"'})

    assert (stale.status_code, stale.json()["theirs"]["name"], stale.json()["yours"]) == (412, "Chat", {"name": "Talk"})
    assert stale.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("wrong", [{"url": "nowhere"}, {"kinds": ["no.such"]}, {"filter": "x=y"}, {"owner": "oleg"}])
def test_what_cannot_be_meant_is_a_problem_that_names_the_field(ada, new, wrong):
    answer = ada.post(PATH, json={**new, **wrong})

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text


@pytest.mark.parametrize("number", ["0", "-1", "77", "9" * 30])
def test_a_number_that_no_webhook_has_is_not_found(ada, number):
    assert ada.get(f"{PATH}/{number}").status_code == 404
    assert ada.get(f"/admin/webhooks/{number}").status_code == 404


def test_characters_that_cannot_be_stored_are_left_out(ada, new):
    made = ada.post(PATH, json={**new, "name": "Ch\x00at", "filter": "q=%00vpn"}).json()

    assert (made["name"], made["filter"]) == ("Chat", "q=vpn")


def test_messages_are_listed_newest_first_and_sent_again(ada, new, deliver, receiver):
    place = ada.post(PATH, json=new).headers["location"]
    ada.post(f"{place}/ping")
    receiver.code, receiver.answer = 500, b"secret of the network"
    deliver()
    ada.post(f"{place}/ping")

    first = ada.get(f"{place}/deliveries?limit=1").json()
    second = ada.get(f"{place}/deliveries?limit=1&cursor={first['next']}").json()
    assert [first["items"][0]["state"], second["items"][0]["state"]] == ["waiting", "failed"]
    assert (second["items"][0]["code"], second["next"]) == (500, None)
    assert (
        "secret of the network"
        not in ada.get(f"{place}/deliveries").text + ada.get(f"/admin/webhooks/{place.rpartition('/')[2]}").text
    )
    assert ada.post(f"{place}/deliveries/{first['items'][0]['id']}/resend").status_code == 409
    again = ada.post(f"{place}/deliveries/{second['items'][0]['id']}/resend")

    assert (again.status_code, again.json()["state"]) == (202, "waiting")


def test_a_new_secret_comes_in_its_answer_alone(ada, new):
    made = ada.post(PATH, json=new)
    place = made.headers["location"]

    turned = ada.post(f"{place}/secret").json()

    assert turned["secret"] != made.json()["secret"]
    assert turned["secret"] not in ada.get(place).text


def test_an_ordinary_person_is_refused_before_anything_is_read(browse):
    assert browse("oleg").post(PATH, json={"nonsense": True}).status_code == 403

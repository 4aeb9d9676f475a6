"""The example of the guide does what it says: it knows our messages, and refuses what is forged, altered or old."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acm.notify.webhooks import new_secret, signatures

GUIDE = Path(__file__).parents[2] / "docs/how-to/webhooks.md"
SENT = 1_795_000_000
BODY = '{"type":"comment.added","data":{"text":"Привет"}}'.encode()


@pytest.fixture
def is_from_acm():
    [code] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    known: dict[str, object] = {}
    exec(compile(code, str(GUIDE), "exec"), known)
    return known["is_from_acm"]


def signed(*secrets):
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(SENT),
        "webhook-signature": signatures(list(secrets), "msg_1", SENT, BODY),
    }


def test_the_example_knows_a_message_of_ours(is_from_acm):
    secret = new_secret()

    assert is_from_acm(secret, signed(secret), BODY, now=SENT + 10)


def test_the_example_knows_both_secrets_while_they_change(is_from_acm):
    old, new = new_secret(), new_secret()

    assert all(is_from_acm(secret, signed(new, old), BODY, now=SENT) for secret in (old, new))


def test_the_example_refuses_another_secret_an_altered_body_and_an_old_message(is_from_acm):
    secret = new_secret()

    assert not is_from_acm(new_secret(), signed(secret), BODY, now=SENT)
    assert not is_from_acm(secret, signed(secret), BODY + b" ", now=SENT)
    assert not is_from_acm(secret, signed(secret), BODY, now=SENT + 301)


def test_our_signature_is_that_of_the_example_in_the_standard():
    """The test vector of the Standard Webhooks libraries."""
    body = b'{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    found = signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

"""What notifications give to the core: the consumer, the mail job, the bell."""

from __future__ import annotations

from acm.notify.mail import send_notification
from acm.notify.routes import bell, read_about
from acm.notify.telling import tell
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [
        Contribution("consumer", "notify", tell),
        Contribution("job", "mail.notification", send_notification),
        Contribution("layout", "notify", bell),
        Contribution("page_viewed", "notify", read_about),
    ]

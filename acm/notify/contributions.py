"""What notifications give to the core: the consumer, the mail job, the bell."""

from __future__ import annotations

from acm.jobs.queue import OUTSIDE
from acm.notify import webhooks_routes
from acm.notify.mail import send_letter, send_notification
from acm.notify.routes import bell, read_about
from acm.notify.telling import tell
from acm.notify.webhooks_feed import feed
from acm.notify.webhooks_sending import Courier, sweep, tell_owner
from acm.settings import Settings
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [
        Contribution("consumer", "notify", tell),
        Contribution(OUTSIDE, "mail.notification", send_notification),
        Contribution(OUTSIDE, "mail.letter", send_letter),
        Contribution("layout", "notify", bell),
        Contribution("page_viewed", "notify", read_about),
        Contribution("consumer", "webhooks", feed),
        Contribution("menu", "webhooks", webhooks_routes.menu, order=890),
        Contribution("job", "webhook.off", tell_owner),
        Contribution("schedule", "webhooks", (86_400, sweep)),
    ]


def sending(settings: Settings) -> list[Contribution]:
    """What sends by the settings of this process."""
    return [Contribution("consumer", "webhooks.send", Courier(settings))]

"""What else a plugin may use through its context: jobs, mail, notices, files, a cache, the net, feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import httpx
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from starlette.datastructures import UploadFile

from acm.i18n import LANGUAGES, words
from acm.jobs.queue import cancel, enqueue
from acm.pages.files import attach, files_of
from acm.pages.models import File, Page
from acm.pages.visibility import inside
from acm.people.models import Person
from acm.settings import Settings
from acm.web.outbound import guarded_client
from acm.web.runtime import Runtime
from acm.web.words import full_day, moment

if TYPE_CHECKING:
    from acm.sdk.context import Context

T = TypeVar("T")
MOST_CACHED = 1000


@dataclass(frozen=True)
class Files:
    """Files of pages, for those who see the page."""

    ctx: Context

    def attach(self, page: Page, name: str, content: bytes, *, audience: str = "all", field: str = "") -> File:
        """Keep a file on a page; raises what the store raises (too large, empty, no room)."""
        self.ctx.session.info.setdefault("runtime", self.ctx.runtime)
        upload = UploadFile(BytesIO(content), filename=name)
        found = attach(self.ctx.session, page, [upload], self.ctx.origin(), field=field, audience=audience)
        return found[0]

    def of(self, page: Page, *, field: str | None = None) -> Sequence[File]:
        """The files of a page, in the order they came; without a person all of them."""
        if self.ctx.user is not None:
            return files_of(self.ctx.session, page, self.ctx.user.grants, field=field)
        statement = select(File).where(File.page_id == page.id, File.removed_at.is_(None)).order_by(File.id)
        statement = statement.where(File.field == field) if field is not None else statement
        return list(self.ctx.session.scalars(inside(statement)))

    def open(self, file: File) -> BinaryIO:
        """The bytes of a file; close it after use."""
        return self.ctx.runtime.files.open(file.sha256)


class Cache:
    """Values kept in this process for a while, at most a thousand; gone with the generation of the plugin."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}
        self._lock = Lock()

    def get(self, key: str, make: Callable[[], T], *, seconds: float = 60) -> T:
        """The value under a key, made anew when it is older than ``seconds``. Never keep what one person may see
        under a key that another asks for."""
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            found: T = kept[1]
            return found
        value = make()
        with self._lock:
            if len(self._kept) >= MOST_CACHED:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = (now + seconds, value)
        return value


_caches: dict[str, tuple[str, Cache]] = {}


def cache_of(plugin: str, generation: str) -> Cache:
    """The cache of a generation; that of the generation before goes."""
    kept = _caches.get(plugin)
    if kept is None or kept[0] != generation:
        kept = _caches[plugin] = (generation, Cache())
    return kept[1]


class Services:
    """The part of :class:`acm.sdk.Context` that reaches beyond pages."""

    @property
    def _me(self) -> Context:
        return self  # type: ignore[return-value]

    @property
    def runtime(self) -> Runtime:
        """The parts of the process; not for plugins."""
        ctx = self._me
        found: Runtime | None = ctx.session.info.get("runtime") or ctx.snapshot.find("runtime", "core")
        if found is None:
            raise LookupError("this call has no process around it")
        return found

    @property
    def files(self) -> Files:
        """Files of pages."""
        return Files(self._me)

    @property
    def cache(self) -> Cache:
        """Values kept in this process for a while."""
        ctx = self._me
        return cache_of(ctx.plugin, getattr(ctx.snapshot.plugins.get(ctx.plugin), "package", ""))

    @property
    def http(self) -> httpx.Client:
        """A client that reaches the addresses of ``permissions.uses.network`` and nothing inside the house: ``with
        ctx.http as client``."""
        ctx = self._me
        allowed = ctx.snapshot.plugins[ctx.plugin].found.manifest.permissions.uses.network
        settings: Settings = self.runtime.settings
        return guarded_client(settings, allow=allowed)

    def enqueue(
        self, name: str, payload: Any = None, *, run_at: datetime | None = None, key: str | None = None
    ) -> None:
        """Ask for the plugin's job ``name`` in this transaction, now or at a moment. With a ``key`` an unfinished job
        of that key is moved instead."""
        ctx = self._me
        job = ctx.snapshot.find("job", f"{ctx.plugin}.{name}")
        if job is None:
            raise LookupError(f"{ctx.plugin} has no job {name!r} that waits for a payload")
        given = payload.model_dump(mode="json") if hasattr(payload, "model_dump") else dict(payload or {})
        args = {"payload": given, "version": job.version}
        enqueue(ctx.session, f"{ctx.plugin}.{name}", args, run_at=run_at, key=self._job_key(name, key))

    def cancel(self, name: str, key: str) -> None:
        """Forget the unfinished job of a key."""
        cancel(self._me.session, str(self._job_key(name, key)))

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine in the background of this process; what it raises is counted, and it is cancelled when the
        load of the plugin ends. Not in ``acm worker``, which has no event loop: ask for a job there."""
        ctx = self._me
        ctx.snapshot.points["spawn"][ctx.plugin].value(coro)

    def notify(self, person: Person, kind: str, page: Page, **values: Any) -> None:
        """Tell a person the sentence ``kind`` about a page they may see: in the bell, and by mail if they want."""
        ctx = self._me
        texts: Mapping[str, str] = ctx.snapshot.points["notification"][f"{ctx.plugin}.{kind}"].value
        said = {lang: words(texts, lang) % _spoken({"number": page.number, **values}, lang, ctx) for lang in LANGUAGES}
        data = {"kind": f"{ctx.plugin}.{kind}", "person": person.id, "said": said}
        page.record("person.told", ctx.origin(), data, audience="internal")

    def mail(self, to: Person | str, subject: str, text: str) -> None:
        """Send a letter, after this transaction; people without an address get none."""
        address = to if isinstance(to, str) else to.email
        if address:
            enqueue(self._me.session, "mail.letter", {"to": address, "subject": subject[:200], "text": text})

    def feed_url(self, name: str) -> str:
        """The address of a feed of the plugin for the person who reads: it needs no sign-in, so it is theirs alone.
        They take it back on their profile."""
        ctx = self._me
        if ctx.user is None:
            raise LookupError("a feed is somebody's")
        person, runtime = ctx.user.person, self.runtime
        token = sign_feed(runtime.settings, person, ctx.plugin, name)
        return f"{runtime.settings.base_url.rstrip('/')}/feeds/{ctx.plugin}/{name}/{token}"

    def _job_key(self, name: str, key: str | None) -> str | None:
        return None if key is None else f"{self._me.plugin}.{name}:{key}"[:160]


def sign_feed(settings: Settings, person: Person, plugin: str, name: str) -> str:
    """A token that opens one feed for one person, until they take their feeds back."""
    signed = _signer(settings).dumps([person.id, person.settings.get("feeds", 0), plugin, name])
    return signed if isinstance(signed, str) else signed.decode()


def read_feed(settings: Settings, token: str, plugin: str, name: str) -> tuple[int, int] | None:
    """Whose token it is, and of which count of theirs; None for one that does not open this feed."""
    try:
        person_id, count, of, which = _signer(settings).loads(token[:500])
    except (BadSignature, ValueError, TypeError):
        return None
    return (int(person_id), int(count)) if (of, which) == (plugin, name) else None


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.key(), salt="feed")


def _spoken(values: Mapping[str, Any], lang: str, ctx: Context) -> dict[str, object]:
    """Values as a sentence says them: days and moments in words, names by language."""
    now = ctx.now()

    def said(value: Any) -> object:
        if isinstance(value, datetime):
            return moment(value, lang, ctx.zone, now)
        if isinstance(value, date):
            return full_day(value, lang, now.astimezone(ctx.zone).date())
        if isinstance(value, Person):
            return value.name_in(lang)
        if isinstance(value, Mapping):
            return words(value, lang)
        return value if isinstance(value, (int, float, Decimal)) else str(value)

    return {name: said(value) for name, value in values.items()}

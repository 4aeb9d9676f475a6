"""Problems with a meaning (RFC 9457). Models raise them; one handler at the edge renders JSON, page or fragment.

``title`` and ``detail`` are message ids: the edge translates them with ``params``.
"""

from collections.abc import Mapping, Sequence


class Problem(Exception):
    """Something the person may be told. Subclasses name the meaning, never the place."""

    status = 500
    type = "about:blank"
    title = "Something went wrong"

    def __init__(self, detail: str = "", *, params: Mapping[str, object] | None = None, **extra: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.params = dict(params or {})
        self.extra = extra


class NotFound(Problem):
    """The thing does not exist, or the person may not know that it does: the answer is the same."""

    status = 404
    type = "/problems/not-found"
    title = "There is no such page"


class Forbidden(Problem):
    """A verb or an area whose existence is no secret, refused to this person."""

    status = 403
    type = "/problems/forbidden"
    title = "You may not do this"


class Unauthenticated(Problem):
    """The request names nobody, or somebody whose session or token has ended."""

    status = 401
    type = "/problems/unauthenticated"
    title = "Sign in first"


class Conflict(Problem):
    """The state of the thing does not allow the verb."""

    status = 409
    type = "/problems/conflict"
    title = "This cannot be done now"


class Stale(Conflict):
    """Somebody saved first. ``theirs`` and ``yours`` hold both versions, so that nothing is lost."""

    type = "/problems/stale"
    title = "Somebody saved this page before you"

    def __init__(self, *, theirs: Mapping[str, object], yours: Mapping[str, object], version: int) -> None:
        super().__init__(theirs=dict(theirs), yours=dict(yours), version=version)


class PreconditionFailed(Problem):
    """The version in If-Match is not the present one."""

    status = 412
    type = "/problems/stale"
    title = "Somebody saved this page before you"


class PreconditionRequired(Problem):
    """A change by the API must say which version it changes."""

    status = 428
    type = "/problems/precondition-required"
    title = "Say in If-Match which version you change"


class Invalid(Problem):
    """Input refused. ``errors`` maps the name of a field to message ids (already with their params)."""

    status = 422
    type = "/problems/invalid"
    title = "Check your answers"

    def __init__(self, errors: Mapping[str, Sequence[object]], detail: str = "") -> None:
        super().__init__(detail, errors={name: list(texts) for name, texts in errors.items()})
        self.errors: dict[str, list[object]] = {name: list(texts) for name, texts in errors.items()}


class TooLarge(Problem):
    """The body or a file is above the limit."""

    status = 413
    type = "/problems/too-large"
    title = "The file is too large"


class TooMany(Problem):
    """Too many tries; ``retry_after`` seconds until the next."""

    status = 429
    type = "/problems/too-many"
    title = "Too many tries"

    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail, params={"seconds": retry_after})
        self.retry_after = retry_after


class StorageFull(Problem):
    """There is no room left on the disk; nothing was written."""

    status = 507
    type = "/problems/storage-full"
    title = "There is no room left on the server's disk"


class NotReady(Problem):
    """Said by a plugin's ``on_start``: what it needs is not there yet. It is asked again, less and less often."""

    status = 503
    type = "/problems/not-ready"
    title = "It is not ready yet"


class PluginAway(Problem):
    """The plugin that serves this is disabled or in repair; its data stays readable."""

    status = 503
    type = "/problems/plugin-away"
    title = "Not available now"

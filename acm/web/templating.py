"""Pages and fragments from one view: ``ui.page("cases/show.html", fragment="case", case=case)``.

A request of htmx gets the named block alone, everybody else the whole page. The session is committed before
anything is rendered, so what is shown is what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2.ext import Extension
from markupsafe import Markup, escape

from acm import clock
from acm.i18n import Translator, translator
from acm.web import assets, csrf, filters
from acm.web.menus import Menus
from acm.web.routing import commit
from acm.web.runtime import Db, runtime_of, snapshot_of

TEMPLATES = Path(__file__).parents[2] / "templates"


class ImportsWithContext(Extension):
    """Macros see the reader's language, zone and texts: every import is one "with context"."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _IMPORT.sub(r"\1 with context \2", source)


class Template(jinja2.Template):
    """Its macros are made once a page, and not anew in each template that imports them."""

    def make_module(self, vars: Any = None, shared: bool = False, locals: Any = None) -> Any:  # noqa: A002
        made = (vars or {}).get("modules")
        if made is None:
            return super().make_module(vars, shared, locals)
        if self not in made:
            made[self] = super().make_module(vars, shared)
        return made[self]


_IMPORT = re.compile(r"(\{%-?\s*(?:from\s+\S+\s+import|import)\s(?:(?!%\}|\bwith(?:out)? context).)*?)\s*(-?%\})")


@lru_cache(maxsize=512)
def icon(name: str) -> Markup:
    """An icon of the sprite; the names are in ``frontend/icons.txt``. Decoration only: the words stand beside it.

    A name the sprite lacks, as a plugin may give one, shows a page: an empty place looks like a fault.
    """
    known = assets.icons()
    name = name if name in known or not known else "file"
    return Markup('<svg class="i" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(assets.url("icons.svg"), name)


@cache
def environment(*, follows: bool = False) -> jinja2.Environment:
    """The core's templates: autoescape always on, undefined names are errors. One that ``follows`` asks at each use of
    a template whether its file has changed: forty times a page."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        auto_reload=follows,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", ImportsWithContext],
    )
    env.template_class = Template
    env.newstyle_gettext = True  # type: ignore[attr-defined]
    env.globals.update(static=assets.url, icon=icon)
    filters.install(env)
    return env


class UI:
    """Renders for one request. ``lang``, ``zone`` and ``say`` are the reader's."""

    def __init__(self, request: Request, db: Db) -> None:
        self.request = request
        self.db = db
        self.runtime = runtime_of(request)
        self.settings = self.runtime.settings
        self.snapshot = snapshot_of(request)
        self.env = environment(follows=self.settings.develop)
        self.plugin = ""
        """Whose screen this is; empty for the core's."""

    @property
    def viewer(self) -> Any:
        """Who reads, as the sign-in left it; None before sign-in."""
        return getattr(self.request.state, "viewer", None)

    @property
    def lang(self) -> str:
        return language_of(self.request)

    @property
    def zone(self) -> ZoneInfo:
        viewer = self.viewer
        return viewer.zone if viewer else ZoneInfo(self.settings.timezone)

    @property
    def translator(self) -> Translator:
        return self.translator_of(self.plugin)

    def translator_of(self, plugin: str) -> Translator:
        """Texts as a plugin's own screens say them: by its words first."""
        own: Path | None = self.snapshot.find("locale", plugin)
        return translator(self.lang, tuple(self.snapshot.values("locale")), own)

    def say(self, message: object) -> str:
        """A message, words by language or a text, in the reader's language."""
        return self.translator.say(message)

    @property
    def is_htmx(self) -> bool:
        return self.request.headers.get("hx-request") == "true"

    def page(
        self,
        template: str,
        *,
        fragment: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """The whole page, or the block ``fragment`` for htmx; 422 and the like by ``status``."""
        commit(self.db)
        if fragment and self.is_htmx:
            html: str = self.fragment(template, fragment, **values)
        else:
            html = self.env.get_template(template).render(self.context(values))
        response = HTMLResponse(
            html,
            status_code=status,
            headers={"Vary": "HX-Request, Cookie", "Cache-Control": "no-store", **(headers or {})},
        )
        self._keep_ticket(response)
        return response

    def fragment(self, template: str, block: str, **values: Any) -> Markup:
        """One block of a template as text."""
        loaded = self.env.get_template(template)
        context = loaded.new_context(self.context({**values, "fragment": True}))
        next(iter(loaded.root_render_func(context)), None)  # its imports and sets, up to the first text
        return Markup("".join(loaded.blocks[block](context)))

    def redirect(self, path: str, *, status: int = 303) -> Response:
        """Send the reader to a path of this site, after committing."""
        commit(self.db)
        path = safe_path(path)
        if self.is_htmx:
            return Response(headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=status)

    def viewed(self, page_id: int) -> None:
        """Tell, after the answer has left, that this reader saw a page (a GET itself writes nothing)."""
        self.request.state.viewed = (self.viewer.id, page_id)

    def context(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What every template may use."""
        texts, request, viewer = self.translator, self.request, self.viewer
        context: dict[str, Any] = {
            "_": _filled(texts.gettext),
            "gettext": _filled(texts.gettext),
            "ngettext": _filled(texts.ngettext),
            "say": texts.say,
            "lang": self.lang,
            "zone": self.zone,
            "now": clock.now(),
            "theme": theme_of(request),
            "me": viewer.person if viewer else None,
            "viewer": viewer,
            "csrf_token": csrf.token_for(request) if self._ticket_ready() else "",
            "path": request.url.path,
            "query": request.query_params,
            "request_id": getattr(request.state, "request_id", ""),
            "menus": Menus(self),
            "bell": None,
            "strip": None,
            "company": {"name": "ACM"},
            "fragment": False,
            "modules": {},
            "slot": lambda name, **subject: [],
        }
        for contribution in self.snapshot.each("layout"):
            context.update(contribution.value(self))
        context.update(values)
        return context

    def _ticket_ready(self) -> bool:
        request = self.request
        if (
            not self.viewer
            and csrf.ANONYMOUS_COOKIE not in request.cookies
            and not hasattr(request.state, "anonymous_ticket")
        ):
            request.state.anonymous_ticket = csrf.new_ticket()
        return True

    def _keep_ticket(self, response: Response) -> None:
        ticket = getattr(self.request.state, "anonymous_ticket", None)
        if ticket:
            response.set_cookie(
                csrf.ANONYMOUS_COOKIE, ticket, httponly=True, samesite="lax", secure=self.settings.is_https
            )


async def ui_of(request: Request, db: Db) -> UI:
    """Dependency: what this request's pages are rendered with."""
    return UI(request, db)


Ui = Annotated[UI, Depends(ui_of)]


def _filled(text_of: Callable[..., str]) -> Callable[..., Markup]:
    """A text with its params filled in and escaped: ``_("Stage %(name)s", name=…)``; ``ngettext`` gives ``num`` itself."""

    def fill(*args: Any, **params: Any) -> Markup:
        if len(args) == 3:
            params.setdefault("num", args[2])
        text = text_of(*args)
        return Markup(text % {n: v if type(v) is int else escape(v) for n, v in params.items()} if params else text)

    return fill


def language_of(request: Request) -> str:
    """The reader's language: the person's, else the cookie's, else the browser's, else the installation's."""
    viewer = getattr(request.state, "viewer", None)
    chosen = (viewer.person.language if viewer else "") or request.cookies.get("acm_language", "")
    if chosen in ("ru", "en"):
        return chosen
    accepted = request.headers.get("accept-language", "")[:200].lower()
    for part in accepted.split(","):
        if (code := part.strip()[:2]) in ("ru", "en"):
            return code
    return runtime_of(request).settings.language


def theme_of(request: Request) -> str:
    viewer = getattr(request.state, "viewer", None)
    chosen = (viewer.person.theme if viewer else "") or request.cookies.get("acm_theme", "")
    return chosen if chosen in ("light", "dark") else ""


def safe_path(path: str) -> str:
    """A path of this site, or the portal: never a way to another host."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(c in path for c in "\r\n\t\\"):
        return "/"
    return path

"""What people write (Markdown) as HTML that can do nothing: parsed without raw HTML, then cut to an allow-list.

The caller puts the result into an element with `data-user-content`. Headings are moved below the page's own and do
not skip levels; a pressed Enter is a new line; bare addresses become links and `@login` a link to the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

MAX_CHARACTERS = 100_000
MAX_MARKS = 20_000
MAX_NESTING = 24

Mention = Callable[[str], tuple[str, str] | None]
"""Given a login, the address and the name of the person, or None when there is nobody to link to."""

_TAGS = {"p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "del", "code", "pre", "blockquote"}
_TAGS |= {"ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td"}
_ALIGN = {"align": {"left", "right", "center"}}
_SANITIZER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}},
    tag_attribute_values={"th": _ALIGN, "td": _ALIGN},
    attribute_filter=lambda tag, name, value: _kept(tag, name, value),
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener",
)
_MARKS = re.compile(r"[\[\]*_`~<>|&\\!]")
_TO_LINK = re.compile(
    r"""(?P<url>\bhttps?://[^\s<>"'`]{3,2000})
      | (?<![\w@./+-])@(?P<login>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?)(?![\w@])""",
    re.VERBOSE,
)
_URL_END = ".,;:!?*_~»”…"


def to_html(text: str, mention: Mention | None = None, *, top: int = 3) -> Markup:
    """Render Markdown; `top` is the level (2 to 6) of the highest heading.

    Text that is too long or made of nothing but marks is shown as it was typed: the time stays linear.
    """
    if _is_hostile(text):
        return Markup("<pre>%s</pre>") % text
    html = _PARSER.render(text, {"mention": mention, "top": max(2, min(top, 6))})
    return Markup(_SANITIZER.clean(html))  # noqa: S704 - the one place that may: it comes from the sanitizer


def plain(text: str, limit: int | None = 200) -> str:
    """Return the words without marks, on one line, cut between words to `limit` characters."""
    words = text if _is_hostile(text) else "".join(_words(_PARSER.parse(text, {})))
    words = " ".join(words.split())
    if limit is None or len(words) <= limit:
        return words
    cut = words[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:.") + "…"


def mentioned(text: str) -> list[str]:
    """Return the logins mentioned in a text, each once, in order; those within code are none."""
    found: dict[str, None] = {}
    if not _is_hostile(text):
        _PARSER.parse(text, {"mention": lambda login: found.setdefault(login)})
    return list(found)


def _is_hostile(text: str) -> bool:
    return len(text) > MAX_CHARACTERS or sum(1 for _ in _MARKS.finditer(text)) > MAX_MARKS


def _kept(tag: str, name: str, value: str) -> str | None:
    """Keep an attribute, except that pictures come from this site only."""
    if (tag, name) == ("img", "src") and (not value.startswith("/") or value[1:2] in ("/", "\\")):
        return None
    return value


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children:
            yield from _words(token.children)
        elif token.type in ("text", "code_inline", "fence", "code_block"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak") or token.block:
            yield " "


def _headings(state: StateCore) -> None:
    """Move headings below the page's own, the first at `top`, none deeper than one below the one before."""
    top = int(state.env.get("top", 3))
    last = top - 1
    for token in state.tokens:
        if token.type == "heading_open":
            last = min(top - 1 + int(token.tag[1:]), last + 1, 6)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{last}"


def _cells(state: StateCore) -> None:
    """Turn the style attribute of aligned cells into one that the allow-list knows."""
    for token in state.tokens:
        style = token.attrGet("style") if token.type in ("th_open", "td_open") else None
        if isinstance(style, str):
            token.attrs = {"align": style.removeprefix("text-align:")}


def _links(state: StateCore) -> None:
    """Turn bare addresses and mentions into links, outside of links and code."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        depth = 0
        children: list[Token] = []
        for token in block.children:
            depth += token.nesting if token.type in ("link_open", "link_close") else 0
            children.extend(_linked(token.content, state.env) if token.type == "text" and not depth else [token])
        block.children = children


def _linked(text: str, env: MutableMapping[str, Any]) -> Iterator[Token]:
    at = 0
    for match in _TO_LINK.finditer(text):
        link = _address(match["url"]) if match["url"] else _person(match["login"], env)
        if link is None:
            continue
        href, label, length = link
        yield _text(text[at : match.start()])
        yield Token("link_open", "a", 1, attrs={"href": href})
        yield _text(label)
        yield Token("link_close", "a", -1)
        at = match.start() + length
    yield _text(text[at:])


def _address(url: str) -> tuple[str, str, int] | None:
    url = url.rstrip(_URL_END)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_URL_END)
    href = _PARSER.normalizeLink(url)
    return (href, url, len(url)) if _PARSER.validateLink(href) and len(url) > 10 else None


def _person(login: str, env: MutableMapping[str, Any]) -> tuple[str, str, int] | None:
    mention: Mention | None = env.get("mention")
    found = mention(login) if mention else None
    return (found[0], "@" + found[1].removeprefix("@"), len(login) + 1) if found else None


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline"])
    for rule in (_headings, _cells, _links):
        parser.core.ruler.push(rule.__name__.strip("_"), rule)
    return parser


_PARSER = _parser()

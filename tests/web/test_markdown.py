"""What people write is shown as they meant it and can do nothing."""

import re
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acm.web.markdown import MAX_CHARACTERS, mentioned, plain, to_html


def people(login):
    return {"anna": ("/people/anna", "Анна Белова")}.get(login)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("раз\nдва", "<p>раз<br>\nдва</p>\n"),
        ("*раз* **два** ~~нет~~ `код`", "<p><em>раз</em> <strong>два</strong> <s>нет</s> <code>код</code></p>\n"),
        ("3. три", '<ol start="3">\n<li>три</li>\n</ol>\n'),
        ("```sh\nping <host>\n```", "<pre><code>ping &lt;host&gt;\n</code></pre>\n"),
        ("[a](/kb/1 'b')", '<p><a href="/kb/1" title="b" rel="nofollow noopener">a</a></p>\n'),
        ("<b>как есть</b>", "<p>&lt;b&gt;как есть&lt;/b&gt;</p>\n"),
        ("![снимок](/files/1)", '<p><img src="/files/1" alt="снимок"></p>\n'),
        ("2 < 3 & 4", "<p>2 &lt; 3 &amp; 4</p>\n"),
    ],
)  # fmt: skip
def test_text_is_rendered(text, html):
    assert to_html(text) == html


def test_a_table_keeps_its_alignment_without_a_style():
    html = to_html("| a | b |\n|---|--:|\n| 1 | 2 |")

    assert '<td align="right">2</td>' in html
    assert "style" not in html


def test_headings_go_below_those_of_the_page_and_skip_no_level():
    html = to_html("# Раз\n\n#### Два\n\n###### Три\n\n## Четыре", top=2)

    assert re.findall(r"<(h\d)", html) == ["h2", "h3", "h4", "h3"]


def test_a_bare_address_becomes_a_link_without_the_full_stop_behind_it():
    html = to_html("см. https://intra.example/a_b_(c), и (https://intra.example/d).")

    assert re.findall(r'href="([^"]+)"', html) == ["https://intra.example/a_b_(c)", "https://intra.example/d"]
    assert html.endswith("</a>).</p>\n")


def test_a_mention_links_to_the_person_by_name():
    html = to_html("@anna, посмотрите. Почта anna@firm.example, `@anna`, @nobody", people)

    assert html.count('<a href="/people/anna" rel="nofollow noopener">@Анна Белова</a>') == 1
    assert "<code>@anna</code>" in html
    assert "@nobody" in html


def test_those_mentioned_are_told_once_each_and_not_from_code():
    assert mentioned("@anna и @o.kim. `@hr` a@b.example @anna\n\n    @code\n\n> @quoted") == ["anna", "o.kim", "quoted"]


def test_an_extract_has_words_only_and_ends_between_words():
    text = "# VPN\n\nНе *работает* [вход](https://a.example) после `обновления`\n\n- раз\n- два"

    assert plain(text) == "VPN Не работает вход после обновления раз два"
    assert plain(text, 20) == "VPN Не работает…"
    assert plain("ы" * 50, 20) == "ы" * 19 + "…"
    assert plain(text, None).endswith("два")


EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "![x](//evil.example/pixel.png)",
    "![x](/\\evil.example/pixel.png)",
    "<div hx-get=/admin hx-trigger=load data-hx-post=/x x-data=1 _='on load'>x</div>",
    '[x](/a "onmouseover=\\"alert(1)\\"")',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<https://a.example/"onclick=alert(1)>',
    "https://a.example/'><script>alert(1)</script>",
    "| a |\n|---|\n| <b style=x> |",
    "<a id=main name=main class=btn href=/logout style='position:fixed'>x</a>",
    '@anna"><script>',
    '```"><script>alert(1)</script>\nx\n```',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


class Elements(HTMLParser):
    """Notes every element and attribute of a document."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


ALLOWED = {"href", "title", "src", "alt", "start", "align", "rel"}


def is_harmless(html):
    for tag, attributes in Elements(html).found:
        assert tag not in {"script", "style", "svg", "iframe", "form", "input", "div", "span", "object", "math"}
        assert attributes.keys() <= ALLOWED
        assert re.match(r"(?i)(https?:|mailto:|[^:]*$|[./#?])", attributes.get("href") or "")
        assert re.match(r"/(?![/\\])|$", attributes.get("src") or "")
        assert tag != "a" or attributes["rel"] == "nofollow noopener"
    return True


@pytest.mark.parametrize("text", EVIL)
def test_nothing_hostile_comes_through(text):
    assert is_harmless(to_html(text, people))
    assert is_harmless(to_html(f"- a\n  > {text}\n\n[ref]: {text}", people))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(EVIL) | st.sampled_from(list("[]()<>*_`~!|&\n\t #>-\"'\\@")) | st.text(max_size=5)).map(
        "".join
    )
)
def test_no_mixture_of_hostile_parts_comes_through(text):
    assert is_harmless(to_html(text, people))
    assert isinstance(plain(text), str)


def test_a_name_given_by_the_callback_cannot_break_out():
    html = to_html("@anna", lambda login: ('/people/"><script>', "<script>alert(1)</script>"))

    assert is_harmless(html)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "unit",
    ["[", "![", "*a ", "**a *b ", "`a", "> ", "- a\n", "[a](", "[a]: b\n", "|a", "<![CDATA[", "&#1", "(", "# a\n"],
)
def test_hostile_text_costs_no_more_than_its_length(unit):
    began = process_time()
    to_html(unit * (MAX_CHARACTERS // len(unit)))
    to_html(unit * (19_000 // len(unit)))
    plain(unit * (19_000 // len(unit)))

    assert process_time() - began < 5


def test_what_is_too_long_is_shown_as_typed():
    html = to_html("<b>" + "x" * MAX_CHARACTERS)

    assert html.startswith("<pre>&lt;b&gt;xxx")
    assert mentioned("@anna " + "x" * MAX_CHARACTERS) == []

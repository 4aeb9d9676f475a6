"""Static files: kept for ever by the browser, and sent as the build has compressed them."""

from __future__ import annotations

import gzip

import pytest

from acm.web import assets


@pytest.fixture
def sheet(browse):
    """``sheet(accepted)`` asks for the style sheet as a browser that takes these encodings."""

    def ask(accepted, **headers):
        return browse("").get(assets.url("app.css"), headers={"accept-encoding": accepted, **headers})

    return ask


def on_disk(suffix: str = "") -> bytes:
    return (assets.STATIC / f"{assets.manifest()['app.css']}{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("accepted", "encoding", "suffix"),
    [
        ("gzip, deflate, br, zstd", "br", ".br"),
        ("gzip, deflate", "gzip", ".gz"),
        ("br;q=0, gzip;q=0.5", "gzip", ".gz"),
        ("identity", None, ""),
    ],
)
def test_a_browser_gets_the_smallest_file_that_it_can_read(sheet, accepted, encoding, suffix):
    answer = sheet(accepted)

    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-length"] == str(len(on_disk(suffix)))
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == on_disk()


def test_what_a_browser_has_already_is_not_sent_again(sheet):
    again = sheet("br", **{"if-none-match": sheet("br").headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""
    assert "content-encoding" not in again.headers


def test_what_lies_compressed_beside_a_file_says_the_same(runtime):
    assert gzip.decompress(on_disk(".gz")) == on_disk()
    assert len(on_disk(".br")) < len(on_disk(".gz")) < len(on_disk()) / 3

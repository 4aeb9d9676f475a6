"""Attached files: kept by content, told by content, served inert."""

import errno
import gzip
import hashlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from acm.errors import NotFound, StorageFull, TooLarge
from acm.web.filetypes import media_type
from acm.web.uploads import EmptyFile, FileStore, NoPreview, attachment_headers, picture, preview_headers, safe_name

LIMIT = 1024 * 1024


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "files")


def image(kind="PNG", size=(60, 40), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else None).save(file, kind, **options)
    return file.getvalue()


def kept(store):
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def test_a_file_lies_under_the_hash_of_its_content(store):
    stored = store.put(io.BytesIO(b"hello\n"), LIMIT)

    assert stored.sha256 == hashlib.sha256(b"hello\n").hexdigest()
    assert (stored.size, stored.media_type) == (6, "text/plain")
    assert store.open(stored.sha256).read() == b"hello\n"
    assert kept(store) == [stored.sha256]


def test_the_same_content_is_kept_once(store):
    first = store.put(io.BytesIO(b"x" * 3_000_000), 4 * LIMIT)

    assert store.put(io.BytesIO(b"x" * 3_000_000), 4 * LIMIT) == first
    assert len(kept(store)) == 1


def test_a_file_above_the_limit_leaves_nothing_behind(store):
    with pytest.raises(TooLarge) as refusal:
        store.put(io.BytesIO(b"x" * 1001), 1000)

    assert refusal.value.extra["limit"] == 1000
    assert kept(store) == []
    assert store.put(io.BytesIO(b"x" * 1000), 1000).size == 1000


def test_an_empty_file_is_refused(store):
    with pytest.raises(EmptyFile):
        store.put(io.BytesIO(b""), LIMIT)

    assert kept(store) == []


class Failing(io.RawIOBase):
    """A stream that breaks in the middle, as a full disk or a lost connection does."""

    def __init__(self, error):
        self.error = error
        self.parts = [b"first part"]

    def read(self, size=-1):
        if self.parts:
            return self.parts.pop()
        raise self.error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_as_such_and_leaves_nothing_behind(store, number):
    with pytest.raises(StorageFull) as refusal:
        store.put(Failing(OSError(number, "no room")), LIMIT)

    assert refusal.value.status == 507
    assert kept(store) == []


def test_a_broken_stream_leaves_nothing_behind(store):
    with pytest.raises(ConnectionResetError):
        store.put(Failing(ConnectionResetError()), LIMIT)

    assert kept(store) == []


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 64])
def test_what_is_no_kept_hash_is_not_found(store, sha256):
    with pytest.raises(NotFound):
        store.open(sha256)


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x")
    return file.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (image("PNG"), "image/png"),
        (image("JPEG"), "image/jpeg"),
        (image("GIF"), "image/gif"),
        (image("WEBP"), "image/webp"),
        (image("PDF"), "application/pdf"),
        (gzip.compress(b"abc", mtime=0), "application/gzip"),
        (zipped("a.txt"), "application/zip"),
        (zipped("[Content_Types].xml", "word/document.xml"), OFFICE + "wordprocessingml.document"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), OFFICE + "spreadsheetml.sheet"),
        (zipped("mimetype", "content.xml"), "application/vnd.oasis.opendocument.text"),
        ("Привет\n".encode(), "text/plain"),
        ("Привет\n".encode("cp1251"), "text/plain"),
        ("Привет\n".encode("utf-16"), "text/plain"),
        ("я".encode() * 40_000, "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain"),
        (b"MZ\x90\0\3\0\0\0" + b"\0" * 300, "application/octet-stream"),
        (b"\x7fELF\2\1\1\0" + b"\0" * 300, "application/octet-stream"),
        (b"\0", "application/octet-stream"),
    ],
)
def test_the_type_is_told_by_the_content(content, expected):
    assert media_type(content[: 64 * 1024]) == expected


@given(st.binary(max_size=300))
def test_any_bytes_have_a_type(content):
    assert "/" in media_type(content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("отчёт за ноябрь.pdf", "отчёт за ноябрь.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("..", "file"),
        ("", "file"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
        ("счёт\u202efdp.exe", "счётfdp.exe"),
        ('"><img src=x onerror=alert(1)>.png', "_img src=x onerror=alert(1)_.png"),
        ("nul.txt", "_nul.txt"),
        ("\ud800.txt", "txt"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        (".bashrc", "bashrc"),
    ],
)
def test_a_name_is_made_safe(name, safe):
    assert safe_name(name) == safe


@given(st.text())
def test_any_name_gives_a_header_of_one_line(name):
    header = attachment_headers(name, "text/plain")["Content-Disposition"]

    header.encode("ascii")
    assert header.isprintable()
    assert header.count('"') == 2
    assert safe_name(safe_name(name)) == safe_name(name)
    assert len(safe_name(name)) <= 120


def test_a_file_is_only_ever_saved():
    headers = attachment_headers("счёт № 5.pdf", "application/pdf")

    assert headers["Content-Disposition"] == (
        "attachment; filename=\"_ _ 5.pdf\"; filename*=UTF-8''%D1%81%D1%87%D1%91%D1%82%20%E2%84%96%205.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert attachment_headers("a", "text/html\r\nX: y")["Content-Type"] == "application/octet-stream"
    assert preview_headers()["Content-Type"] == "image/webp"


def shown(content, size=320):
    return Image.open(io.BytesIO(picture(io.BytesIO(content), size)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_encoded_anew_within_the_size_asked_for(kind):
    preview = shown(image(kind, (2000, 1000)))

    assert (preview.format, preview.size) == ("WEBP", (320, 160))


def test_a_preview_is_upright_and_keeps_no_place_where_it_was_taken():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "secret place"

    encoded = picture(io.BytesIO(image("JPEG", (200, 100), exif=exif)), 320)

    assert Image.open(io.BytesIO(encoded)).size == (100, 200)
    assert b"secret place" not in encoded


def test_a_transparent_picture_stays_so():
    assert shown(image("PNG", mode="RGBA")).mode == "RGBA"


def bomb(width, height):
    """A PNG of a few bytes that says it has width × height points."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "content",
    [
        bomb(100_000, 100_000),
        bomb(10_000, 9_000),
        bomb(8_000, 7_000),
        image("JPEG", (800, 800))[:700],
        image("PNG", (800, 800))[:60],
        image("TIFF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"not a picture",
    ],
    ids=["giga", "warned", "above the limit", "cut jpeg", "cut png", "tiff", "svg", "gif head", "eps", "text"],
)
def test_bombs_damaged_pictures_and_other_files_have_no_preview(store, content):
    stored = store.put(io.BytesIO(content), LIMIT)

    with pytest.raises(NoPreview):
        store.preview(stored.sha256, 320)


@given(st.integers(0, 2000), st.integers(0, 255), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
def test_a_damaged_picture_is_shown_or_refused_and_nothing_else(place, byte, kind):
    content = bytearray(image(kind))
    content[place % len(content)] = byte
    try:
        encoded = picture(io.BytesIO(bytes(content)), 96)
    except NoPreview:
        return
    assert Image.open(io.BytesIO(encoded)).format == "WEBP"

"""What a file is, by its content. The name and what the browser said are not asked.

Only types that nothing executes have a name here; everything else is `application/octet-stream`, and all text,
HTML and SVG among it, is `text/plain`.
"""

from __future__ import annotations

import re

HEAD_BYTES = 64 * 1024
OTHER = "application/octet-stream"
TEXT = "text/plain"

_BY_MAGIC = {
    "application/ogg": "application/ogg",
    "application/vnd.rar": "application/vnd.rar",
    "application/x-7z-compressed": "application/x-7z-compressed",
    "application/x-gzip": "application/gzip",
    "audio/mpeg": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "image/avif": "image/avif",
    "image/gif": "image/gif",
    "image/heif": "image/heif",
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/tiff": "image/tiff",
    "image/webp": "image/webp",
    "video/mp4": "video/mp4",
    "video/quicktime": "video/quicktime",
    "video/webm": "video/webm",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_IN_ZIP = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
_OPEN_DOCUMENT = re.compile(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z]{4,12})(?=PK|[^a-z])")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def media_type(head: bytes) -> str:
    """Name the type by the first `HEAD_BYTES` of a file."""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"{\\rtf"):
        return "application/rtf"
    if head.startswith(b"PK\x03\x04"):
        return _archive(head)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "application/x-ole-storage"  # doc, xls, ppt and msg share it
    if _is_text(head):
        return TEXT
    return _BY_MAGIC.get(_magic(head), OTHER)


def _archive(head: bytes) -> str:
    if match := _OPEN_DOCUMENT.search(head[:200]):
        return match[1].decode("ascii")
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        return next((name for folder, name in _IN_ZIP if folder in head), "application/zip")
    return "application/zip"


def _is_text(head: bytes) -> bool:
    """Say whether it reads as UTF-8 or UTF-16, or has none of the bytes that no eight-bit text has."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes(head, "utf-16")
    if _CONTROLS.search(head):
        return False
    return _decodes(head, "utf-8") or not head.startswith(b"\xff\xd8\xff")


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        head.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 4 and len(head) >= HEAD_BYTES - 4  # cut within a letter
    return True


def _magic(head: bytes) -> str:
    import puremagic  # here: its tables take 30 ms to load

    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    return next((match.mime_type for match in matches if match.mime_type), "")

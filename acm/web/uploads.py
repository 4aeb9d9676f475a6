"""Files that people attach: kept under the hash of their content, never under a name that somebody chose.

A file is written beside its final place, synced and renamed, so a row may point to it once `put` has returned. What
is served is always an attachment that the browser must not interpret; pictures are shown only as re-encoded previews.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote

from acm.errors import NotFound, Problem, StorageFull, TooLarge
from acm.web.filetypes import HEAD_BYTES, OTHER, media_type

CHUNK_BYTES = 1024 * 1024
MAX_PIXELS = 50_000_000
PREVIEW_SIZES = (96, 320, 1280)
PREVIEWABLE = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class EmptyFile(Problem):
    """A file without a single byte: most often a failed copy on the sender's side."""

    status = 422
    type = "/problems/empty-file"
    title = "The file is empty"


class NoPreview(Problem):
    """The file is no picture, a damaged one, or one with too many points."""

    status = 415
    type = "/problems/no-preview"
    title = "There is no preview of this file"


class Readable(Protocol):
    """What `put` reads from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Stored:
    """A kept file: hash of its content, size in bytes, media type by its content."""

    sha256: str
    size: int
    media_type: str


class FileStore:
    """Files below one directory, `ab/cd/<sha256>`; equal content is kept once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, stream: Readable, limit: int) -> Stored:
        """Keep what the stream holds, at most `limit` bytes.

        Raise TooLarge, EmptyFile, or StorageFull when the disk has no room; nothing is left behind then.
        """
        incoming = self.root / "incoming"
        partial = incoming / secrets.token_hex(16)
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            with partial.open("xb") as file:
                stored = _copied(stream, file, limit)
                file.flush()
                os.fsync(file.fileno())
            self._keep(partial, stored.sha256)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StorageFull() from error
            raise
        finally:
            partial.unlink(missing_ok=True)
        return stored

    def path(self, sha256: str) -> Path:
        """Return where a file lies; raise NotFound for what is no hash."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise NotFound()
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Open a file for reading; raise NotFound when it is not there."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound() from error

    def forget(self, sha256: str, before: float) -> bool:
        """Drop a file that no row names, unless somebody has sent it again since a moment; whether it is gone."""
        path = self.path(sha256)
        try:
            if path.stat().st_mtime >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            pass
        return True

    def preview(self, sha256: str, size: int) -> bytes:
        """Return a WebP picture that fits into `size` × `size` points; raise NoPreview or NotFound."""
        with self.open(sha256) as file:
            return picture(file, size)

    def _keep(self, partial: Path, sha256: str) -> None:
        final = self.path(sha256)
        if final.exists():
            os.utime(final)  # somebody needs it now: see `forget`
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(final)
        for directory in (final.parent, final.parent.parent, self.root):
            _sync(directory)


def picture(file: BinaryIO, size: int) -> bytes:
    """Decode a picture and encode its first frame anew, without what else the file holds. SVG never."""
    from PIL import Image, ImageOps  # here: most requests show no picture

    size = next((known for known in PREVIEW_SIZES if size <= known), PREVIEW_SIZES[-1])
    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    damage = (
        OSError,
        EOFError,
        ArithmeticError,
        LookupError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    )
    try:
        with Image.open(file, formats=list(PREVIEWABLE.values())) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoPreview()
            image.draft("RGB", (size * 2, size * 2))
            upright = ImageOps.exif_transpose(image)
            upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            upright.thumbnail((size, size))
            encoded = io.BytesIO()
            upright.save(encoded, "WEBP", quality=82, method=4)
            return encoded.getvalue()
    except (*damage, *bombs) as error:  # Pillow's decoders raise all of these
        raise NoPreview() from error


def safe_name(name: str) -> str:
    """Make a name that can be shown and saved anywhere: no folders, controls or turned letters, at most 120 long."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    name = re.sub(r'[<>:"|?*]+', "_", " ".join(name.split())).strip(" .")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = "_" + name
    stem, dot, suffix = name.rpartition(".")
    if dot and stem and len(suffix) <= 10:
        name = f"{stem[: 119 - len(suffix)].rstrip(' .')}.{suffix}"
    return name[:120] or "file"


def attachment_headers(name: str, media_type: str) -> dict[str, str]:
    """Return the headers under which a file is only ever saved (RFC 6266), whatever it holds."""
    name = safe_name(name)
    fallback = re.sub(r"[^A-Za-z0-9._ -]+", "_", name)
    return _INERT | {
        "Content-Type": media_type if re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", media_type) else OTHER,
        "Content-Disposition": f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}",
    }


def preview_headers() -> dict[str, str]:
    """Return the headers of a preview: shown in place, never interpreted; it never changes."""
    return _INERT | {"Content-Type": "image/webp", "Cache-Control": "private, max-age=31536000, immutable"}


def _copied(stream: Readable, file: BinaryIO, limit: int) -> Stored:
    digest = hashlib.sha256()
    size, head = 0, b""
    while chunk := stream.read(CHUNK_BYTES):
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit=limit)
        if len(head) < HEAD_BYTES:
            head += chunk[: HEAD_BYTES - len(head)]
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise EmptyFile()
    return Stored(digest.hexdigest(), size, media_type(head))


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

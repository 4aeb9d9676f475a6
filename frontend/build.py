"""Build the browser's files: npm packages, our CSS, scripts, icons and font -> acm/web/static.

    python frontend/build.py            build what changed (under a second when nothing did)
    python frontend/build.py --force    build all of it again

Every file's name holds a hash of its content, so that a browser may keep it for ever; the manifest
tells which name a template's `app.css` has today. Beside a text lies the same compressed (`.br`, `.gz`),
as small as it gets, for the server to hand out. What comes out:

    app.css      frontend/css/*.css in file-name order, for every page; url(x.woff2) names a file of the manifest
    portal.css   frontend/css/6*.css, for the portal's shell
    work.css     frontend/css/7*.css, for the workplace's shell
    panel.css    frontend/css/8*.css, for panels of figures
    app.js       frontend/js/*.js in file-name order, bundled with what they import from npm (a module)
    editor.js    Markdown toolbar and mention popup, for pages with a comment field (a module)
    htmx.js      htmx and its extension hx-sse as published (a classic script)
    icons.svg    the sprite of icons.txt: <use href="…/icons.svg#i-NAME">
    onest-cyrillic.woff2, onest-latin.woff2
    the files of frontend/img           as they are
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gzip
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
STATIC = HERE.parent / "acm" / "web" / "static"
CACHE = HERE.parent / ".cache"
KEEP_STALE_SECONDS = 24 * 3600  # a server started before this build still hands out the older names

TEXTS = (".css", ".js", ".svg", ".txt")
COMPRESSED = (".br", ".gz")

Files = dict[str, bytes]


class BuildError(Exception):
    """The front end cannot be built; the message says what to do."""


def main() -> int:
    options = argparse.ArgumentParser(description="Build the browser's files into acm/web/static.")
    options.add_argument("--force", action="store_true", help="build even if nothing changed")
    force = options.parse_args().force
    try:
        with only_one_build():
            if not force and is_current():
                return 0
            build()
    except BuildError as error:
        print(f"frontend: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def only_one_build() -> Iterator[None]:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "frontend.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sources() -> list[Path]:
    """Everything of ours that the result depends on, in a stable order."""
    found = [HERE / name for name in ("build.py", "npm.py", "onest.py", "icons.txt", "package-lock.json")]
    for folder in ("css", "js", "img"):
        found += sorted(path for path in (HERE / folder).rglob("*") if path.is_file())
    return found


def source_hash() -> str:
    digest = hashlib.sha256()
    for path in sources():
        digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    stamp, manifest = STATIC / ".stamp", STATIC / "manifest.json"
    if not stamp.is_file() or stamp.read_text() != source_hash():
        return False
    try:
        names = json.loads(manifest.read_text()).values()
    except (OSError, ValueError):
        return False
    return MODULES.is_dir() and all((STATIC / name).is_file() for name in names)


def build() -> None:
    """Make every file, then the manifest, then the stamp: a build that is cut short is made again."""
    import npm

    before = source_hash()
    npm.install(HERE, say)
    STATIC.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    for step in (fonts, images, sprite, scripts, notices):
        write_all(step(), manifest)
    for name in ("app.css", "portal.css", "work.css", "panel.css"):
        write_all({name: stylesheet(manifest, name)}, manifest)
    replace(STATIC / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
    replace(STATIC / ".stamp", before.encode())
    remove_stale(set(manifest.values()))
    say(f"{len(manifest)} files in acm/web/static")


def say(sentence: str) -> None:
    print(f"frontend: {sentence}", flush=True)


def write_all(files: Files, manifest: dict[str, str]) -> None:
    for name, content in files.items():
        stem, _, suffix = name.rpartition(".")
        manifest[name] = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{suffix}"
        replace(STATIC / manifest[name], content)
        if name.endswith(TEXTS):
            compress(STATIC / manifest[name], content)


def compress(path: Path, content: bytes) -> None:
    import brotli

    replace(path.with_name(f"{path.name}.br"), brotli.compress(content, mode=brotli.MODE_TEXT))
    replace(path.with_name(f"{path.name}.gz"), gzip.compress(content, mtime=0))


def replace(path: Path, content: bytes) -> None:
    """Write so that a reader sees the old file or the new one, never half of it."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def remove_stale(current: set[str]) -> None:
    oldest = time.time() - KEEP_STALE_SECONDS
    for path in STATIC.iterdir():
        name = path.stem if path.suffix in COMPRESSED else path.name
        if name in current or name in {"manifest.json", ".stamp"}:
            continue
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink()


def package_file(path: str) -> bytes:
    try:
        return (MODULES / path).read_bytes()
    except FileNotFoundError as error:
        raise BuildError(f"the npm package has no file {path}; was its version changed?") from error


# -- the steps -------------------------------------------------------------------------------------


def fonts() -> Files:
    import onest

    folder = MODULES / "@fontsource-variable" / "onest" / "files"
    return {
        "onest-cyrillic.woff2": (folder / "onest-cyrillic-wght-normal.woff2").read_bytes(),
        "onest-latin.woff2": onest.latin_with_rouble(folder),
    }


def images() -> Files:
    return {path.name: path.read_bytes() for path in sorted((HERE / "img").glob("*.*"))}


def icon_names() -> dict[str, str]:
    """Our name -> the name in @tabler/icons, from the lines `name [tabler-name]` of icons.txt."""
    names: dict[str, str] = {}
    for number, line in enumerate((HERE / "icons.txt").read_text(encoding="utf-8").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) > 2 or words[0] in names:
            raise BuildError(f"icons.txt, line {number}: one new name, then at most the name in @tabler/icons")
        names[words[0]] = words[-1]
    return names


def symbol(name: str, taken_from: str) -> str:
    """One icon as <symbol>; its colour and stroke (1.75) are the style sheet's."""
    drawing = package_file(f"@tabler/icons/icons/outline/{taken_from}.svg").decode()
    shapes = re.findall(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*/>", drawing)
    drawn = "".join(re.sub(r"\s+", " ", shape).replace(" />", "/>") for shape in shapes if "M0 0h24v24H0z" not in shape)
    one_path = re.sub(r'(?<=<path d=")[^"]+(?:"/><path d="[^"]+)+(?="/>)', joined, drawn)
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{re.sub(r"""(?<= d=")[^"]+""", shortened, one_path)}</symbol>'


def joined(paths: re.Match[str]) -> str:
    """Neighbouring paths without any attribute of their own, as one."""
    return paths[0].replace('"/><path d="', " ")


def shortened(path: re.Match[str]) -> str:
    """The same path in fewer characters: hundredths of its 24 units are finer than any screen shows."""
    rounded = re.sub(r"\d*\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0])
    without_spaces = re.sub(r"\s*([a-zA-Z])\s*|\s+(?=-)", r"\1", rounded)
    return re.sub(r"(?<!\d)0\.", ".", without_spaces)


def sprite() -> Files:
    symbols = "".join(symbol(name, origin) for name, origin in sorted(icon_names().items(), key=lambda icon: icon[1]))
    return {"icons.svg": f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'.encode()}


def scripts() -> Files:
    """The published classic scripts, and two bundles; a bundle keeps licence comments."""
    own = "".join(f'import "./js/{path.name}";\n' for path in sorted((HERE / "js").glob("*.js")))
    editor = 'import "@github/markdown-toolbar-element";\nimport "@github/text-expander-element";\n'
    return {
        "htmx.js": htmx(),
        "app.js": esbuild(own, "--bundle", "--format=esm", "--target=es2022", "--loader=js"),
        "editor.js": esbuild(editor, "--bundle", "--format=esm", "--target=es2022", "--loader=js"),
    }


def htmx() -> bytes:
    """The library and its extension in one file: htmx starts on the next tick of a deferred script, so that an
    extension in a file of its own is sometimes too late, and its elements stay dead."""
    parts = ("htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-sse.min.js")
    return b";\n".join(without_source_map(package_file(part)) for part in parts)


def without_source_map(script: bytes) -> bytes:
    return re.sub(rb"\n?//# sourceMappingURL=\S+\s*$", b"\n", script)


def sheet_of(path: Path) -> str:
    """The sheet that a file of frontend/css belongs to, by the first digit of its name."""
    return {"6": "portal.css", "7": "work.css", "8": "panel.css"}.get(path.name[0], "app.css")


def stylesheet(manifest: dict[str, str], sheet: str = "app.css") -> bytes:
    """The files of one sheet, minified; each url() of a file becomes its name in the manifest."""
    paths = [path for path in sorted((HERE / "css").glob("*.css")) if sheet_of(path) == sheet]
    parts = [path.read_text(encoding="utf-8") for path in paths]

    def named(match: re.Match[str]) -> str:
        address = match["address"]
        if address.startswith(("data:", "#")):
            return match[0]
        name = address.rpartition("/")[2].replace("-wght-normal", "")
        if name not in manifest:
            raise BuildError(f"frontend/css: url({address}) is not among the built files: {', '.join(manifest)}")
        return f'url("{manifest[name]}")'

    together = re.sub(r"url\(\s*[\"']?(?P<address>[^)\"']+)[\"']?\s*\)", named, "\n".join(parts))
    return without_spaces(esbuild(together, "--loader=css"))


def without_spaces(sheet: bytes) -> bytes:
    """esbuild keeps the space before the value of a custom property and before what stands in for it; neither counts."""
    return re.sub(rb"(--[\w-]+:|var\(--[\w-]+,) (?=[^\s;}])", rb"\1", sheet)


def esbuild(text: str, *options: str) -> bytes:
    import npm

    program = MODULES / "esbuild" / "bin" / "esbuild"
    command = [npm.node(), str(program), "--minify", "--charset=utf8", "--legal-comments=inline", *options]
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd=HERE, check=False)
    if done.returncode:
        raise BuildError(f"esbuild refused the sources:\n{done.stderr.decode()}")
    if done.stderr:
        say(done.stderr.decode().strip())
    return done.stdout


def notices() -> Files:
    """The licences of what we hand on, as they ask for."""
    packages = ["htmx.org", "@github/hotkey", "@github/markdown-toolbar-element", "@github/text-expander-element"]
    packages += ["@github/combobox-nav", "dom-input-range", "@tabler/icons", "@fontsource-variable/onest"]
    texts = []
    for package in packages:
        licence = next(iter(sorted((MODULES / package).glob("LICEN[SC]E*"))), None)
        texts.append(f"{package}\n\n{licence.read_text(encoding='utf-8') if licence else 'see its package'}\n")
    return {"licences.txt": "\n----\n\n".join(texts).encode()}


if __name__ == "__main__":
    sys.exit(main())

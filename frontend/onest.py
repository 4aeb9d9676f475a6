"""The Latin subset of Onest with the rouble sign, which the published subset lacks."""

from __future__ import annotations

import copy
import io
from pathlib import Path

from fontTools.ttLib import TTFont

ROUBLE = 0x20BD


def latin_with_rouble(folder: Path) -> bytes:
    """The font file onest-latin with U+20BD taken over, in all its weights, from onest-latin-ext.

    Both are subsets of one variable font, so outline and variations fit as they are. The widths by
    weight are then read from `gvar`; the table HVAR, which lists them glyph by glyph, is left out.
    """
    latin = TTFont(folder / "onest-latin-wght-normal.woff2")
    if ROUBLE in latin.getBestCmap():
        return (folder / "onest-latin-wght-normal.woff2").read_bytes()
    extended = TTFont(folder / "onest-latin-ext-wght-normal.woff2")
    latin.ensureDecompiled()
    source, name = extended.getBestCmap()[ROUBLE], "uni20BD"
    outline = extended["glyf"][source]
    if outline.isComposite():
        raise ValueError("the rouble sign of Onest is composite now: take over its parts, too")
    latin["glyf"][name] = copy.deepcopy(outline)  # this also makes the name the last one of the glyph order
    latin.setGlyphOrder(latin["glyf"].glyphOrder)
    latin["hmtx"].metrics[name] = extended["hmtx"].metrics[source]
    latin["gvar"].variations[name] = copy.deepcopy(extended["gvar"].variations[source])
    for table in latin["cmap"].tables:
        if table.isUnicode():
            table.cmap[ROUBLE] = name
    if "HVAR" in latin:
        del latin["HVAR"]
    latin["head"].modified = extended["head"].modified
    latin.recalcTimestamp = False
    latin.flavor = "woff2"
    written = io.BytesIO()
    latin.save(written)
    return written.getvalue()

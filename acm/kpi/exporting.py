"""Tables as CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

from acm.kpi.views import Cell, Table

BOM = "\ufeff"
LEADING = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]*")
DANGEROUS = tuple("=+-@\t\r\n|%")


def to_csv(table: Table) -> str:
    """UTF-8 with a mark, commas, CRLF; numbers as numbers, every text that could begin a formula quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(word) for word in table.head])
    for row in table.rows:
        writer.writerow([_value(cell) for cell in row])
    return BOM + text.getvalue()


def safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula: after blanks too, and
    for the full-width forms of the signs."""
    if text[:1] in DANGEROUS and text[:1].isspace():
        return f"'{text}"
    first = LEADING.sub("", text)[:1]
    return f"'{text}" if first and unicodedata.normalize("NFKC", first)[:1] in DANGEROUS else text


def _value(cell: Cell) -> object:
    value = cell.said if cell.value is None else cell.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return "" if value == "–" else safe(str(value))

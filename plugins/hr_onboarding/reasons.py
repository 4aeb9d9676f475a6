"""Why people leave, from `taxonomies/`."""

from __future__ import annotations

from pathlib import Path

from acm.sdk import read_taxonomies

REASONS = tuple((one.id, one.name) for one in read_taxonomies(Path(__file__).parent / "taxonomies").closure_codes)

"""The contract with plugin authors: the only module of ACM that a plugin imports.

A plugin is a folder with ``plugin.toml`` and, where it has behaviour, an ``__init__.py`` with ``register(p)``. What is
not named here is not API. Names are kept for all of contract 1.
"""

from acm.cases.models import Case
from acm.cases.replay import Record, Replay, Update
from acm.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from acm.i18n import _, ngettext
from acm.jobs.imports import BadFile, Import, Report
from acm.journal import Event, Origin
from acm.kpi.declarations import FactKind, Measure, Panel, Widget
from acm.pages.schema import fields_of
from acm.pages.types import (
    CaseType,
    Field,
    FieldKind,
    Option,
    PageType,
    PriorityTarget,
    SlaClock,
    Stage,
    State,
    StateCategory,
    Transition,
)

VERSION = "1.0"
"""Version of this contract, apart from the core's."""

__all__ = [
    "VERSION",
    "BadFile",
    "Case",
    "CaseType",
    "Conflict",
    "Event",
    "FactKind",
    "Field",
    "FieldKind",
    "Forbidden",
    "Import",
    "Invalid",
    "Measure",
    "NotFound",
    "Option",
    "Origin",
    "PageType",
    "Panel",
    "PriorityTarget",
    "Problem",
    "Record",
    "Replay",
    "Report",
    "SlaClock",
    "Stage",
    "State",
    "StateCategory",
    "Transition",
    "Update",
    "Widget",
    "_",
    "fields_of",
    "ngettext",
]

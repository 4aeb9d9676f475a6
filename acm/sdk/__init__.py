"""The contract with plugin authors: the only module of ACM that a plugin imports.

A plugin is a folder with ``plugin.toml`` and, where it has behaviour, an ``__init__.py`` with ``register(p)``. What is
not named here is not API. Names are kept for all of contract 1.
"""

from acm.cases.models import Case
from acm.cases.opening import Opening
from acm.cases.replay import Record, Replay, Update
from acm.catalog.vocabularies import Vocabularies, load_vocabularies
from acm.errors import Conflict, Forbidden, Invalid, NotFound, NotReady, PluginAway, Problem, Stale
from acm.i18n import _, ngettext
from acm.jobs.imports import BadFile, Import, Report
from acm.journal import Event, Origin
from acm.kpi.declarations import FactKind, Gauge, Measure, Panel, Widget
from acm.pages.models import Page
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
from acm.people.models import Department, Group, Person
from acm.people.signin import Me
from acm.sdk.building import Builder
from acm.sdk.context import Context, Ctx
from acm.sdk.finding import Found, Tally
from acm.sdk.registrar import Registrar
from acm.sla.clocks import Targets
from acm.sla.production import is_working_day
from acm.web.forms import Submitted
from acm.web.routing import router

VERSION = "1.0"
"""Version of this contract, apart from the core's."""

read_taxonomies = load_vocabularies
"""The vocabularies in the files of a plugin's own folder ``taxonomies/``, checked."""

__all__ = [
    "VERSION",
    "BadFile",
    "Builder",
    "Case",
    "CaseType",
    "Conflict",
    "Context",
    "Ctx",
    "Department",
    "Event",
    "FactKind",
    "Field",
    "FieldKind",
    "Forbidden",
    "Found",
    "Gauge",
    "Group",
    "Import",
    "Invalid",
    "Me",
    "Measure",
    "NotFound",
    "NotReady",
    "Opening",
    "Option",
    "Origin",
    "Page",
    "PageType",
    "Panel",
    "Person",
    "PluginAway",
    "PriorityTarget",
    "Problem",
    "Record",
    "Registrar",
    "Replay",
    "Report",
    "SlaClock",
    "Stage",
    "Stale",
    "State",
    "StateCategory",
    "Submitted",
    "Tally",
    "Targets",
    "Transition",
    "Update",
    "Vocabularies",
    "Widget",
    "_",
    "fields_of",
    "is_working_day",
    "ngettext",
    "read_taxonomies",
    "router",
]

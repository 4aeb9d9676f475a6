"""A service of the catalogue: a page whose fields are its definition, published in versions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from acm.catalog.definitions import ServiceDefinition
from acm.db import encode
from acm.i18n import words
from acm.pages.models import Page
from acm.pages.types import CaseType, PageType
from acm.pages.visibility import audience_tokens
from acm.people.rights import Grants
from acm.snapshot import Snapshot

PUBLISHED, WITHDRAWN = "published", "withdrawn"
OTHER = "other"

SERVICE = PageType(
    key="service", names={"ru": "Услуга", "en": "Service"}, kind="service", series="SV", icon="grid", translated=True
)


class Service(Page):
    """What people may order. ``fields`` hold the whole definition, ``facts`` what lists need without reading it.

    Facts: ``icon``, ``domain``, ``category``, ``kind`` (what sort of work), ``opens`` (the case type), ``questions``,
    ``promise`` (words), ``hours``, ``calendar``, ``audience`` (tokens; empty is everyone), ``form`` (id of the stored
    version of its form), ``term`` (of the vocabulary ``case_type``), ``digest``, ``plugin``.
    """

    __mapper_args__ = {"polymorphic_identity": "service"}

    @property
    def offering(self) -> ServiceDefinition:
        """The definition this version of the service was published with."""
        held: tuple[Any, ServiceDefinition] | None = self.__dict__.get("_offering")
        if held is None or held[0] is not self.fields:
            held = self.__dict__["_offering"] = (self.fields, _offering(encode(self.fields)))
        return held[1]

    @property
    def is_published(self) -> bool:
        return self.state == PUBLISHED

    @property
    def key(self) -> str:
        """The id of the catalogue, ``IT-004``."""
        return str(self.slug or "").upper()

    def fact(self, name: str, default: Any = "") -> Any:
        return self.facts.get(name, default)

    def promise(self, lang: str) -> str:
        return words(self.facts.get("promise"), lang)

    def case_type(self, snapshot: Snapshot) -> CaseType | None:
        """The type of case it opens now; None while the plugin that brings it is away."""
        found = snapshot.find("page_type", str(self.fact("opens")))
        return found if isinstance(found, CaseType) else None

    def is_for(self, grants: Grants) -> bool:
        """Whether this person is among those who may order it (an agent may see more than may order)."""
        audience = set(self.fact("audience", []))
        return self.is_published and (not audience or bool(audience & audience_tokens(grants)))


@lru_cache(maxsize=512)
def _offering(stored: str) -> ServiceDefinition:
    return ServiceDefinition.model_validate_json(stored)

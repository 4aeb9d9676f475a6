"""What the catalogue gives to the core's extension points."""

from __future__ import annotations

from acm.catalog import following, importing, menu
from acm.catalog.models import OTHER, SERVICE
from acm.catalog.other import OTHER_SERVICE
from acm.catalog.publishing import sync_services, wanted_departments
from acm.catalog.request_type import CASE_TYPES, REQUEST
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [
        Contribution("page_type", SERVICE.key, SERVICE),
        Contribution("page_type", REQUEST.key, REQUEST),
        Contribution("vocabulary", CASE_TYPES.key, CASE_TYPES),
        Contribution("service", OTHER, OTHER_SERVICE),
        Contribution("places", "catalog", sync_services),
        Contribution("places.wanted", "catalog", wanted_departments),
        *following.contributions(),
        *importing.contributions(),
        *menu.contributions(),
    ]

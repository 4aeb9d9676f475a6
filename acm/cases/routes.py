"""Every screen of cases, in order of matching: what has a name of its own before ``/cases/{number}``."""

from __future__ import annotations

from acm.cases import answer_routes, bulk_routes, case_routes, live, my_routes, property_routes, queue_routes
from acm.web.routing import router as new_router

router = new_router()
for part in (queue_routes, bulk_routes, my_routes, live, property_routes, answer_routes, case_routes):
    router.include_router(part.router)

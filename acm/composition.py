"""What the core itself contributes, and the parts of a process: the one place that knows every concept."""

from __future__ import annotations

from fastapi import APIRouter

from acm import audit, operations
from acm.cases import api as cases_api
from acm.cases import approval_routes
from acm.cases import contributions as cases_contributions
from acm.cases import routes as cases_routes
from acm.catalog import api as catalog_api
from acm.catalog import approver_routes, form_routes, tracking_routes
from acm.catalog import contributions as catalog_contributions
from acm.catalog import routes as catalog_routes
from acm.db import Database
from acm.jobs.queue import Worker
from acm.kernel import api as kernel_api
from acm.kernel import away as kernel_away
from acm.kernel import contributions as kernel_contributions
from acm.kernel import cost_routes, draft_routes, isolation
from acm.kernel import feeds as kernel_feeds
from acm.kernel import routes as kernel_routes
from acm.kernel.following import Follower
from acm.kernel.world import World
from acm.kpi import api as kpi_api
from acm.kpi import contributions as kpi_contributions
from acm.kpi import gauge_routes
from acm.kpi import routes as kpi_routes
from acm.notify import contributions as notify_contributions
from acm.notify import routes as notify_routes
from acm.notify import webhooks_api, webhooks_routes
from acm.pages import announcement_routes, article_routes, file_routes, term_routes
from acm.pages import api as pages_api
from acm.pages import contributions as pages_contributions
from acm.pages import routes as pages_routes
from acm.people import api as people_api
from acm.people import directory, managing_routes, placing_routes, profile_routes
from acm.people import layout as people_layout
from acm.people import routes as people_routes
from acm.search import api as search_api
from acm.search import contributions as search_contributions
from acm.search import routes as search_routes
from acm.search.backends import open_backend
from acm.settings import Settings
from acm.snapshot import Contribution
from acm.taxonomy import api as taxonomy_api
from acm.web import routes_ui
from acm.web.runtime import Runtime
from acm.web.uploads import FileStore


def core() -> list[Contribution]:
    """The core's contributions to its own extension points."""
    return [
        *audit.contributions(),
        *operations.contributions(),
        *people_layout.contributions(),
        *managing_routes.contributions(),
        *pages_contributions.contributions(),
        *notify_contributions.contributions(),
        *catalog_contributions.contributions(),
        *cases_contributions.contributions(),
        *kernel_contributions.contributions(),
    ]


def routers() -> list[APIRouter]:
    """Every router of the core, in order of matching."""
    return [
        operations.router,
        routes_ui.router,
        people_routes.router,
        profile_routes.router,
        managing_routes.router,
        placing_routes.router,
        approver_routes.router,
        directory.router,
        notify_routes.router,
        webhooks_routes.router,
        webhooks_api.router,
        approval_routes.router,
        cases_routes.router,
        tracking_routes.router,
        form_routes.router,
        catalog_routes.router,
        pages_routes.router,
        term_routes.router,
        term_routes.keeping,
        file_routes.router,
        article_routes.router,
        announcement_routes.router,
        people_api.router,
        pages_api.router,
        search_routes.router,
        search_api.router,
        gauge_routes.router,
        kpi_routes.router,
        kpi_api.router,
        cases_api.router,
        catalog_api.router,
        taxonomy_api.router,
        kernel_feeds.router,
        kernel_routes.router,
        draft_routes.router,
        kernel_api.router,
        cost_routes.router,
        cost_routes.api,
        kernel_away.router,
    ]


def create_runtime(settings: Settings, database: Database | None = None) -> Runtime:
    """The parts of one process, with the snapshot composed."""
    runtime = Runtime(settings, database or Database(settings.url), FileStore(settings.data_dir / "files"))
    search = runtime.parts["search"] = open_backend(settings, runtime.db)
    of_this_process = [
        *kpi_contributions.contributions(settings),
        *search_contributions.contributions(search),
        *notify_contributions.sending(settings),
        Contribution("runtime", "core", runtime),
    ]
    world = World(runtime, [*core(), *of_this_process])
    runtime.parts["world"] = world
    runtime.parts["isolation"] = isolation.attach(runtime)
    world.refresh()
    return runtime


def follower(runtime: Runtime) -> Follower:
    """The thread that follows the switching of plugins."""
    return Follower(runtime)


def worker(runtime: Runtime) -> Worker:
    """The thread that runs jobs and the consumers of the journal."""
    return Worker(runtime)

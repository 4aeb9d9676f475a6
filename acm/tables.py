"""Every module with tables, in one list: migrations and tests load them from here."""

from importlib import import_module

MODULES = (
    "acm.journal",
    "acm.jobs.models",
    "acm.people.models",
    "acm.taxonomy.models",
    "acm.pages.models",
    "acm.cases.models",
    "acm.kpi.models",
    "acm.catalog.models",
    "acm.notify.models",
    "acm.notify.webhooks",
    "acm.kernel.models",
    "acm.kernel.failures",
    "acm.kernel.costs",
)


def load() -> None:
    """Import every model, so that the metadata is complete and the mappers can be configured."""
    for module in MODULES:
        import_module(module)

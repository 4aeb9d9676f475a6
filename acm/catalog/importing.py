"""Importing services from a file: all of them, or nothing and every fault by file, line, column and key."""

from __future__ import annotations

from sqlalchemy import select

from acm import clock
from acm.catalog.models import Service
from acm.catalog.publishing import import_services
from acm.jobs.imports import Import, Importer, Report
from acm.journal import Origin
from acm.pages.visibility import unrestricted
from acm.snapshot import Contribution

SOURCE = "import:services"


def import_catalogue(run: Import) -> Report:
    """Publish a services file in one transaction; a service that is there unchanged is skipped."""
    report = Report()
    with run.db.writing(run.snapshot) as session:
        versions = unrestricted(select(Service.slug, Service.version), "import")
        before = {row[0]: row[1] for row in session.execute(versions)}
        services = import_services(session, run.path, Origin(None, clock.now(), source=SOURCE), run.snapshot)
        report.read = len(services)
        for service in services:
            if service.slug not in before:
                report.made["services"] += 1
            elif before[service.slug] != service.version:
                report.updated["services"] += 1
            else:
                report.skipped["nothing changed"] += 1
        run.tell(len(services), len(services))
    return report


IMPORTER = Importer("services", {"ru": "Услуги из YAML", "en": "Services from YAML"}, import_catalogue)


def contributions() -> list[Contribution]:
    return [Contribution("importer", IMPORTER.key, IMPORTER)]

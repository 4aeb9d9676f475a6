"""Write the initial migration anew from the models (only until the first release; then every change is a migration).

Run: .venv/bin/python tools/initial_migration.py
"""

import subprocess
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from acm import tables
from acm.db import Database
from acm.migrating import ROOT

VERSIONS = ROOT / "migrations" / "versions"


def main() -> None:
    tables.load()
    for old in VERSIONS.glob("*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        settings = Config()
        settings.set_main_option("script_location", str(ROOT / "migrations"))
        settings.set_main_option("file_template", "2026_11_22_%%(slug)s")
        with database.write_engine.connect() as connection, connection.begin():
            settings.attributes["connection"] = connection
            command.revision(settings, "initial", autogenerate=True, rev_id="0001")
    for made in VERSIONS.glob("*.py"):
        made.write_text(made.read_text().replace("astext_type=Text()", "astext_type=sa.Text()"))
    for command_ in (["check", "--fix"], ["format"]):
        subprocess.run([str(ROOT / ".venv/bin/ruff"), *command_, "-q", str(VERSIONS)], check=True)


if __name__ == "__main__":
    main()

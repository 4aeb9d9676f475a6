"""Settings of one installation: each with a name, a safe default and one sentence.

Read once from the environment (``ACM_DATABASE_URL`` sets ``database_url``); nothing else reads it.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What an installation may choose. ``docs/reference/settings.md`` is printed from this class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = Field(
        "",
        description="Where pages are kept: a SQLAlchemy URL of SQLite or PostgreSQL; empty means `acm.db` in the data directory.",
    )
    data_dir: Path = Field(Path("var"), description="Directory of the files, the search index and the secret key.")
    secret_key: str = Field(
        "", description="Key that signs cookies and form tokens; made and kept in the data directory if empty."
    )
    search: str = Field(
        "", description="Search backend: `whoosh`, `sqlite` or `postgres`; empty chooses by the database."
    )
    base_url: str = Field(
        "", description="Address under which people reach this installation; used in mail and for secure cookies."
    )
    language: str = Field("ru", description="Language of pages and mail where a person has chosen none: `ru` or `en`.")
    timezone: str = Field(
        "Europe/Moscow", description="Time zone where neither the person nor the branch has one (IANA name)."
    )
    smtp_url: str = Field(
        "", description="Mail server as `smtp://user:password@host:port`; empty keeps mail in the product only."
    )
    mail_from: str = Field("acm@localhost", description="Sender of the mail that ACM writes.")
    safe_mode: bool = Field(False, description="Start without loading any plugin.")
    develop: bool = Field(
        False, description="Enable each enabled plugin anew when its folder changes, and follow changes of templates."
    )
    plugin_path: Path = Field(Path("plugins"), description="Directory in which plugins are discovered.")
    outbound_allow: str = Field(
        "",
        description="`host:port` list that outgoing requests may reach besides public addresses.",
        pattern=r"^[\s,]*([^\s,;]+:\d{1,5}([\s,]+|$))*$",
    )
    upload_limit_mb: int = Field(50, description="Largest file a person may attach, in MiB.")
    body_limit_mb: int = Field(64, description="Largest request body, in MiB.")
    session_idle_hours: int = Field(8, description="Hours after which an unused session ends.")
    session_days: int = Field(7, description="Days after which any session ends.")
    reopen_days: int = Field(14, description="Days within which a requester may reopen a resolved request.")

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'acm.db'}"

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def search_backend(self) -> str:
        """The search backend in force."""
        return self.search or ("whoosh" if self.is_sqlite else "postgres")

    def key(self) -> str:
        """The secret key; made with mode 0600 in the data directory at first use."""
        if self.secret_key:
            return self.secret_key
        path = self.data_dir / "secret_key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return path.read_text()
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text()


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings as the environment gives them; a bad value raises ``pydantic.ValidationError`` naming it."""
    source = os.environ if environ is None else environ
    given = {name: source[f"ACM_{name.upper()}"] for name in Settings.model_fields if f"ACM_{name.upper()}" in source}
    return Settings.model_validate({k: v for k, v in given.items() if v != ""})

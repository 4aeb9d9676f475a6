"""The desired state of plugins: a row each, and one counter that every process follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from acm.db import Base, Json
from acm.people.models import Person

ENABLED, DISABLED, IN_REPAIR = "enabled", "disabled", "in_repair"
"""What a plugin's row may say. The other states are seen, not kept."""

CHANNEL = "acm_registry"
"""On PostgreSQL: the channel on which every change of the registry is told."""


class Plugin(Base):
    """What an administrator wants of a plugin. ``generation`` counts its changes; ``hash`` is that of its files;
    ``reason`` says why it is in repair."""

    __tablename__ = "plugin"

    slug: Mapped[str] = mapped_column(String(31), primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    version: Mapped[str] = mapped_column(String(40), default="")
    hash: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(20), default="disabled")
    reason: Mapped[str] = mapped_column(Text, default="")
    generation: Mapped[int] = mapped_column(Integer, default=0)
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime]

    changed_by: Mapped[Person | None] = relationship(foreign_keys=[changed_by_id])


class Registry(Base):
    """One row: ``version`` is raised with every change of a plugin's state, in the same transaction."""

    __tablename__ = "registry"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=0)


class PluginWorkerState(Base):
    """What one process runs of one plugin, as it reported last. The row with no slug says that the process lives.

    ``generation`` is that of the plugin's row when this version was loaded; ``draining`` counts the requests that still
    run with a version before, by that version.
    """

    __tablename__ = "plugin_worker_state"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    slug: Mapped[str] = mapped_column(String(31), primary_key=True, default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    hash: Mapped[str] = mapped_column(String(64), default="")
    generation: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    draining: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    at: Mapped[datetime]

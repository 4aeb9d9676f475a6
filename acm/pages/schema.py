"""Versions of type definitions: stored when the snapshot is composed, found by pages ever after."""

from __future__ import annotations

import types
import typing
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm import clock
from acm.pages.fields import index_fields
from acm.pages.models import TypeVersion
from acm.pages.types import Field, FieldKind, Option, PageType
from acm.snapshot import CORE, Snapshot


def store_definitions(session: Session, snapshot: Snapshot) -> None:
    """Write a version row for every type whose definition has changed, and make the indexes its fields ask for."""
    for contribution in snapshot.each("page_type"):
        stored_version(session, contribution.value)
        if contribution.plugin != CORE:
            index_fields(session, contribution.value)


def stored_version(session: Session, definition: PageType) -> TypeVersion:
    """The row of this very definition; made with the next version number if there is none."""
    known = session.info.setdefault("type_versions", {})
    digest = definition.digest()
    if (definition.key, digest) not in known:
        found = session.scalars(
            select(TypeVersion).where(TypeVersion.key == definition.key, TypeVersion.hash == digest)
        ).first()
        if found is None:
            last = session.scalar(select(func.max(TypeVersion.version)).where(TypeVersion.key == definition.key))
            found = TypeVersion(
                key=definition.key,
                version=(last or 0) + 1,
                hash=digest,
                definition=definition.definition(),
                created_at=clock.now(),
            )
            session.add(found)
            session.flush()
        known[definition.key, digest] = found
    version: TypeVersion = known[definition.key, digest]
    return version


KINDS: dict[Any, FieldKind] = {
    str: FieldKind.TEXT,
    bool: FieldKind.YES_NO,
    int: FieldKind.NUMBER,
    float: FieldKind.NUMBER,
    Decimal: FieldKind.NUMBER,
    date: FieldKind.DATE,
    datetime: FieldKind.DATETIME,
    time: FieldKind.TIME,
}


def fields_of(model: type[BaseModel]) -> tuple[Field, ...]:
    """Fields from a Pydantic model: annotations give the kinds, ``json_schema_extra`` the words and the rest.

    ``title`` is the English label; ``json_schema_extra={"ru": "…", "kind": "person", "help": {…}}`` adds to it.
    """
    fields = []
    for key, info in model.model_fields.items():
        extra = dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}
        kind, options = _kind(info.annotation)
        label = {"en": info.title or key.replace("_", " ").capitalize(), "ru": str(extra.pop("ru", info.title or key))}
        given: dict[str, Any] = {"kind": kind, "options": options, **extra}
        fields.append(Field(key=key, label=label, required=info.is_required(), **given))
    return tuple(fields)


def _kind(annotation: Any) -> tuple[FieldKind, tuple[Option, ...]]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
    if typing.get_origin(annotation) is typing.Literal:
        return FieldKind.CHOICE, tuple(
            Option(id=str(v), label={"en": str(v), "ru": str(v)}) for v in typing.get_args(annotation)
        )
    if typing.get_origin(annotation) is list:
        inner, options = _kind(typing.get_args(annotation)[0])
        return (FieldKind.MULTI_CHOICE, options) if options else (inner, ())
    return KINDS.get(annotation, FieldKind.TEXT), ()

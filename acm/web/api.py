"""The manners of the JSON API: lists with an opaque cursor, versions in ETag, one effect per Idempotency-Key."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, model_validator

from acm.errors import Invalid, PreconditionFailed, PreconditionRequired
from acm.i18n import _
from acm.web.forms import storable
from acm.web.routing import router

PREFIX = "/api/v1"
LARGEST = 200
DEEPEST = 32

T = TypeVar("T")


class Model(BaseModel):
    """Base of what the API takes: unknown members are refused (no mass assignment), texts are cleaned as those of
    forms are."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, given: Any) -> Any:
        return _storable(given)


def _storable(given: Any, depth: int = 0) -> Any:
    """JSON whose texts can be stored, wherever they stand in it."""
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(given, str):
        return storable(given)
    if isinstance(given, dict):
        return {storable(str(name)): _storable(value, depth + 1) for name, value in given.items()}
    return [_storable(value, depth + 1) for value in given] if isinstance(given, list) else given


class View(BaseModel):
    """Base of what the API answers."""

    model_config = ConfigDict(from_attributes=True)


class ProblemView(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""


class Listing(BaseModel):
    """``limit`` and ``cursor`` of a list."""

    limit: int
    cursor: dict[str, Any]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemView, "description": text, "content": {"application/problem+json": {}}}
    for status, text in {
        400: "The request cannot be read",
        401: "No session or token, or it has ended",
        403: "Refused",
        404: "There is no such thing, or it is not for you",
        409: "The state of the thing does not allow it",
        412: "Somebody saved first: `theirs` and `yours` hold both versions",
        413: "Too large",
        415: "This content type is not taken here",
        422: "Invalid input: `errors` by field",
        428: "If-Match is missing",
        429: "Too many tries",
    }.items()
}


def api_router(tag: str) -> APIRouter:
    """A router under ``/api/v1`` whose endpoints commit before they answer."""
    return router(prefix=PREFIX, tags=[tag], responses=PROBLEMS)


async def listing(
    limit: Annotated[int, Query(ge=1, le=LARGEST, description="How many at most.")] = 50,
    cursor: Annotated[str, Query(max_length=500, description="`next` of the page before.")] = "",
) -> Listing:
    """Dependency: where a list begins and how long it may be."""
    return Listing(limit=limit, cursor=read_cursor(cursor))


Paged = Annotated[Listing, Depends(listing)]


def read_cursor(text: str) -> dict[str, Any]:
    """The place a cursor stands for; :class:`Invalid` for what we did not give out."""
    if not text:
        return {}
    try:
        place = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, UnicodeError):
        place = None
    if not isinstance(place, dict):
        raise Invalid({"cursor": [_("This is no cursor of ours: take it from `next`")]})
    return place


def write_cursor(**place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":"), default=str).encode()).decode().rstrip("=")


def after_id(page: Listing) -> int:
    """The id after which a list by id goes on."""
    return after(page, "id")


def after(page: Listing, name: str) -> int:
    """A number of the place where a list goes on."""
    value = page.cursor.get(name, 0)
    if not isinstance(value, int) or not 0 <= value < 2**62:
        raise Invalid({"cursor": [_("This is no cursor of ours: take it from `next`")]})
    return value


def page_of(rows: Sequence[T], limit: int, show: Callable[[T], Any], place: Callable[[T], str]) -> dict[str, Any]:
    """``{items, next}`` of rows read with one more than the limit."""
    shown = rows[:limit]
    return {"items": [show(row) for row in shown], "next": place(shown[-1]) if len(rows) > limit and shown else None}


def etag(version: int) -> str:
    return f'"{version}"'


def tag_answer(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="Version being changed, from ETag.", examples=['"3"'])
]


def require_version(given: str | None, current: int, *, theirs: Any, yours: Any) -> None:
    """Refuse a change that does not say its version (428) or that comes second (412, with both versions)."""
    if given is None:
        raise PreconditionRequired()
    if given.strip() not in ("*", etag(current), f"W/{etag(current)}"):
        raise PreconditionFailed(theirs=theirs, yours=yours, version=current)


def with_examples(description: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description with an example for each body and answer: that of its model, or made of its parts."""
    schemas = description.get("components", {}).get("schemas", {})
    for operation in (one for path in description["paths"].values() for one in path.values()):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for holder in [*answers, operation.get("requestBody", {})]:
            for content in holder.get("content", {}).values():
                found = example_of(content.get("schema", {}), schemas)
                if found is not None and not {"example", "examples"} & content.keys():
                    content["example"] = _with_nulls(found, content["schema"], schemas)
    return description


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """What a schema gives as its example; None where a part of it gives none."""
    if reference := schema.get("$ref"):
        return example_of(schemas.get(reference.rpartition("/")[2], {}), schemas)
    if "example" in schema:
        return schema["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("type") == "array":
        item = example_of(schema.get("items", {}), schemas)
        return None if item is None else [item]
    if not schema.get("properties"):
        return None
    parts = {}
    for name, part in schema["properties"].items():
        told = example_of(part, schemas)
        if told is None and not _may_be_null(part) and name in schema.get("required", ()):
            return None
        if told is not None or name in schema.get("required", ()):
            parts[name] = told
    return parts


def _with_nulls(example: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The example with its empty members, which a description leaves out."""
    if reference := schema.get("$ref"):
        return _with_nulls(example, schemas.get(reference.rpartition("/")[2], {}), schemas)
    if isinstance(example, list):
        return [_with_nulls(one, schema.get("items", {}), schemas) for one in example]
    if not isinstance(example, dict):
        return example
    parts: dict[str, Any] = schema.get("properties", {})
    told = {name: _with_nulls(value, parts.get(name, {}), schemas) for name, value in example.items()}
    return {**dict.fromkeys(name for name in schema.get("required", ()) if name not in told), **told}


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "null" or any(one.get("type") == "null" for one in schema.get("anyOf", ()))

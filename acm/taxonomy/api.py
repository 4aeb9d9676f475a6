"""Vocabularies and terms over JSON."""

from __future__ import annotations

from acm.people.signin import Me
from acm.taxonomy.vocabularies import all_vocabularies, find_vocabulary, terms_of
from acm.web.api import View, api_router
from acm.web.runtime import Db

router = api_router("taxonomies")


class VocabularyView(
    View,
    json_schema_extra={
        "example": {"id": 1, "key": "category", "names": {"ru": "Темы", "en": "Topics"}, "tree": True, "facet": True}
    },
):
    id: int
    key: str
    names: dict[str, str]
    tree: bool
    facet: bool


class TermView(
    View,
    json_schema_extra={
        "example": {
            "id": 9,
            "key": "vpn",
            "names": {"ru": "Удалённый доступ", "en": "Remote access"},
            "descriptions": {},
            "parent_id": 3,
            "owner_id": None,
        }
    },
):
    id: int
    key: str
    names: dict[str, str]
    descriptions: dict[str, str]
    parent_id: int | None
    owner_id: int | None


@router.get("/taxonomies")
def list_vocabularies(db: Db, me: Me) -> list[VocabularyView]:
    """Every vocabulary."""
    return [VocabularyView.model_validate(one) for one in all_vocabularies(db)]


@router.get("/taxonomies/{key}/terms")
def list_terms(db: Db, me: Me, key: str) -> list[TermView]:
    """The terms of a vocabulary."""
    return [TermView.model_validate(term) for term in terms_of(db, find_vocabulary(db, key))]

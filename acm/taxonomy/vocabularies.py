"""Vocabularies and terms: declared ones brought into the tables, and the verbs of those who keep them.

What people have changed stays: a declared term is added once and never overwritten. Merging moves what hangs on
the pages and lives in ``acm/pages/terms.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from acm.errors import Conflict, Invalid, NotFound
from acm.i18n import _
from acm.journal import Origin, record, system_stream
from acm.people.models import Person
from acm.snapshot import CORE, Snapshot
from acm.taxonomy.definitions import VocabularyDefinition
from acm.taxonomy.models import Term, Vocabulary

KEY = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")
LONGEST_NAME = 120


def sync_vocabularies(session: Session, snapshot: Snapshot) -> None:
    """Bring every declared vocabulary and its new terms into the tables."""
    for contribution in snapshot.each("vocabulary"):
        sync_vocabulary(session, contribution.value, plugin=contribution.plugin)


def sync_vocabulary(session: Session, declared: VocabularyDefinition, *, plugin: str = CORE) -> Vocabulary:
    """Bring one declared vocabulary into the tables; terms that are there already stay as they are."""
    vocabulary = session.scalars(select(Vocabulary).where(Vocabulary.key == declared.key)).first()
    if vocabulary is None:
        vocabulary = Vocabulary(key=declared.key, plugin=plugin)
        session.add(vocabulary)
    vocabulary.names, vocabulary.tree, vocabulary.facet = dict(declared.names), declared.tree, declared.facet
    session.flush()
    known = {t.key: t for t in session.scalars(select(Term).where(Term.vocabulary_id == vocabulary.id))}
    for given in declared.terms:
        if given.key in known:
            continue
        parent = known.get(given.parent)
        known[given.key] = Term(
            vocabulary_id=vocabulary.id, key=given.key, names=dict(given.names), order=given.order,
            descriptions=dict(given.descriptions), parent_id=parent.id if parent else None,
        )  # fmt: skip
        session.add(known[given.key])
        session.flush()
    return vocabulary


def all_vocabularies(session: Session) -> list[Vocabulary]:
    return list(session.scalars(select(Vocabulary).order_by(Vocabulary.key)))


def find_vocabulary(session: Session, key: str) -> Vocabulary:
    """The vocabulary of that key; :class:`NotFound` otherwise."""
    found = session.scalars(select(Vocabulary).where(Vocabulary.key == key)).first()
    if found is None:
        raise NotFound()
    return found


def find_term(session: Session, vocabulary: str, key: str, *, lock: bool = False) -> Term:
    """The term of that key, merged away or not; :class:`NotFound` otherwise."""
    statement = (
        select(Term)
        .join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        .where(Vocabulary.key == vocabulary, Term.key == key)
        .options(selectinload(Term.vocabulary))
    )
    found = session.scalars(statement.with_for_update(of=Term) if lock else statement).first()
    if found is None:
        raise NotFound()
    return found


def terms_of(session: Session, vocabulary: Vocabulary) -> list[Term]:
    """The living terms of a vocabulary, in their order."""
    statement = (
        select(Term)
        .where(Term.vocabulary_id == vocabulary.id, Term.merged_into_id.is_(None))
        .order_by(Term.order, Term.id)
    )
    return list(session.scalars(statement))


def successor(session: Session, term: Term) -> Term:
    """The term that took this one's place, through all merges; itself when it lives."""
    seen = {term.id}
    while term.merged_into_id is not None and term.merged_into_id not in seen:
        seen.add(term.merged_into_id)
        term = session.get_one(Term, term.merged_into_id)
    return term


def path_of(term: Term, by_id: Mapping[int, Term]) -> list[Term]:
    """The term with those above it, the highest first."""
    path: list[Term] = []
    current: Term | None = term
    while current is not None and current not in path:
        path.insert(0, current)
        current = by_id.get(current.parent_id) if current.parent_id is not None else None
    return path


def in_tree_order(terms: list[Term]) -> list[tuple[Term, int]]:
    """Terms as a tree is read, each with its depth."""
    below: dict[int | None, list[Term]] = {}
    ids = {t.id for t in terms}
    for term in terms:
        below.setdefault(term.parent_id if term.parent_id in ids else None, []).append(term)
    rows: list[tuple[Term, int]] = []

    def walk(parent_id: int | None, depth: int) -> None:
        for term in below.get(parent_id, []):
            rows.append((term, depth))
            walk(term.id, depth + 1)

    walk(None, 0)
    return rows


def add_term(
    session: Session, vocabulary: Vocabulary, key: str, names: Mapping[str, str], origin: Origin,
    *, parent: Term | None = None, descriptions: Mapping[str, str] | None = None,
) -> Term:  # fmt: skip
    """Add a term; :class:`Invalid` when its key is taken or cannot be one."""
    key = key.strip().lower()
    if not KEY.fullmatch(key) or len(key) > 80:
        raise Invalid({"key": [_("Use small Latin letters, figures, hyphens")]})
    taken = select(Term.id).where(Term.vocabulary_id == vocabulary.id, Term.key == key)
    if session.scalars(taken).first():
        raise Invalid({"key": [_("There is such a term already")]})
    if parent is not None and not vocabulary.tree:
        raise Invalid({"parent": [_("The terms of this vocabulary have no parents")]})
    last = session.scalar(select(func.max(Term.order)).where(Term.vocabulary_id == vocabulary.id))
    term = Term(
        vocabulary_id=vocabulary.id, key=key, names=_named(names), descriptions=dict(descriptions or {}),
        parent_id=parent.id if parent else None, order=(last or 0) + 10,
    )  # fmt: skip
    session.add(term)
    session.flush()
    _record(session, vocabulary, "term.added", origin, term)
    return term


def rename_term(
    session: Session, term: Term, names: Mapping[str, str], origin: Origin,
    *, descriptions: Mapping[str, str], owner: Person | None,
) -> None:  # fmt: skip
    """Change a term's words and owner; its key, and so every link to it, stays."""
    before = {"names": term.names, "descriptions": term.descriptions, "owner": term.owner_id}
    term.names = _named(names)
    term.descriptions = {lang: text for lang, text in descriptions.items() if text}
    term.owner_id = owner.id if owner else None
    _record(session, term.vocabulary, "term.renamed", origin, term, before=before)


def move_term(session: Session, term: Term, parent: Term | None, origin: Origin) -> None:
    """Hang a term below another of its tree; :class:`Conflict` when that would be a circle."""
    if not term.vocabulary.tree and parent is not None:
        raise Conflict("The terms of this vocabulary have no parents")
    if parent is not None:
        by_id = {t.id: t for t in session.scalars(select(Term).where(Term.vocabulary_id == term.vocabulary_id))}
        if parent.vocabulary_id != term.vocabulary_id or term in path_of(parent, by_id):
            raise Conflict("A term cannot hang below itself")
    before = term.parent_id
    term.parent_id = parent.id if parent else None
    _record(session, term.vocabulary, "term.moved", origin, term, before={"parent": before})


def record_merge(session: Session, term: Term, into: Term, moved: int, origin: Origin) -> None:
    """Note in the journal of the vocabulary that a term took another's place."""
    _record(session, term.vocabulary, "term.merged", origin, term, into=into.id, moved=moved)


def _record(session: Session, vocabulary: Vocabulary, kind: str, origin: Origin, term: Term, **data: object) -> None:
    head = system_stream(session, f"vocabulary:{vocabulary.key}")
    facts = {"vocabulary": vocabulary.key, "term": term.id, "key": term.key, "names": term.names}
    record(session, head, kind, origin, data={**facts, **data})


def _named(names: Mapping[str, str]) -> dict[str, str]:
    kept = {lang: text.strip() for lang, text in names.items() if text and text.strip()}
    if not kept:
        raise Invalid({"name_ru": [_("Enter a name")]})
    if any(len(text) > LONGEST_NAME for text in kept.values()):
        raise Invalid({"name_ru": [_("This name is too long")]})
    return kept

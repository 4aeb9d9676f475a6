"""Words of the office that mean the same. Plugins add their own groups to the extension point ``synonyms``."""

from __future__ import annotations

from acm.search.backends import SearchBackend
from acm.search.question import synonyms
from acm.snapshot import Snapshot
from acm.web.runtime import Runtime

CORE: tuple[tuple[str, ...], ...] = (
    ("vpn", "впн", "удалённый доступ", "remote access"),
    ("wi-fi", "wifi", "вайфай", "вай-фай", "беспроводная сеть"),
    ("компьютер", "пк", "computer", "pc"),
    ("ноутбук", "лэптоп", "laptop", "notebook"),
    ("принтер", "printer"),
    ("мфу", "copier"),
    ("почта", "email", "e-mail", "имейл", "электронная почта"),
    ("пароль", "password"),
    ("мышь", "мышка", "mouse"),
    ("телефон", "phone"),
    ("отпуск", "vacation", "leave"),
    ("больничный", "листок нетрудоспособности", "sick leave"),
    ("договор", "контракт", "contract"),
    ("доверенность", "power of attorney"),
    ("сотрудник", "работник", "employee"),
    ("командировка", "business trip"),
    ("пропуск", "badge"),
    ("зарплата", "заработная плата", "оклад", "salary"),
    ("счёт", "инвойс", "invoice"),
    ("обучение", "курс", "training"),
    ("увольнение", "dismissal"),
    ("1с", "1c"),
)


def search_of(runtime: Runtime, snapshot: Snapshot) -> SearchBackend:
    """The process' search backend, with the synonyms of this snapshot."""
    backend: SearchBackend = runtime.parts["search"]
    if runtime.parts.get("search_synonyms") != snapshot.number:
        backend.synonyms = synonyms(group for given in snapshot.values("synonyms") for group in given)
        runtime.parts["search_synonyms"] = snapshot.number
    return backend

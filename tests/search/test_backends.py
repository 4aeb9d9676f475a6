"""What search does, said once for every engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from acm.search.backends import SearchBackend
from acm.search.documents import Document, Removed
from tests.search.world import (
    CASE,
    CERTIFICATE,
    CONFIDENTIAL,
    EVERYONE,
    INES,
    KARIM,
    MARCH,
    NOVEMBER,
    WORLD,
    ask,
    found,
)


@pytest.fixture
def world(backend: SearchBackend) -> SearchBackend:
    backend.apply(WORLD)
    return backend


def text(segments: tuple[tuple[str, bool], ...]) -> str:
    """Segments with marked words in brackets."""
    return "".join(f"[{piece}]" if is_match else piece for piece, is_match in segments)


class TestWords:
    @pytest.mark.parametrize("asked", ["справка", "справку", "Справки", "СПРАВКЕ", "справок", "доходами"])
    def test_every_form_of_a_russian_word_finds(self, world: SearchBackend, asked: str) -> None:
        assert {"page:1", "page:3", "person:4"} <= found(world, asked)

    @pytest.mark.parametrize("asked", ["certificates", "Certificate", "incomes", "certificate income"])
    def test_every_form_of_an_english_word_finds(self, world: SearchBackend, asked: str) -> None:
        assert found(world, asked) == {"page:1"}

    @pytest.mark.parametrize("asked", ["ещё", "еще", "все", "всё"])
    def test_yo_and_ye_are_one_letter(self, backend: SearchBackend, asked: str) -> None:
        backend.apply([replace(CERTIFICATE, bodies={"ru": "Ещё всё", "en": "Еще все"})])
        assert found(backend, asked) == {"page:1"}

    def test_a_number_is_found_whole_in_parts_and_in_small_letters(self, world: SearchBackend) -> None:
        assert found(world, "IT-42") == found(world, "it-42") == found(world, "42") == {"page:4"}
        assert found(world, "IT-4") == set()

    def test_joined_words_are_found_whole_and_apart(self, world: SearchBackend) -> None:
        assert found(world, "2-НДФЛ") == found(world, "ндфл") == {"page:1"}

    def test_all_words_must_be_there(self, world: SearchBackend) -> None:
        assert found(world, "справка банк") == {"page:3"}

    def test_small_words_do_not_hinder(self, world: SearchBackend) -> None:
        assert found(world, "справка для банка по доходам") == {"page:3"}

    def test_a_phrase_stands_together_and_in_order(self, world: SearchBackend) -> None:
        assert found(world, '"справка о доходах"') >= {"page:1", "page:3"}
        assert found(world, '"доходах справка"') == set()

    def test_minus_excludes(self, world: SearchBackend) -> None:
        assert found(world, "справка -банк") == {"page:1", "person:4"}
        assert "page:3" not in found(world, "-банк")

    def test_nothing_asked_lists_all_that_may_be_seen(self, world: SearchBackend) -> None:
        assert found(world, "") == {"page:1", "page:2", "page:3", "page:4", "person:4"}

    @pytest.mark.parametrize(
        "asked",
        [
            '"',
            "*",
            "AND OR NOT",
            'NEAR("a" "b")',
            "head:справка",
            "' OR 1=1 --",
            "{internal} : x",
            "a & b | !c",
            "%",
            "\x00",
            "(" * 500,
            "а" * 10_000,
            "-" * 300,
            "\ud800",
            "'\\'",
            "<->",
            ":*",
        ],
    )
    def test_no_syntax_of_an_engine_is_reachable(self, world: SearchBackend, asked: str) -> None:
        answer = ask(world, asked)
        assert answer.total == len(answer.hits)
        world.suggest(asked, INES)

    def test_a_word_of_the_title_weighs_more_than_one_of_the_text(self, world: SearchBackend) -> None:
        assert ask(world, "vpn справка доступ", exact=True).total == 0
        assert ask(world, "справка о доходах").hits[0].key == "page:1"

    def test_boost_lifts(self, backend: SearchBackend) -> None:
        backend.apply([replace(CERTIFICATE, key="page:7", id=7, boost=0.1), replace(CERTIFICATE, boost=3.0)])
        assert [hit.key for hit in ask(backend, "справка").hits] == ["page:1", "page:7"]


class TestCorrections:
    @pytest.mark.parametrize(
        ("asked", "searched"),
        [("cghfdrf", "справка"), ("мзт", "vpn"), ("lj[jl", "доход"), ("Cghfdrf lj[jl", "Справка доход")],
    )
    def test_the_wrong_keyboard_layout_is_read_in_the_other(
        self, world: SearchBackend, asked: str, searched: str
    ) -> None:
        answer = ask(world, asked)
        assert answer.corrected == searched
        assert answer.total == len(found(world, searched)) > 0

    @pytest.mark.parametrize(
        ("asked", "searched"),
        [
            ("справка о дохадах", "справка о доходах"),
            ("спавка", "справка"),
            ("српавка", "справка"),
            ("certifikate", "certificate"),
            ("поджлючается", "подключается"),
            ("электронойй подписью", "электронной подписью"),
        ],
    )
    def test_a_slip_is_corrected_and_said(self, world: SearchBackend, asked: str, searched: str) -> None:
        answer = ask(world, asked)
        assert answer.corrected == searched
        assert answer.total > 0

    def test_exact_forbids_corrections(self, world: SearchBackend) -> None:
        answer = ask(world, "спавка", exact=True)
        assert (answer.total, answer.corrected) == (0, None)

    def test_what_is_found_is_not_corrected(self, world: SearchBackend) -> None:
        assert ask(world, "справка").corrected is None

    def test_when_no_document_has_all_words_those_with_some_are_shown(self, world: SearchBackend) -> None:
        answer = ask(world, "vpn справка")
        assert answer.partial
        assert {"page:1", "page:2"} <= {hit.key for hit in answer.hits}

    def test_a_word_of_a_hidden_page_is_never_proposed(self, world: SearchBackend) -> None:
        assert ask(world, "кракозяпра").corrected is None
        assert ask(world, "rhfrjpz,hf").corrected is None
        assert ask(world, "кракозяпра", frozenset({"p:9"})).corrected == "кракозябра"

    def test_a_word_known_from_hidden_pages_only_is_corrected_like_an_unknown_one(self, world: SearchBackend) -> None:
        world.apply([replace(CONFIDENTIAL, bodies={"ru": "спрафка"})])
        assert ask(world, "спрафка").corrected == "справка"

    def test_synonyms_find_each_other(self, world: SearchBackend) -> None:
        assert found(world, "впн") == found(world, "удаленный доступ") == found(world, "vpn") == {"page:2", "page:4"}

    def test_keywords_of_a_page_find_it(self, world: SearchBackend) -> None:
        assert found(world, "зарплатные бумаги") == found(world, "payslips") == {"page:1"}


class TestRights:
    def test_only_what_a_token_opens_is_found_and_counted(self, world: SearchBackend) -> None:
        answer = ask(world, "справка")
        assert CONFIDENTIAL.key not in {hit.key for hit in answer.hits}
        assert answer.total == 3
        assert answer.kinds == {"service": 1, "article": 1, "person": 1}
        assert "hr" not in dict(answer.facets["department"])
        assert found(world, "справка", frozenset({"p:9"})) == {CONFIDENTIAL.key}

    def test_without_tokens_there_is_nothing(self, world: SearchBackend) -> None:
        assert ask(world, "справка", frozenset()).total == 0
        assert ask(world, "", frozenset()).total == 0

    def test_quick_search_keeps_the_same_rights(self, world: SearchBackend) -> None:
        assert world.suggest("крако", INES) == ()
        assert [group.kind for group in world.suggest("крако", frozenset({"p:9"}))] == ["case"]

    def test_internal_comments_are_found_by_their_readers_alone(self, world: SearchBackend) -> None:
        assert found(world, "сбросили токен", INES) == set()
        assert found(world, "сбросили токен", KARIM) == {"page:4"}

    def test_internal_and_public_words_may_be_asked_together(self, world: SearchBackend) -> None:
        assert found(world, "vpn токен", KARIM) == {"page:4"}
        assert "page:4" not in {hit.key for hit in ask(world, "дома токен", INES, exact=True).hits}

    def test_an_extract_shows_internal_words_to_their_readers_alone(self, world: SearchBackend) -> None:
        assert "[токен]" in text(ask(world, "токен", KARIM).hits[0].extract)
        assert all("парол" not in text(hit.extract) for hit in ask(world, "vpn", INES).hits)

    def test_internal_words_do_not_exclude_for_others(self, world: SearchBackend) -> None:
        assert "page:4" in found(world, "vpn -токен", INES)
        assert "page:4" not in found(world, "vpn -токен", KARIM)
        assert "page:4" in found(world, "-токен", INES)
        assert "page:4" not in found(world, "-токен", KARIM)

    def test_public_comments_are_found(self, world: SearchBackend) -> None:
        assert "page:4" in found(world, "переустановили клиента")

    def test_a_change_of_tokens_holds_at_once(self, world: SearchBackend) -> None:
        world.apply([replace(CASE, tokens=frozenset({"g:7"}))])
        assert found(world, "IT-42", INES) == set()
        assert found(world, "IT-42", KARIM) == {"page:4"}


class TestAnswers:
    def test_hits_come_in_groups_by_kind(self, world: SearchBackend) -> None:
        answer = ask(world, "vpn", mine="1")
        assert [(group.kind, group.total) for group in answer.groups] == [("service", 1), ("mine", 1)]
        assert [group.kind for group in ask(world, "vpn", KARIM, mine="2").groups] == ["service", "case"]

    def test_kinds_narrow_hits_but_not_their_counts(self, world: SearchBackend) -> None:
        answer = ask(world, "справка", kinds=frozenset({"article"}))
        assert {hit.key for hit in answer.hits} == {"page:3"}
        assert answer.kinds == {"service": 1, "article": 1, "person": 1}
        assert found(world, "vpn", kinds=frozenset({"mine"}), mine="1") == {"page:4"}

    def test_facets_count_and_narrow(self, world: SearchBackend) -> None:
        assert dict(ask(world, "").facets["department"]) == {"accounting": 2, "it": 2}
        assert found(world, "", facets={"department": ["it"]}) == {"page:2", "page:4"}
        assert found(world, "", facets={"department": ["it"], "state": ["in_progress", "new"]}) == {"page:4"}
        assert "requester" not in ask(world, "").facets

    def test_time_narrows_and_is_counted(self, world: SearchBackend) -> None:
        answer = ask(world, "", recent=(MARCH, NOVEMBER))
        assert tuple(answer.recent) == (5, 3)
        assert found(world, "", since=NOVEMBER) == {"page:2", "page:3", "page:4"}

    def test_pages_of_hits_do_not_overlap(self, world: SearchBackend) -> None:
        pages = [ask(world, "", limit=2, offset=offset).hits for offset in (0, 2, 4)]
        keys = [hit.key for hits in pages for hit in hits]
        assert len(keys) == len(set(keys)) == 5

    def test_titles_come_in_the_readers_language(self, world: SearchBackend) -> None:
        assert ask(world, "vpn access", lang="en").hits[0].title == "VPN access"
        assert ask(world, "vpn access", lang="ru").hits[0].title == "Доступ к VPN"
        assert ask(world, "банк", lang="en").hits[0].title == "Какую справку просит банк"

    def test_words_are_marked_in_every_form(self, world: SearchBackend) -> None:
        hit = next(hit for hit in ask(world, "справка доход").hits if hit.key == "page:3")
        assert text(hit.marked) == "Какую [справку] просит банк"
        assert text(hit.extract).startswith("Большинству банков хватает [справки] о [доходах] за 12 месяцев.")

    def test_the_extract_is_where_the_words_are(self, world: SearchBackend) -> None:
        (hit,) = ask(world, "чат").hits
        assert text(hit.extract).startswith("…")
        assert text(hit.extract).endswith("Пишите в [чат].")

    def test_marked_text_is_the_text(self, world: SearchBackend) -> None:
        for hit in ask(world, "справка vpn").hits:
            assert "".join(piece for piece, _ in hit.marked) == hit.title

    def test_a_person_and_a_page_of_one_id_are_two(self, world: SearchBackend) -> None:
        assert found(world, "орлова") == {"person:4"}
        world.apply([Removed("person:4")])
        assert found(world, "IT-42") == {"page:4"}


class TestQuickSearch:
    def keys(self, backend: SearchBackend, typed: str, tokens: frozenset[str] = INES) -> list[str]:
        return [hit.key for group in backend.suggest(typed, tokens) for hit in group.hits]

    @pytest.mark.parametrize(
        "typed", ["с", "спр", "справ", "справку", "справка о дох", "cghfd", "зарпл", "ndfl", "2-ндф"]
    )
    def test_the_beginnings_of_words_find(self, world: SearchBackend, typed: str) -> None:
        assert typed == "ndfl" or "page:1" in self.keys(world, typed)

    def test_numbers_are_found_as_they_are_typed(self, world: SearchBackend) -> None:
        assert self.keys(world, "IT-4") == self.keys(world, "it-42") == ["page:4"]

    def test_typed_beginnings_are_marked(self, world: SearchBackend) -> None:
        (group, *_) = world.suggest("спр", INES)
        assert text(group.hits[0].marked) == "[Справка] о доходах (2-НДФЛ)"

    def test_a_slip_is_forgiven(self, world: SearchBackend) -> None:
        assert "page:1" in self.keys(world, "справка дохадах")

    def test_at_most_so_many_of_each_kind(self, backend: SearchBackend) -> None:
        many = [replace(CERTIFICATE, id=n, key=f"page:{n}") for n in range(10, 30)]
        backend.apply([*many, *WORLD])
        groups = backend.suggest("спра", EVERYONE, limit=5)
        assert [(group.kind, group.total, len(group.hits)) for group in groups] == [
            ("service", 21, 5),
            ("article", 1, 1),
        ]

    def test_kinds_can_be_chosen(self, world: SearchBackend) -> None:
        assert [group.kind for group in world.suggest("vpn", INES, kinds={"service"})] == ["service"]


class TestKeeping:
    def test_an_engine_without_an_index_finds_nothing(self, backend: SearchBackend) -> None:
        assert ask(backend, "справка").total == 0
        assert backend.suggest("спр", INES) == ()
        assert not backend.status().is_current

    def test_a_document_put_in_twice_is_there_once(self, world: SearchBackend) -> None:
        world.apply([CERTIFICATE, replace(CERTIFICATE, titles={"ru": "Выписка"})])
        assert "page:1" in found(world, "выписка")
        assert ask(world, "выписка").total == 1
        assert world.status().documents == len(WORLD)

    def test_what_is_removed_leaves_no_word_behind(self, world: SearchBackend) -> None:
        reader = frozenset({"p:9"})
        world.apply([Removed(CONFIDENTIAL.key), Removed("page:404")])
        assert found(world, "кракозябра", reader) == set()
        assert ask(world, "кракозябры", reader).corrected is None
        assert world.status().documents == len(WORLD) - 1

    def test_status_tells_documents_time_and_size(self, world: SearchBackend) -> None:
        status = world.status()
        assert status.is_current
        assert status.documents == len(WORLD)
        assert status.updated_at is not None
        assert status.size > 1000
        assert status.advice is None

    def test_a_rebuild_replaces_everything_and_tells_progress(self, world: SearchBackend) -> None:
        done: list[int] = []
        documents = [replace(CERTIFICATE, id=n, key=f"page:{n}") for n in range(1, 1201)]
        assert world.rebuild(iter(documents), done.append) == 1200
        assert done == [500, 1000, 1200]
        assert world.status().documents == 1200
        assert found(world, "vpn", exact=True) == set()
        world.apply(WORLD)
        assert ask(world, "справка").total == 1200 - 5 + 3

    def test_readers_see_the_old_index_until_the_swap(self, world: SearchBackend) -> None:
        def documents() -> Iterator[Document]:
            yield CERTIFICATE
            assert found(world, "vpn") == {"page:2", "page:4"}
            yield CASE

        world.rebuild(documents())
        assert found(world, "vpn") == {"page:4"}

    def test_a_rebuild_that_dies_leaves_the_old_index(self, world: SearchBackend) -> None:
        def documents() -> Iterator[Document]:
            yield from (replace(CERTIFICATE, id=n, key=f"page:{n}") for n in range(600))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            world.rebuild(documents())
        assert found(world, "vpn") == {"page:2", "page:4"}
        world.apply([Removed("page:2")])
        assert found(world, "vpn") == {"page:4"}
        world.rebuild(WORLD)
        assert world.status().documents == len(WORLD)

    def test_a_batch_that_fails_changes_nothing(self, world: SearchBackend) -> None:
        broken = replace(CASE, at=None)  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            world.apply([replace(CERTIFICATE, titles={"ru": "Выписка"}), broken])
        assert found(world, "выписка", exact=True) == set()
        assert "page:1" in found(world, "справка")
        world.apply([Removed("page:4")])
        assert found(world, "IT-42") == set()

"""Words, stems, layouts, questions and marks: what every engine builds on."""

from __future__ import annotations

import time

import pytest

from acm.search.marking import Marks, extract, mark, marks_of
from acm.search.question import LONGEST_QUESTION, MOST_CLAUSES, ask, synonyms
from acm.search.spelling import nearest, one_slip, within_two
from acm.search.text import normalise, other_layout, stem, stems, storable


@pytest.mark.parametrize(
    ("forms"),
    [
        "справка справку справки справкой справок",
        "заявка заявок заявки",
        "договор договора договоры",
        "ёлка елки",
        "printer printers",
        "connected connecting connection",
    ],
)
def test_forms_of_one_word_share_a_stem(forms: str) -> None:
    assert len({stem(normalise(form)) for form in forms.split()}) == 1


def test_stress_marks_soft_hyphens_and_wide_letters_do_not_matter() -> None:
    assert list(stems("за\u0301мок за\u00adмок ЗАМОК ＶＰＮ")) == ["замк", "замк", "замк", "vpn"]


def test_codes_and_numbers_stay_whole_and_are_split_too() -> None:
    assert list(stems("IT-42")) == ["it-42", "it", "42"]
    assert list(stems("10.0.0.1 и 01/02")) == ["10.0.0.1", "10", "0", "0", "1", "и", "01/02", "01", "02"]
    assert list(stems("конец.Начало")) == list(stems("конец. Начало"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("ghbdtn", "привет"), (",fyr", "банк"), ("мзт", "vpn"), ("Ghbynth", "Принтер"), ("[kt,", "хлеб")],
)
def test_the_other_layout(typed: str, meant: str) -> None:
    assert other_layout(typed) == meant


def test_a_text_of_both_alphabets_or_of_none_has_no_other_layout() -> None:
    assert other_layout("vpn дома") is None
    assert other_layout("42") is None


def test_a_question_is_taken_apart() -> None:
    question = ask('как получить "справку о доходах" -банк IT-42')
    assert [clause.surface for clause in question.wanted] == ["получить", "справку о доходах", "IT-42"]
    assert [clause.surface for clause in question.unwanted] == ["банк"]
    assert question.wanted[2].options == (("it-42",),)


def test_small_words_alone_are_asked_for() -> None:
    assert [clause.surface for clause in ask("что это").wanted] == ["что", "это"]


def test_a_long_question_is_cut() -> None:
    assert len(ask("слово " * 1000).wanted) == 1
    assert len(ask(" ".join(f"с{n}" for n in range(100))).wanted) == MOST_CLAUSES
    assert len(ask("а" * 1000).text) == LONGEST_QUESTION


def test_synonyms_of_several_words_cover_neighbours() -> None:
    known = synonyms([["компьютер", "рабочая станция"]])
    (clause,) = ask("рабочую станцию", known).wanted
    assert clause.options == (("рабоч", "станц"), ("компьютер",))
    (clause,) = ask("компьютеры", known).wanted
    assert clause.options == (("компьютер",), ("рабоч", "станц"))


def test_words_are_marked_and_neighbours_together() -> None:
    assert mark("Справки, справка 2-НДФЛ!", Marks(frozenset({"справк", "ндфл"}))) == (
        ("Справки", True),
        (", ", False),
        ("справка 2-НДФЛ", True),
        ("!", False),
    )


def test_words_of_a_phrase_are_marked_only_side_by_side() -> None:
    remote = marks_of([("remot", "access"), ("vpn",)])
    assert mark("Access: remote access, VPN", remote) == (
        ("Access: ", False),
        ("remote access", True),
        (", ", False),
        ("VPN", True),
    )
    assert mark("форма 2-НДФЛ", marks_of([("форм", "2", "ндфл")])) == (("форма 2-НДФЛ", True),)


def test_markup_in_texts_stays_text() -> None:
    assert mark("<b>vpn</b>", Marks(frozenset({"vpn"}))) == (("<b>", False), ("vpn", True), ("</b>", False))


def test_an_extract_is_the_window_with_most_words() -> None:
    long = "пароль " + "пусто " * 100 + "пароль и токен рядом " + "пусто " * 100
    shown = "".join(piece for piece, _ in extract([long], Marks(frozenset({stem("пароль"), stem("токен")}))))
    assert "пароль и токен рядом" in shown
    assert len(shown) <= 182


class Words(dict[str, int]):
    """A vocabulary in memory."""

    def known(self, words: set[str]) -> dict[str, int]:
        return {word: self[word] for word in words if word in self}

    def beginning(self, prefix: str, limit: int) -> dict[str, int]:
        return dict([(word, count) for word, count in self.items() if word.startswith(prefix)][:limit])


def test_nearest_words_come_by_slips_first_letter_and_frequency() -> None:
    words = Words(доходах=5, доходы=2, походах=9, расходах=1, подключение=3)
    assert nearest("дохадах", words) == ["доходах"]
    assert nearest("походох", words) == ["походах"]
    assert nearest("подклучиние", words) == ["подключение"]
    assert nearest("вас", words) == []


def test_slips() -> None:
    assert {"ab", "ba", "a", "aa", "abb"} - set(one_slip("ab", "ab")) == {"ab"} - set(one_slip("ab", "ab"))
    assert within_two("справка", "спарвка")
    assert within_two("abcdef", "abcd")
    assert not within_two("abcdef", "abc")
    assert not within_two("abcdefgh", "hgfedcba")


def test_what_databases_refuse_is_dropped() -> None:
    assert storable("a\x00b\ud800c") == "abc"


def test_time_is_linear() -> None:
    def seconds(text: str) -> float:
        start = time.perf_counter()
        for _ in range(3):
            list(stems(text))
            extract([text], marks_of([("а",), ("а", "а"), ("1", "1")]))
            ask(text)
        return time.perf_counter() - start

    for piece in ("a-", "1.", "а\u0301", '"-', "-", "x ", "<"):
        short, long = seconds(piece * 2_000), seconds(piece * 20_000)
        assert long < 40 * short + 0.5, piece

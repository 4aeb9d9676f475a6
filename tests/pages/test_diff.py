"""What changed between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from acm.pages.diff import MOST_LINES, Piece, shortened, word_diff


def test_one_changed_word_is_one_removed_and_one_added():
    assert word_diff("press the green button", "press the red button") == [
        Piece("same", "press the "), Piece("removed", "green"), Piece("added", "red"), Piece("same", " button"),
    ]  # fmt: skip


def test_equal_texts_have_no_change():
    assert word_diff("one\ntwo", "one\ntwo") == [Piece("same", "one\ntwo")]


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_pieces_hold_both_texts_whole(before, after):
    pieces = word_diff(before, after)

    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after


def test_markup_in_a_text_stays_text():
    assert word_diff("", "<script>alert(1)</script>") == [Piece("added", "<script>alert(1)</script>")]


def test_texts_too_long_to_compare_are_shown_as_replaced():
    lines = "x\n" * (MOST_LINES + 1)

    assert [p.kind for p in word_diff(lines, lines + "y")] == ["removed", "added"]


def test_long_unchanged_parts_are_left_out_but_the_lines_around_a_change_stay():
    before = "".join(f"line {i}\n" for i in range(50))
    after = before.replace("line 25\n", "line twenty-five\n")

    kinds = [p.kind for p in shortened(word_diff(before, after))]
    shown = "".join(p.text for p in shortened(word_diff(before, after)))

    assert kinds.count("skipped") == 2
    assert "line 24" in shown
    assert "line 3\n" not in shown

"""Answers are read with the rule the form shows, and shown again in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from acm.errors import Invalid
from acm.i18n import translator
from acm.pages.answers import Answers, Asking, read_answers
from acm.pages.models import File
from acm.pages.showing import show_answers
from acm.pages.typed import typed_in
from acm.pages.types import Field, FieldKind, Option
from acm.people.models import Person
from acm.people.rights import Grants
from acm.web.forms import Form

NOW = datetime(2026, 11, 20, 11, 32, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def asked(key: str, kind: str = "text", **given: Any) -> Field:
    return Field(key=key, kind=FieldKind(kind), label={"ru": key, "en": key.capitalize()}, **given)


@pytest.fixture
def asking(session: Session, grants: Callable[[str], Grants], person: Callable[[str], Person]) -> Callable[..., Asking]:
    def make(**given: Any) -> Asking:
        return Asking(session, grants("maria"), "en", MOSCOW, NOW, requester=person("maria"), **given)

    return make


@pytest.fixture
def read(asking: Callable[..., Asking]) -> Callable[..., Answers]:
    return lambda fields, given, **context: read_answers(fields, given, asking(**context))


def fault(answers: Answers, name: str, lang: str = "en") -> str:
    return translator(lang).say(answers.errors[name])


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("text", "  Room   4-112 ", "Room 4-112"),
        ("long_text", "one\n\ntwo\n", "one\n\ntwo"),
        ("number", "1 284,5", 1284.5),
        ("number", "1,284", 1284),
        ("date", "1.12.2026", "2026-12-01"),
        ("date", "завтра", "2026-11-21"),
        ("datetime", {"date": "today", "time": "15:30"}, "2026-11-20T12:30:00Z"),
        ("datetime", "2026-11-20T15:30:00+03:00", "2026-11-20T12:30:00Z"),
        ("time", "9 утра", "09:00"),
        ("email", "m@example.test", "m@example.test"),
        ("phone", "+7 917 555-01-23", "+7 917 555-01-23"),
        ("phone", "4400", "4400"),
        ("url", "example.com/a", "https://example.com/a"),
        ("yes_no", "no", False),
        ("yes_no", True, True),
    ],
)
def test_an_answer_is_read_as_people_type_it(read, kind: str, typed: object, stored: object) -> None:
    answers = read([asked("it", kind)], {"it": typed})
    assert (answers.values, answers.errors) == ({"it": stored}, {})


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("number", "many", "Enter a figure, for example 12.5"),
        ("date", "30.2.2026", "Write the date like 1.12.2026 or “tomorrow”"),
        ("datetime", {"date": "1.12.2026", "time": ""}, "Write the time like 15:30"),
        ("email", "maria at home", "Write the e-mail like name@company.com"),
        ("phone", "+7 917 555-01", "The number is 2 digits short: add the last ones"),
        ("url", "javascript:alert(1)", "Write the address like https://example.com/page"),
        ("person", "Nobody", "We know nobody of that name. Write the surname, the e-mail or the login"),
        ("yes_no", "maybe", "Choose yes or no"),
    ],
)
def test_what_cannot_be_read_is_asked_again_in_words_and_never_lost(read, kind: str, typed: object, said: str) -> None:
    answers = read([asked("it", kind)], {"it": typed})
    assert fault(answers, "it") == said
    assert answers.typed == {"it": typed}
    assert fault(answers, "it", "ru") != said


def test_money_keeps_its_currency_and_its_hundredths(read) -> None:
    field = asked("amount", "money", currency="RUB", min=0)
    assert read([field], {"amount": "148 900,5 ₽"}).values == {"amount": {"amount": "148900.50", "currency": "RUB"}}
    assert fault(read([field], {"amount": "-1"}), "amount") == "Enter 0 or more"
    assert fault(read([field], {"amount": "1.234"}), "amount") == "Enter at most two digits after the point"


def test_a_figure_stays_within_its_bounds(read) -> None:
    field = asked("rating", "number", min=1, max=5, step=1)
    assert fault(read([field], {"rating": "6"}), "rating") == "Enter 5 or less"
    assert fault(read([field], {"rating": "2.5"}), "rating") == "Enter a whole number"
    assert read([field], {"rating": "0"}).values == {}


def test_a_choice_is_one_of_the_offered(read) -> None:
    field = asked("role", "choice", options=(Option(id="user", label={"ru": "Сам", "en": "User"}),))
    assert read([field], {"role": "user"}).values == {"role": "user"}
    assert fault(read([field], {"role": "root"}), "role") == "Choose one of the offered answers"


@pytest.mark.parametrize("typed", ["oleg", "oleg@example.test", "Олег Ким", "ким", "Oleg Latin", "Олег Ким (oleg)"])
def test_a_person_is_found_by_login_mail_or_name(read, person: Callable[[str], Person], typed: str) -> None:
    assert read([asked("who", "person")], {"who": typed}).values == {"who": person("oleg").id}


def test_who_has_left_cannot_be_named(read, person: Callable[[str], Person]) -> None:
    assert "who" in read([asked("who", "person")], {"who": person("dan").id}).errors


def test_of_two_people_with_one_name_the_mail_is_asked(read, session: Session, person: Callable[[str], Person]) -> None:
    person("lev").given, person("lev").family = "Олег", "Ким"
    session.flush()
    answers = read([asked("who", "person")], {"who": "Олег Ким"})
    assert fault(answers, "who") == "Several people have this name. Write the e-mail or the login"


def test_a_hidden_question_has_no_value_and_no_fault(read) -> None:
    form = [
        asked("hotel", "yes_no"),
        asked("wishes", shown_when="hotel", required=True),
        asked("day", "date", shown_when="hotel"),
    ]
    answers = read(form, {"hotel": "no", "wishes": "a view", "day": "?"})
    assert (answers.values, answers.errors, answers.shown) == ({"hotel": False}, {}, {"hotel"})
    assert fault(read(form, {"hotel": "yes"}), "wishes") == "Write an answer"


def test_a_question_under_a_hidden_question_is_hidden_too(read) -> None:
    form = [asked("a", "yes_no"), asked("b", shown_when="a"), asked("c", shown_when="b == 'x'")]
    assert read(form, {"a": "no", "b": "x", "c": "1"}).shown == {"a"}
    assert read(form, {"a": "yes", "b": "x", "c": "1"}).shown == {"a", "b", "c"}


def test_required_and_read_only_follow_their_conditions(read) -> None:
    form = [
        asked("amount", "money", currency="RUB"),
        asked("why", required_when="amount > 1000"),
        asked("room", read_only_when="requester.department == 'hr'"),
    ]
    assert fault(read(form, {"amount": "2000"}), "why") == "Write an answer"
    assert read(form, {"amount": "10"}).errors == {}
    assert read(form, {"room": "1"}, before={"room": "4-112"}).values == {"room": "4-112"}


def test_an_end_is_not_before_its_beginning(read) -> None:
    form = [asked("date_from", "date"), asked("date_to", "date")]
    answers = read(form, {"date_from": "1.12.2026", "date_to": "13.11.2026"})
    assert fault(answers, "date_to") == "Enter an end date from 1 December on".replace(" ", " ").replace(
        "1 D", "1\u00a0D"
    )
    assert answers.typed == {"date_from": "2026-12-01", "date_to": "2026-11-13"}


def test_repeated_questions_are_read_line_by_line(read) -> None:
    form = [asked("items", "group", fields=(asked("name", required=True), asked("qty", "number")))]
    answers = read(form, {"items": [{"name": "Desk", "qty": "2"}, {"name": "", "qty": ""}, {"qty": "x"}]})
    assert answers.values == {"items": [{"name": "Desk", "qty": 2}, {}]}
    assert set(answers.errors) == {"items[2].qty", "items[2].name"}


def test_a_form_and_json_are_read_alike(read) -> None:
    form = [
        asked("amount", "money", currency="RUB"),
        asked("since", "datetime"),
        asked("items", "group", fields=(asked("name"),)),
    ]
    sent = Form(
        FormData(
            [
                ("amount", "10"),
                ("since", "1.12.2026"),
                ("since_time", "9:00"),
                ("items[0].name", "a"),
                ("items[4].name", "b"),
            ]
        )
    )
    plain: Mapping[str, Any] = {
        "amount": {"amount": 10, "currency": "RUB"}, "since": "2026-12-01T06:00:00Z", "items": [{"name": "a"}, {"name": "b"}],
    }  # fmt: skip
    assert read(form, sent).values == read(form, plain).values
    assert typed_in(form, sent)["since"] == {"date": "1.12.2026", "time": "9:00"}


def test_files_of_others_cannot_be_named(read, session: Session, person: Callable[[str], Person]) -> None:
    kept = {
        login: File(name="a.txt", media_type="text/plain", size=1, sha256="0" * 64, author_id=person(login).id, at=NOW)
        for login in ("maria", "oleg")
    }
    session.add_all(kept.values())
    session.flush()
    field = asked("file", "file", required=True)
    assert read([field], {"file": [kept["maria"].id]}).values == {"file": [kept["maria"].id]}
    assert "file" in read([field], {"file": [kept["oleg"].id]}).errors
    assert fault(read([field], {}), "file") == "Attach a file"


def test_questions_for_agents_are_not_asked_of_the_requester(read) -> None:
    form = [asked("note", internal=True, required=True)]
    assert read(form, {"note": "x"}).values == {}
    assert read(form, {"note": "x"}, internal=True).values == {"note": "x"}


def test_faults_become_one_refusal(read) -> None:
    with pytest.raises(Invalid) as refusal:
        read([asked("why", required=True)], {}).or_refuse()
    assert set(refusal.value.errors) == {"why"}


def test_answers_are_shown_in_the_readers_language(
    session: Session, grants: Callable[[str], Grants], person: Callable[[str], Person]
) -> None:
    form = [
        asked("amount", "money"),
        asked("who", "person"),
        asked("agreed", "yes_no"),
        asked("role", "choice", options=(Option(id="user", label={"ru": "Сам", "en": "User"}),)),
        asked("since", "datetime"),
        asked("empty"),
    ]
    values = {
        "amount": {"amount": "148900.00", "currency": "RUB"}, "who": person("oleg").id, "agreed": True, "role": "user",
        "since": "2026-11-20T12:30:00Z",
    }  # fmt: skip

    def texts(lang: str) -> list[str]:
        shown = show_answers(session, form, values, grants=grants("maria"), lang=lang, zone=MOSCOW, now=NOW)
        return [one.text.replace("\u00a0", " ").replace("\u202f", " ") for one in shown]

    assert texts("en") == ["₽148,900", "Oleg Latin", "Yes", "User", "today, 15:30"]
    assert texts("ru") == ["148 900 ₽", "Олег Ким", "Да", "Сам", "сегодня, 15:30"]


def test_a_consent_goes_on_with_yes_only(read) -> None:
    consent = asked("consent", "yes_no", required=True, must_be_yes=True)

    assert fault(read([consent], {"consent": "no"}), "consent") == "This goes on with yes only"
    assert fault(read([consent], {"consent": "no"}), "consent", "ru") == "Без согласия продолжить нельзя"
    assert read([consent], {"consent": "yes"}).errors == {}

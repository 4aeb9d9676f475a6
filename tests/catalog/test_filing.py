"""Filing a request: one transaction from the answers to the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from acm.cases.models import Approval, Case
from acm.catalog.filing import Filing, file_request, find_service
from acm.errors import Conflict, PluginAway
from acm.journal import Event, Origin
from acm.pages.drafts import save_draft
from acm.pages.models import Draft, File, PageTerm
from acm.pages.types import SlaClock
from acm.pages.visibility import inside, visible
from acm.people.models import BusinessOwner, Person
from acm.people.rights import Grants
from acm.web.runtime import Runtime
from tests.catalog.conftest import FRIDAY, question, words

By = Callable[[str], Person]
MANAGER = {"step": 1, "role": "line_manager"}
HEAD = {"step": 2, "role": "it_head", "when": "amount > 1000"}


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """The SQL that the session sends from now on; savepoints are not counted."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_request_goes_to_the_group_of_its_service_with_its_promise(offer: Any, file: Any) -> None:
    case = file(offer(), reason="From home")
    assert (case.number, case.type, case.state) == ("IT-1", "request", "new")
    assert (case.group.key, case.department.key) == ("it-net", "it")
    assert case.title == "VPN access: From home"
    assert case.fields == {"reason": "From home"}
    assert case.promised_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert case.form[0].key == "reason"
    assert [s.key for s in case.case_type.stages if s.key in case.facts["skips"]] == ["approval"]


def test_the_requester_and_the_group_see_it_and_others_do_not(
    offer: Any, file: Any, session: Session, grants: Callable[[str], Grants]
) -> None:
    file(offer(), reason="x")
    seen = {
        who for who in ("maria", "oleg", "irina", "lev", "vera") if session.scalars(visible(grants(who), Case)).all()
    }
    assert seen == {"maria", "oleg", "irina"}


def test_the_manager_approves_first_and_the_resolution_waits(offer: Any, file: Any, person: By) -> None:
    case = file(offer(approvals=[MANAGER]), reason="x")
    assert case.state == "approval"
    assert case.current.sla is SlaClock.RESPONSE_ONLY
    assert [(a.step, a.role, a.approver_id, a.state) for a in case.approvals()] == [
        (1, "line_manager", person("anna").id, "pending")
    ]
    assert case.due_at is None
    assert case.response_due_at is not None


def test_steps_follow_their_conditions(offer: Any, file: Any) -> None:
    form = [question("amount", "money", currency="RUB")]
    service = offer(approvals=[MANAGER, HEAD], form=form)
    cheap = file(service, amount={"amount": "10.00", "currency": "RUB"})
    dear = file(service, amount={"amount": "5000.00", "currency": "RUB"})
    assert [[a.role for a in case.approvals()] for case in (cheap, dear)] == [
        ["line_manager"],
        ["line_manager", "it_head"],
    ]
    assert [a.state for a in dear.approvals()] == ["pending", "waiting"]


def test_where_nobody_stands_behind_a_role_the_head_of_the_department_decides(
    offer: Any, file: Any, person: By
) -> None:
    case = file(offer(approvals=[{"step": 1, "role": "cfo"}]), by="vera", reason="x")
    assert [a.approver_id for a in case.approvals()] == [person("anna").id]


def test_nobody_approves_what_they_asked_for(offer: Any, file: Any, person: By) -> None:
    case = file(offer(approvals=[{"step": 1, "role": "it_head"}]), by="irina", reason="x")
    assert [(a.approver_id, a.state) for a in case.approvals()] == [(None, "skipped")]
    assert case.state == "new"


def test_an_approver_may_be_named_in_the_form(offer: Any, file: Any, person: By, session: Session) -> None:
    session.add(BusinessOwner(role="new_manager", names=words("New manager"), field="manager", relation="manager"))
    form = [question("manager", "person")]
    case = file(offer(approvals=[{"step": 1, "role": "new_manager"}], form=form), manager=person("irina").id)
    assert [a.approver_id for a in case.approvals()] == [person("irina").id]


def test_for_a_colleague_the_colleagues_manager_and_branch_count(offer: Any, file: Any, person: By) -> None:
    case = file(offer(approvals=[MANAGER]), by="vera", to="pavel", reason="x")
    assert (case.requester_id, case.beneficiary_id) == (person("vera").id, person("pavel").id)
    assert case.branch.key == "VVO"
    assert case.facts["sla"]["zone"] == "Asia/Vladivostok"
    assert [a.approver_id for a in case.approvals()] == [person("irina").id]


def test_pressing_twice_files_once(offer: Any, file: Any, session: Session) -> None:
    service = offer()
    first, second = file(service, key="k1", reason="x"), file(service, key="k1", reason="x")
    assert first is second
    with pytest.raises(Conflict):
        file(service, key="k1", reason="something else")


def test_the_draft_goes_and_its_files_stay_with_the_case(offer: Any, file: Any, session: Session, person: By) -> None:
    service = offer(form=[question("file", "file")])
    draft = save_draft(session, person("maria"), "service:it-004", {}, FRIDAY, "VPN")
    rows = [
        File(
            draft_id=draft.id, field=field, name=f"{field}.txt", media_type="text/plain", size=1, sha256="0" * 64,
            author_id=person("maria").id, at=FRIDAY,
        )
        for field in ("file", "gone")
    ]  # fmt: skip
    session.add_all(rows)
    session.commit()
    case = file(service, file=[rows[0].id], draft=draft)
    kept = session.execute(inside(select(File.name, File.page_id, File.draft_id))).all()
    assert [tuple(row) for row in kept] == [("file.txt", case.id, None)]
    assert session.scalars(select(Draft)).all() == []


def test_a_service_whose_plugin_is_away_is_not_available_and_the_draft_stays(
    offer: Any, file: Any, session: Session, person: By
) -> None:
    draft = save_draft(session, person("maria"), "service:it-004", {}, FRIDAY, "VPN")
    with pytest.raises(PluginAway):
        file(offer(opens="itsm.incident"), reason="x", draft=draft)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Draft)) == 1


def test_a_confidential_service_opens_a_confidential_case_that_says_little(
    offer: Any, file: Any, session: Session, grants: Callable[[str], Grants]
) -> None:
    case = file(offer(confidential=True), reason="They steal")
    assert case.title == "VPN access"
    assert session.scalars(visible(grants("irina"), Case)).all() == []
    assert session.scalars(visible(grants("oleg"), Case)).all() == [case]


def test_the_form_may_say_impact_and_urgency(offer: Any, file: Any) -> None:
    options = [{"id": "org", "label": words("Org")}, {"id": "now", "label": words("Now")}]
    form = [question("impact", "choice", options=options), question("urgency", "choice", options=options)]
    assert file(offer(form=form), impact="org", urgency="now").priority == 1
    assert file(offer(form=form), impact="org").priority == 4


def test_the_sort_of_work_is_kept_as_a_term(offer: Any, file: Any, session: Session) -> None:
    service = offer(type="incident")
    case = file(service, reason="x")
    terms = session.scalars(inside(select(PageTerm.term_id).where(PageTerm.page_id == case.id))).all()
    assert terms == [service.fact("term")]


def test_the_journal_tells_who_filed_what(offer: Any, file: Any, session: Session) -> None:
    case = file(offer(approvals=[MANAGER]), reason="x")
    kinds = session.scalars(inside(select(Event.kind).where(Event.page_id == case.id).order_by(Event.seq))).all()
    assert kinds == ["case.opened", "sla.set", "person.added", "approval.requested"]


def test_filing_takes_no_more_than_25_statements(
    offer: Any, session: Session, person: By, runtime: Runtime, statements: list[str], grants: Callable[[str], Grants]
) -> None:
    service = offer(
        approvals=[MANAGER, {"step": 2, "role": "it_head"}], form=[question("file", "file"), question("why")]
    )
    draft = save_draft(session, person("maria"), "service:it-004", {}, FRIDAY, "VPN")
    session.commit()
    service = find_service(session, grants("maria"), service.slug)
    maria = person("maria")
    session.info.pop("type_versions")
    statements.clear()
    filing = Filing(service, {"why": "x", "file": [1]}, maria, maria, "en", key="k", draft=draft)
    file_request(session, filing, Origin(maria, FRIDAY), runtime.snapshot, "UTC")
    session.commit()
    assert len(statements) <= 25, "\n".join(statements)
    assert session.scalar(inside(select(func.count()).select_from(Approval))) == 2

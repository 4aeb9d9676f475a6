"""The panel of a department: what it says, whom it lets in, and that every figure opens exactly its cases."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event

from acm.journal import Origin
from acm.pages.kinds import ANNOUNCEMENT
from acm.pages.models import Announcement
from acm.pages.writing import Writing, create_page
from acm.people.models import Department, PersonRole, Role
from tests.kpi.conftest import on

NOW = on(21, 15)
LINK = re.compile(r'<a\b[^>]*?href="([^"]+)"[^>]*?data-count="(\d+)"')
TOTAL = re.compile(r'data-total="(\d+)"')


@pytest.fixture(autouse=True)
def _late_in_november():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def november(session, desk, count):
    """Cases of October and November: of two services and two branches, some late, some confidential, some of HR."""
    for month, days in ((10, (5, 6, 7, 12, 13)), (11, (2, 3, 9, 10, 11, 12, 16))):
        for place, day in enumerate(days):
            at = on(day, 9 + place % 4, month=month)
            vpn = desk.file(at, branch="MOW" if place % 2 else "VVO", confidential=place == 3)
            late = month == 11 and place % 3 == 0
            desk.solve(vpn, at + timedelta(days=12 if late else 0, hours=3))
            mail = desk.file(at + timedelta(hours=1), service="Mail", branch="MOW", by="lev", group="it-desk")
            desk.move(mail, "waiting_user", at + timedelta(hours=2))
            desk.solve(mail, at + timedelta(hours=5))
            if place == 1:
                desk.move(mail, "in_progress", at + timedelta(hours=6))
            if place == 2:
                desk.move(mail, "closed", at + timedelta(days=1))
    desk.file(on(17, 11), department="hr", group="hr-ops", service="Reference", by="oleg")
    desk.file(on(18, 11), department="hr", group="hr-ops", service="Reference", by="oleg", confidential=True)
    desk.file(on(19, 23), service=None, by="lev")
    count()


def allow(session, person, login, department="it"):
    """Give somebody the right to see the figures of a department, and nothing else."""
    role = Role(key="figures", names={"en": "Figures", "ru": "Показатели"}, permissions=["kpi.view"])
    session.add(role)
    session.flush()
    where = session.query(Department).filter_by(key=department).one().id
    session.add(PersonRole(person_id=person(login).id, role_id=role.id, department_id=where))
    session.commit()


def said(answer):
    return answer.text.replace("\u00a0", " ")


def links(page):
    return [(html.unescape(href), int(number)) for href, number in LINK.findall(page)]


def test_a_head_is_led_to_the_panel_of_the_department(browse, november):
    assert browse("irina").get("/kpi").headers["location"] == "/kpi/it"
    assert browse("anna").get("/kpi").headers["location"] == "/kpi/hr"


def test_others_are_refused_with_words(browse, november):
    for path in ("/kpi", "/kpi/it", "/kpi/it/opened.csv", "/kpi/cases?panel=it&measure=opened"):
        refused = browse("maria").get(path)
        assert refused.status_code == 403
    assert "igures are for" in browse("maria").get("/kpi").text
    assert browse("irina").get("/kpi/hr").status_code == 403
    assert browse("irina").get("/kpi/nothing").status_code == 404


def test_the_panel_says_first_what_changed_and_why(browse, november):
    page = browse("irina").get("/kpi/it").text

    assert re.search(r"More requests are late: [\d.]+% on time instead of 100%\.", page)
    assert "Main cause: “VPN access”." in page
    assert re.search(r"Open the \d+ late requests?", page)


def test_the_figures_are_right_for_the_head(browse, november):
    page = browse("irina").get("/kpi/it/opened.csv").text

    rows = [line.split(",") for line in page.strip().splitlines()[1:]]
    assert sum(int(row[1]) for row in rows) == 7 + 7 - 1 + 1  # the confidential one is not hers
    assert rows[1][0] == "2026-11-02"
    assert rows[1][1] == "2"


VIEWERS = ("irina", "pavel", "maria", "lev")


@pytest.mark.parametrize("viewer", VIEWERS)
def test_every_figure_bar_point_and_cell_opens_exactly_its_cases(browse, session, person, desk, november, viewer):
    if viewer != "irina":
        allow(session, person, viewer)
    service, branch = f"service={desk.service('Mail').id}", f"branch={person('maria').branch_id}"
    browser = browse(viewer)
    found: list[tuple[str, int]] = []
    for address in ("", service, branch, f"{service}&{branch}", "compare=year&period=quarter"):
        found += links(browser.get(f"/kpi/it?{address}").text)
        found += links(browser.get(f"/kpi/it/arrivals?{address}", headers={"HX-Request": "true"}).text)
    for widget in ("opened", "within_sla_by_day", "why", "stages", "arrivals", "reopened"):
        found += links(browser.get(f"/kpi/it/{widget}").text)

    assert len(dict(found)) > 40
    for href, number in dict(found).items():
        page = browser.get(href)
        assert page.status_code == 200
        assert (href, [int(n) for n in TOTAL.findall(page.text)]) == (href, [number])
        assert page.text.count("data-row") == min(number, 50)


def test_the_heat_map_waits_until_it_is_looked_at_and_is_a_table_without_scripts(browse, november):
    browser = browse("irina")
    waiting = re.search(r'<section class="card w" id="w-arrivals".*?</section>', browser.get("/kpi/it").text, re.DOTALL)
    assert waiting
    address = html.unescape(waiting[0].split('hx-get="')[1].split('"')[0])

    assert "weekday" not in waiting[0]
    assert f'<noscript><a class="link small" href="{html.escape(address)}"' in waiting[0]
    assert "weekday" in browser.get(address, headers={"HX-Request": "true"}).text
    assert "<table>" in browser.get(address).text


def test_confidential_cases_count_only_for_those_who_see_them(browse, session, person, november):
    def opened(login):
        page = browse(login).get("/kpi/it?period=quarter").text
        return next(number for href, number in links(page) if "measure=opened" in href and "weekday" not in href)

    allow(session, person, "maria")
    assert opened("irina") == 25 - 2
    assert opened("maria") == 12  # her own, two of them confidential


def test_a_head_of_another_department_sees_nothing_of_it(browse, november):
    anna = browse("anna")
    assert anna.get("/kpi/it").status_code == 403
    assert sum(number for href, number in links(anna.get("/kpi/hr").text) if "measure=opened" in href) == 1


def test_the_periods_compared_are_the_same_days(browse, november):
    page = said(browse("irina").get("/kpi/it"))
    assert "1–21 November" in page
    assert "1–21 October" in page
    year = said(browse("irina").get("/kpi/it?period=previous&compare=year"))
    assert "1–31 October" in year
    assert "1–31 October 2025" in year


def test_a_period_of_ones_own_is_read_as_people_type_it(browse, november):
    page = browse("irina").get("/kpi/it?period=custom&from=2.11.2026&to=3.11")
    assert page.status_code == 200
    assert "2–3 November" in said(page)
    for bad in (
        "from=yes",
        "from=2026-11-20&to=2026-11-01",
        "period=never",
        "compare=never",
        "service=x",
        "from=1999-01-01",
    ):
        assert browse("irina").get(f"/kpi/it?{bad}").status_code == 422


def test_htmx_gets_the_panel_alone(browse, november):
    part = browse("irina").get("/kpi/it?service=none", headers={"hx-request": "true"}).text
    assert part.lstrip().startswith('<div id="kpi">')
    assert "<html" not in part


def test_an_empty_period_says_so(browse, november):
    page = browse("irina").get("/kpi/it?period=custom&from=2026-01-01&to=2026-01-31").text
    assert "No requests in this period" in page
    assert "Nothing was finished in this period yet." in page


def test_a_list_goes_on_where_it_ended(browse, session, desk, count):
    for minute in range(59):
        desk.file(on(20, 10, minute), title=f"Case {minute}")
    count()
    first = browse("irina").get("/kpi/cases?panel=it&measure=opened&from=2026-11-20&to=2026-11-20").text
    following = html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    second = browse("irina").get(following).text

    assert TOTAL.findall(first) == TOTAL.findall(second) == ["59"]
    assert first.count("data-row") == 50
    assert second.count("data-row") == 9
    assert not set(re.findall(r'id="f-(\d+)"', first)) & set(re.findall(r'id="f-(\d+)"', second))


@pytest.mark.parametrize("bad", ["measure=nothing", "measure=opened&verdict=1", "measure=judged", "measure=opened&hour=24",
                                 "measure=opened&after=x", "measure=opened&after=2026-11-01~1", "measure=closed&hour=1",
                                 "measure=opened&weekday=7", "measure=opened&service=9999999999999"])  # fmt: skip
def test_an_address_that_cannot_be_meant_is_refused(browse, november, bad):
    assert browse("irina").get(f"/kpi/cases?panel=it&{bad}").status_code == 422


def test_csv_is_read_as_numbers_and_runs_nothing(browse, session, desk, count):
    desk.solve(desk.file(on(5), service="=1+1"), on(5, 12))
    desk.solve(desk.file(on(5, month=10), service="\uff1dcmd"), on(5, 12, month=10))
    count()
    answer = browse("irina").get("/kpi/it/why.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="it-why-2026-11-01')
    text = answer.content.decode("utf-8")
    assert text.startswith("\ufeffService,Added,Now,Period before\r\n")
    assert "'=1+1,0,100," in text
    assert "'\uff1dcmd" in text


def test_the_latest_news_of_the_department_stand_on_the_line_on_their_first_day(browse, session, desk, november):
    news = {"Old server": "2026-10-28", "New VPN": "2026-11-10", "A day later": "2026-11-11", "Sunday": "2026-11-15"}
    for title, day in news.items():
        tell(session, desk, title, day)
    tell(session, desk, "For lawyers", "2026-11-05", department="legal")

    page = browse("irina").get("/kpi/it").text

    marks = re.findall(r'class="call[^>]*><b>([^<]*)</b>([^<]*)</span>', page)
    assert marks == [("15\xa0Nov", "Sunday"), ("11\xa0Nov", "A day later")]


def tell(session, desk, title, day, *, department="it"):
    """News of a department from a day on."""
    writing = Writing(
        texts={"en": {"title": title, "body": ""}}, fields={"from_day": day}, language="en", public=True,
        state="published", department=desk.one(Department, key=department),
    )  # fmt: skip
    create_page(session, Announcement, ANNOUNCEMENT, writing, Origin(desk.person("irina"), NOW))


def test_a_panel_asks_at_most_twelve_statements(runtime, browse, november):
    statements = []

    def note(_conn, _cursor, statement, *_rest):
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "PRAGMA", "ROLLBACK")):
            statements.append(statement)

    browser = browse("irina")
    event.listen(runtime.db.read_engine, "before_cursor_execute", note)
    browser.get("/kpi/it")
    event.remove(runtime.db.read_engine, "before_cursor_execute", note)

    assert len(statements) <= 12, "\n".join(s[:100] for s in statements)


def test_the_panel_says_when_changes_wait_to_be_counted(browse, session, desk, november):
    desk.file(on(20))
    session.commit()
    assert "newer changes are being counted" in browse("irina").get("/kpi/it").text


def test_who_may_not_open_figures_reads_who_can_and_asks_for_access(browse):
    maria = browse("maria")

    refused = maria.get("/kpi/it")

    assert refused.status_code == 403
    assert "It can be opened by:" in refused.text
    assert 'href="/people/irina"' in refused.text
    assert 'href="/services/other/new?about=/kpi/it"' in refused.text
    assert "/kpi" not in maria.get("/my").text.partition("<main")[0]

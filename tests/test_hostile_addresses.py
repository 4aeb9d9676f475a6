"""Addresses and answers that nobody means: numbers past every column, moments past the calendar, characters that
cannot be stored. Each is a fault of the request, never of the server."""

from __future__ import annotations

import inspect

import pytest

from acm import clock, composition
from acm.catalog.filing import Filing, file_request
from acm.journal import Origin
from acm.people.signin import issue_token
from tests.catalog.conftest import offer

__all__ = ["offer"]

HUGE = "9" * 30
KNOWN = {"number": "IT-1", "name": "owner", "vocabulary": "category", "term": "it", "slug": "it-004", "key": "it-net"}
ADDRESSES = (
    "/approvals?step={huge}", "/kb?after=a&at={huge}", "/admin/people?after={huge}&family=a",
    "/requests?before=0001-01-01T00:00:00%2B14:00", "/requests?before=9999-12-31T23:59:59-12:00",
    "/cases?opened=0001-01-01", "/cases?opened=..9999-12-30", "/cases?opened=0001-01-01T00:00:00%2B14:00..",
    "/api/v1/cases?opened=0001-01-01", "/cases?cursor={huge}", "/cases?q=a%00b", "/cases?owner=a%00b",
    "/kpi/cases?panel=it&measure=opened&after=0001-01-01T00:00:00%2B14:00~1",
    "/pages/a%00b", "/people/a%00b", "/kb/a%00b", "/kb?after=a%00b&at=1", "/queues/a%00b", "/taxonomy/a%00b",
    "/services/a%00b", "/search?q=a%00b", "/people/suggest?q=a%00b", "/admin/groups/a%00b", "/admin/plugins?plugin=a%00b",
    "/p/a%00b/static/a%00b/x", "/feeds/a%00b/b/c", "/api/v1/pages?kind=a%00b", "/api/v1/taxonomies/a%00b/terms",
    "/api/v1/events?cursor=eyJ0eCI6ImEiLCJpZCI6MX0",  # {"tx":"a","id":1}
    "/api/v1/events?cursor=eyJ0eCI6MWUzMDAsImlkIjoxfQ",  # {"tx":1e300,"id":1}
    "/api/v1/events?cursor=eyJ0eCI6W10sImlkIjoxfQ",  # {"tx":[],"id":1}
    "/api/v1/events?cursor=eyJ0eCI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LCJpZCI6MX0",
)  # fmt: skip


@pytest.fixture
def case(session, offer, person, runtime):
    maria = person("maria")
    filing = Filing(offer(), {"reason": "home"}, maria, maria, "en")
    return file_request(session, filing, Origin(maria, clock.now()), runtime.snapshot, "Europe/Moscow")


def numbered(routes, prefix=""):
    """Method and address of every route whose path takes a whole number, with one past every column."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from numbered(route.original_router.routes, prefix + (route.include_context.prefix or ""))
            continue
        taken = inspect.signature(inspect.unwrap(route.endpoint)).parameters
        numbers = [name for name in route.param_convertors if name in taken and str(taken[name].annotation) == "int"]
        if numbers:
            known = {name: KNOWN.get(name, "x") for name in route.param_convertors}
            path = (prefix + route.path).replace(":path}", "}").format_map({**known, **dict.fromkeys(numbers, HUGE)})
            yield from ((method, path) for method in sorted(route.methods))


NUMBERED = sorted({one for router in composition.routers() for one in numbered(router.routes)})


def test_no_address_breaks_the_server(case, browse):
    people = [browse("oleg"), browse("ada")]
    assert len(NUMBERED) > 20
    asked = [*NUMBERED, *(("GET", address.format(huge=HUGE)) for address in ADDRESSES)]
    broken = []
    for method, address in asked:
        for browser in people:
            answer = browser.request(method, address)
            if answer.status_code >= 500:
                broken.append(f"{answer.status_code} {method} {address}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("text", [r"half \ud800 of a pair", r"a \u0000 of nothing"])
def test_json_holds_only_what_can_be_stored_and_read_again(case, browse, session, person, text):
    token = issue_token(session, person("oleg"), name="", scopes=["read", "write"], days=1, now=clock.now())
    program = browse()
    program.headers.update({"authorization": f"Bearer {token}", "content-type": "application/json", "if-match": "*"})
    sent = [
        ("POST", f"/api/v1/cases/{case.number}/comments", '{"body": "%s"}'),
        ("POST", "/api/v1/cases", '{"type": "request", "title": "%s", "group": "it-net"}'),
        ("POST", "/api/v1/cases", '{"type": "request", "title": "a", "requester": "%s"}'),
        ("PATCH", f"/api/v1/cases/{case.number}", '{"title": "%s"}'),
        ("PATCH", f"/api/v1/cases/{case.number}", '{"fields": {"reason": "%s"}}'),
        ("PATCH", f"/api/v1/cases/{case.number}", '{"fields": {"%s": "x"}}'),
        ("POST", "/api/v1/services/it-004/requests", '{"values": {"reason": "%s"}}'),
        ("POST", "/api/v1/services/it-004/requests", '{"values": {"reason": ' + "[" * 900 + "]" * 900 + "}}"),
    ]

    statuses = [program.request(m, path, content=body.replace("%s", text)).status_code for m, path, body in sent]

    assert not [one for one in zip(statuses, sent, strict=True) if one[0] >= 500]
    shown = [program.get(path) for path in (f"/api/v1/cases/{case.number}/comments", "/api/v1/cases")]
    assert [answer.status_code for answer in shown] == [200, 200]
    assert not any("\\u0000" in answer.text or "\\ud800" in answer.text for answer in shown)

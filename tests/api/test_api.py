"""The JSON API: rights, versions, errors, idempotency."""

from __future__ import annotations

from jsonschema import Draft202012Validator, FormatChecker


def test_a_token_says_who_i_am(program):
    me = program("oleg").get("/api/v1/me").json()

    assert (me["login"], "case.work" in me["permissions"]) == ("oleg", True)


def test_without_a_token_nothing_is_told(browse):
    answer = browse().get("/api/v1/cases")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unauthenticated"


def test_a_reading_token_cannot_write(program, vpn):
    answer = program("oleg", scopes=("read",)).post(f"/api/v1/cases/{vpn.number}/comments", json={"body": "hello"})

    assert answer.status_code == 403


def test_lists_hold_what_the_person_may_see(program, vpn):
    seen = {who: program(who).get("/api/v1/cases").json()["total"] for who in ("maria", "oleg", "irina", "lev")}

    assert seen == {"maria": 1, "oleg": 1, "irina": 1, "lev": 0}


def test_a_foreign_case_is_as_missing_as_any_other(program, vpn):
    lev = program("lev")

    foreign, missing = lev.get(f"/api/v1/cases/{vpn.number}"), lev.get("/api/v1/cases/IT-999999")

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["title"] == missing.json()["title"]


def test_a_change_names_the_version_it_changes(program, vpn):
    oleg = program("oleg")
    address = f"/api/v1/cases/{vpn.number}"
    tag = oleg.get(address).headers["etag"]

    assert oleg.patch(address, json={"owner": "oleg"}).status_code == 428
    assert oleg.patch(address, json={"owner": "oleg"}, headers={"If-Match": tag}).status_code == 200
    stale = oleg.patch(address, json={"owner": "pavel"}, headers={"If-Match": tag})

    assert stale.status_code == 412
    assert (stale.json()["theirs"]["owner_id"], stale.json()["yours"]) == (
        oleg.get("/api/v1/me").json()["id"],
        {"owner": "pavel"},
    )


def test_a_change_is_whole_or_not_at_all(program, vpn):
    oleg = program("oleg")
    address = f"/api/v1/cases/{vpn.number}"

    refused = oleg.patch(address, json={"title": "Changed", "owner": "nobody-here"}, headers={"If-Match": "*"})

    assert refused.status_code == 422
    assert "owner" in refused.json()["errors"]
    assert oleg.get(address).json()["title"] != "Changed"


def test_unknown_members_are_refused(program, vpn):
    answer = program("oleg").patch(f"/api/v1/cases/{vpn.number}", json={"made_sla": True}, headers={"If-Match": "*"})

    assert answer.status_code == 422


def test_the_same_key_files_once(program, offer):
    offer()
    maria = program("maria")

    answers = [
        maria.post(
            "/api/v1/services/it-004/requests", json={"values": {"reason": "home"}}, headers={"Idempotency-Key": "k1"}
        )
        for _try in range(3)
    ]

    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["number"] for a in answers}) == 1


def test_answers_are_read_by_the_rules_of_the_form(program, offer):
    offer()

    answer = program("maria").post("/api/v1/services/it-004/requests", json={"values": {}})

    assert answer.status_code == 422
    assert "reason" in answer.json()["errors"]


def test_a_list_goes_on_where_its_cursor_says(program, vpn, offer, session, runtime):
    maria = program("maria")
    for n in range(4):
        maria.post("/api/v1/services/it-004/requests", json={"values": {"reason": f"reason {n}"}})

    first = maria.get("/api/v1/cases?limit=3").json()
    second = maria.get(f"/api/v1/cases?limit=3&cursor={first['next']}").json()

    numbers = [c["number"] for c in (*first["items"], *second["items"])]
    assert (len(numbers), len(set(numbers)), second["next"]) == (5, 5, None)


def test_the_whole_journal_is_for_those_who_hold_the_right(program, vpn):
    assert program("maria").get("/api/v1/events").status_code == 403
    assert program("ada").get("/api/v1/events").status_code == 200


def test_files_come_and_are_listed(program, vpn):
    maria = program("maria")

    made = maria.post(f"/api/v1/cases/{vpn.number}/files", files={"file": ("log.txt", b"code 809", "text/plain")})

    assert made.status_code == 201
    assert [f["name"] for f in maria.get(f"/api/v1/cases/{vpn.number}/files").json()] == ["log.txt"]


def test_a_link_leads_to_visible_pages_only(program, vpn):
    answer = program("oleg").post(f"/api/v1/cases/{vpn.number}/links", json={"kind": "relates", "number": "LG-1"})

    assert answer.status_code == 422


def test_the_description_covers_every_address_with_an_example_of_errors(browse):
    described = browse().get("/openapi.json").json()

    assert "/api/v1/cases/{number}" in described["paths"]
    assert all("401" in op["responses"] for path in described["paths"].values() for op in path.values())


def test_every_operation_shows_an_example_that_its_schema_takes(browse):
    described = browse().get("/openapi.json").json()
    operations = [
        (f"{verb.upper()} {path}", operation)
        for path, verbs in described["paths"].items()
        if path.startswith("/api/v1/")
        for verb, operation in verbs.items()
    ]
    lacking, wrong = [], []
    for name, operation in operations:
        bodies = [operation.get("requestBody", {})]
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for content in (c for holder in bodies + answers for c in holder.get("content", {}).values()):
            if "example" not in content:
                lacking.append(name)
                continue
            schema = {**content["schema"], "components": described["components"]}
            faults = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(content["example"])
            wrong += [f"{name}: {fault.json_path} {fault.message}" for fault in faults]

    assert len(operations) > 40
    assert not lacking
    assert not wrong

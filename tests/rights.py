"""The expectation table of the rights matrix: for every route, who may do what to which object.

The world of the matrix: ``IT-1`` is Maria's request that Networks (Oleg) work and Irina, head of IT, sees; ``IT-2`` is
confidential, worked by Lev's group alone though it belongs to IT; ``KB-1`` is an article of IT that everybody reads,
``KB-2`` a draft of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PEOPLE = ("maria", "lev", "oleg", "irina", "ada")
EVERYBODY = frozenset(PEOPLE)
SEES = {
    "IT-1": frozenset({"maria", "oleg", "irina"}),
    "IT-2": frozenset({"lev"}),
    "KB-1": EVERYBODY,
    "KB-2": frozenset({"oleg", "irina"}),
}
WORKS = {
    "IT-1": frozenset({"oleg", "irina"}),
    "IT-2": frozenset({"lev"}),
    "KB-1": frozenset({"oleg", "irina", "ada"}),
    "KB-2": frozenset({"oleg", "irina"}),
}
REQUESTED = {"IT-1": frozenset({"maria"}), "IT-2": frozenset[str]()}
WROTE = {"IT-1": frozenset({"oleg"}), "IT-2": frozenset({"lev"})}
CASES, ARTICLES, PAGES = ("IT-1", "IT-2"), ("KB-1", "KB-2"), ("IT-1", "IT-2", "KB-1", "KB-2")

FINE = frozenset({200, 201, 202, 204, 301, 302, 303, 307, 400, 409, 410, 412, 413, 415, 422, 428})
HIDDEN = frozenset({404})
REFUSED = frozenset({403})


@dataclass(frozen=True)
class Rule:
    """Who gets which statuses. ``objects`` are tried one by one; a rule without objects is tried once."""

    objects: tuple[str, ...] = ("",)
    sees: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"": EVERYBODY})
    may: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"": EVERYBODY})
    refused: frozenset[int] = REFUSED
    anonymous: bool = False
    streams: bool = False
    fine: frozenset[int] = FINE

    def allows(self, login: str, thing: str) -> frozenset[int]:
        """The statuses this person may get for this object."""
        if login not in self.sees[thing]:
            return HIDDEN
        return self.fine if login in self.may[thing] else self.refused


def sees(*objects: str) -> Rule:
    """Whoever sees the object may; for the others it does not exist."""
    return Rule(objects, SEES, SEES)


def works(*objects: str, refused: frozenset[int] = REFUSED) -> Rule:
    """Whoever works the object may; who only sees it is refused."""
    return Rule(objects, SEES, WORKS, refused)


def area(*logins: str) -> Rule:
    """An area whose existence is no secret: the others are refused."""
    return Rule(may={"": frozenset(logins)})


def only(*logins: str) -> Rule:
    """Something of these people alone; for the others it does not exist."""
    return Rule(sees={"": frozenset(logins)}, may={"": frozenset(logins)})


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PUBLIC = Rule(anonymous=True)
SIGNED_IN = Rule()
NOBODYS = only()  # an unknown name: there is nothing for anybody
SEEN = sees(*CASES)
WORKED = works(*CASES)
CASE_PAGE = works(*CASES, refused=frozenset({303, 403}))  # who may not work it is sent to the request
PEOPLE_AREA, WORDS_AREA, PLUGIN_AREA, WEBHOOK_AREA = area("ada"), area("ada"), area("ada"), area("ada")
WRITERS = area("lev", "oleg", "irina", "ada")

ROUTES: dict[str, Rule] = {
    # the process
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /ui": PUBLIC,
    "GET /ui/keys": PUBLIC,
    # signing in
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "POST /logout": SIGNED_IN,
    "POST /me/preferences": PUBLIC,
    "GET /setup": NOBODYS,
    "POST /setup": NOBODYS,
    # one's own profile
    "GET /me": SIGNED_IN,
    "POST /me": SIGNED_IN,
    "POST /me/password": SIGNED_IN,
    "POST /me/sessions/{session_id}/end": only("maria"),
    "POST /me/tokens": SIGNED_IN,
    "POST /me/feeds": SIGNED_IN,
    "GET /feeds/{plugin}/{name}/{token}": NOBODYS,
    "POST /me/tokens/{token_id}/revocation": only("maria"),
    "GET /me/notifications": SIGNED_IN,
    "POST /me/notifications": SIGNED_IN,
    "POST /me/notifications/mail": SIGNED_IN,
    "GET /people/suggest": SIGNED_IN,
    "GET /people/{login}": SIGNED_IN,
    "GET /favourites": SIGNED_IN,
    # managing
    "GET /admin/people": PEOPLE_AREA,
    "GET /admin/people/new": PEOPLE_AREA,
    "POST /admin/people": PEOPLE_AREA,
    "GET /admin/people/{person_id}": PEOPLE_AREA,
    "POST /admin/people/{person_id}": PEOPLE_AREA,
    "POST /admin/people/{person_id}/roles": PEOPLE_AREA,
    "POST /admin/people/{person_id}/deactivation": PEOPLE_AREA,
    "POST /admin/people/{person_id}/activation": PEOPLE_AREA,
    "POST /admin/people/{person_id}/password": PEOPLE_AREA,
    "GET /admin/groups": PEOPLE_AREA,
    "POST /admin/groups": PEOPLE_AREA,
    "GET /admin/groups/{key}": PEOPLE_AREA,
    "POST /admin/groups/{key}": PEOPLE_AREA,
    "POST /admin/groups/{key}/members": PEOPLE_AREA,
    "GET /admin/departments": PEOPLE_AREA,
    "POST /admin/departments": PEOPLE_AREA,
    "GET /admin/departments/{key}": PEOPLE_AREA,
    "POST /admin/departments/{key}": PEOPLE_AREA,
    "GET /admin/branches": PEOPLE_AREA,
    "POST /admin/branches": PEOPLE_AREA,
    "GET /admin/branches/{key}": PEOPLE_AREA,
    "POST /admin/branches/{key}": PEOPLE_AREA,
    "GET /admin/approvers": PEOPLE_AREA,
    "POST /admin/approvers": PEOPLE_AREA,
    "GET /admin/approvers/{role}": PEOPLE_AREA,
    "POST /admin/approvers/{role}": PEOPLE_AREA,
    "GET /admin/plugins": PLUGIN_AREA,
    "POST /admin/plugins/{slug}/state": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "POST /admin/plugins/{slug}/settings": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "GET /admin/plugins/{slug}/costs": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "GET /admin/plugins/{slug}/edit": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "POST /admin/plugins/{slug}/edit": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "POST /admin/plugins/{slug}/edit/files": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "GET /api/v1/plugins/{slug}/costs": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "GET /admin/webhooks": WEBHOOK_AREA,
    "GET /admin/webhooks/new": WEBHOOK_AREA,
    "POST /admin/webhooks": WEBHOOK_AREA,
    "GET /admin/webhooks/{webhook_id}": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/secret": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/state": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/owner": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/ping": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/deliveries/{delivery_id}/resend": WEBHOOK_AREA,
    "GET /admin/webhooks/{webhook_id}/removal": WEBHOOK_AREA,
    "POST /admin/webhooks/{webhook_id}/removal": WEBHOOK_AREA,
    "GET /api/v1/webhooks": WEBHOOK_AREA,
    "POST /api/v1/webhooks": WEBHOOK_AREA,
    "GET /api/v1/webhooks/{webhook_id}": WEBHOOK_AREA,
    "PATCH /api/v1/webhooks/{webhook_id}": WEBHOOK_AREA,
    "DELETE /api/v1/webhooks/{webhook_id}": WEBHOOK_AREA,
    "POST /api/v1/webhooks/{webhook_id}/secret": WEBHOOK_AREA,
    "POST /api/v1/webhooks/{webhook_id}/owner": WEBHOOK_AREA,
    "POST /api/v1/webhooks/{webhook_id}/ping": WEBHOOK_AREA,
    "GET /api/v1/webhooks/{webhook_id}/deliveries": WEBHOOK_AREA,
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend": WEBHOOK_AREA,
    "POST /admin/plugins/{slug}/parked/{number}": Rule(may={"": frozenset({"ada"})}, fine=FINE | HIDDEN),
    "GET /api/v1/plugins/{slug}/parked": PLUGIN_AREA,
    "POST /api/v1/plugins/{slug}/parked/{number}": Rule(may={"": frozenset({"ada"})}, fine=FINE | HIDDEN),
    "POST /admin/plugins/{slug}/removal": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "DELETE /api/v1/plugins/{slug}": PLUGIN_AREA,
    "GET /api/v1/plugins/{slug}/failures": Rule(may={"": frozenset({"ada"})}, fine=HIDDEN),
    "GET /api/v1/plugins": PLUGIN_AREA,
    "POST /api/v1/plugins/{slug}/state": PLUGIN_AREA,
    "GET /p/{slug}/static/{version}/{rest:path}": Rule(anonymous=True, fine=HIDDEN),
    **{f"{method} {way}{{slug}}/{{rest:path}}": NOBODYS for method in METHODS for way in ("/p/", "/api/p/")},
    # pages of every kind
    "GET /pages/{number}": sees(*PAGES),
    "POST /pages/{number}/comments": sees(*PAGES),
    "POST /pages/{number}/comments/{comment_id}": Rule(CASES, SEES, WROTE),
    "POST /pages/{number}/favourite": sees(*PAGES),
    "POST /pages/{number}/watch": sees(*PAGES),
    "GET /pages/{number}/mute": sees(*PAGES),
    "POST /pages/{number}/mute": sees(*PAGES),
    "POST /pages/{number}/links": works(*PAGES),
    "POST /pages/{number}/links/{link_id}/removal": WORKED,
    "POST /pages/{number}/terms": works(*PAGES),
    "POST /pages/{number}/terms/{term_id}/removal": works(*ARTICLES),
    "POST /pages/{number}/files": Rule(PAGES, SEES, {**SEES, "KB-1": WORKS["KB-1"]}),
    "GET /files/{file_id}": SEEN,
    "GET /files/{file_id}/preview": SEEN,
    "POST /files/{file_id}/removal": Rule(CASES, SEES, {**WORKS, "IT-1": SEES["IT-1"]}),
    # knowledge
    "GET /kb": SIGNED_IN,
    "GET /kb/new": WRITERS,
    "POST /kb": WRITERS,
    "GET /kb/{name}": sees(*ARTICLES),
    "GET /kb/{name}/edit": works(*ARTICLES),
    "POST /kb/{name}": works(*ARTICLES),
    "GET /kb/{name}/history": sees(*ARTICLES),
    "GET /kb/{name}/history/{version}": sees(*ARTICLES),
    "POST /kb/{name}/history/{version}/restoration": works(*ARTICLES),
    "GET /announcements": SIGNED_IN,
    "GET /announcements/new": WRITERS,
    "POST /announcements": WRITERS,
    "GET /announcements/{number}": SIGNED_IN,
    "GET /announcements/{number}/edit": area("oleg", "irina", "ada"),
    "POST /announcements/{number}": area("oleg", "irina", "ada"),
    # vocabularies
    "GET /taxonomy": SIGNED_IN,
    "GET /taxonomy/{vocabulary}": SIGNED_IN,
    "GET /taxonomy/{vocabulary}/{term:path}": SIGNED_IN,
    "GET /admin/taxonomy": WORDS_AREA,
    "GET /admin/taxonomy/{vocabulary}": WORDS_AREA,
    "GET /admin/taxonomy/{vocabulary}/terms/{term_id}": WORDS_AREA,
    "POST /admin/taxonomy/{vocabulary}/terms": WORDS_AREA,
    "POST /admin/taxonomy/{vocabulary}/terms/{term_id}": WORDS_AREA,
    "POST /admin/taxonomy/{vocabulary}/terms/{term_id}/merge": WORDS_AREA,
    # the employee
    "GET /": SIGNED_IN,
    "GET /services": SIGNED_IN,
    "GET /services/{slug}": SIGNED_IN,
    "GET /services/{slug}/new": SIGNED_IN,
    "POST /services/{slug}/new": SIGNED_IN,
    "POST /services/{slug}/draft": SIGNED_IN,
    "POST /services/{slug}/files": SIGNED_IN,
    "GET /services/{slug}/new/check": SIGNED_IN,
    "POST /services/{slug}/requests": SIGNED_IN,
    "GET /services/{slug}/sent/{number}": Rule(CASES, REQUESTED, REQUESTED),
    "GET /requests": SIGNED_IN,
    "GET /requests/{number}": SEEN,
    "POST /requests/{number}/comments": SEEN,
    "POST /requests/{number}/cancellation": SEEN,
    "POST /requests/{number}/reopening": SEEN,
    "POST /requests/{number}/closure": SEEN,
    "GET /approvals": SIGNED_IN,
    "POST /approvals/{step}": NOBODYS,
    "GET /search": SIGNED_IN,
    "GET /search/suggest": SIGNED_IN,
    # the agent
    "GET /my": SIGNED_IN,
    "GET /queues": SIGNED_IN,
    "POST /queues": SIGNED_IN,
    "GET /queues/{slug}": NOBODYS,
    "GET /queues/{slug}/view": NOBODYS,
    "GET /views/new": SIGNED_IN,
    "POST /queues/{slug}/removal": NOBODYS,
    "POST /queues/{slug}/next": NOBODYS,
    "GET /cases": SIGNED_IN,
    "POST /cases/changes/form": SIGNED_IN,
    "POST /cases/changes": area("lev", "oleg", "irina"),
    "GET /cases/{number}": CASE_PAGE,
    "GET /cases/{number}/files": CASE_PAGE,
    "GET /cases/{number}/links": CASE_PAGE,
    "GET /cases/{number}/history": CASE_PAGE,
    "GET /cases/{number}/peek": SEEN,
    "GET /cases/{number}/state": CASE_PAGE,
    "GET /cases/{number}/assignment": CASE_PAGE,
    "GET /cases/{number}/text": CASE_PAGE,
    "GET /cases/{number}/answers": CASE_PAGE,
    "GET /cases/{number}/properties/{name}": CASE_PAGE,
    "GET /cases/{number}/live": Rule(CASES, SEES, WORKS, frozenset({403, 404}), streams=True),
    "POST /cases/{number}/comments": WORKED,
    "POST /cases/{number}/draft": WORKED,
    "GET /cases/{number}/comments/{comment_id}": Rule(CASES, SEES, WROTE, frozenset({403, 404})),
    "POST /cases/{number}/comments/{comment_id}": Rule(CASES, SEES, WROTE, frozenset({403, 404})),
    "POST /cases/{number}/state": WORKED,
    "POST /cases/{number}/assignment": WORKED,
    "POST /cases/{number}/text": WORKED,
    "POST /cases/{number}/answers": WORKED,
    "POST /cases/{number}/files": WORKED,
    "POST /cases/{number}/links": WORKED,
    "POST /cases/{number}/links/removal": Rule(CASES, SEES, WORKS, fine=FINE | HIDDEN),
    "POST /cases/{number}/watchers": WORKED,
    "POST /cases/{number}/properties": WORKED,
    "POST /cases/{number}/favourite": WORKED,
    # the head
    "GET /kpi": area("irina"),
    "GET /kpi/cases": SIGNED_IN,
    "GET /kpi/pages": SIGNED_IN,
    "GET /kpi/{panel}": NOBODYS,
    "GET /kpi/{panel}/{widget}": NOBODYS,
    "GET /kpi/{panel}/{widget}.csv": NOBODYS,
    # programs
    "GET /api/v1/me": SIGNED_IN,
    "GET /api/v1/people": SIGNED_IN,
    "GET /api/v1/types": SIGNED_IN,
    "GET /api/v1/pages": SIGNED_IN,
    "GET /api/v1/pages/{number}": sees(*PAGES),
    "GET /api/v1/pages/{number}/comments": sees(*PAGES),
    "POST /api/v1/pages/{number}/comments": sees(*PAGES),
    "GET /api/v1/pages/{number}/files": sees(*PAGES),
    "POST /api/v1/pages/{number}/files": Rule(PAGES, SEES, {**SEES, "KB-1": WORKS["KB-1"]}),
    "GET /api/v1/pages/{number}/events": sees(*PAGES),
    "GET /api/v1/events": area("ada"),
    "GET /api/v1/search": SIGNED_IN,
    "GET /api/v1/kpi/measures": SIGNED_IN,
    "GET /api/v1/kpi/panels/{panel}": NOBODYS,
    "GET /api/v1/kpi/query": SIGNED_IN,
    "GET /api/v1/services": SIGNED_IN,
    "GET /api/v1/services/{slug}": SIGNED_IN,
    "POST /api/v1/services/{slug}/requests": SIGNED_IN,
    "GET /api/v1/taxonomies": SIGNED_IN,
    "GET /api/v1/taxonomies/{key}/terms": SIGNED_IN,
    "GET /api/v1/cases": SIGNED_IN,
    "POST /api/v1/cases": SIGNED_IN,
    "GET /api/v1/cases/{number}": SEEN,
    "PATCH /api/v1/cases/{number}": WORKED,
    "GET /api/v1/cases/{number}/plan": SEEN,
    "GET /api/v1/cases/{number}/comments": SEEN,
    "POST /api/v1/cases/{number}/comments": SEEN,
    "GET /api/v1/cases/{number}/files": SEEN,
    "POST /api/v1/cases/{number}/files": SEEN,
    "GET /api/v1/cases/{number}/events": SEEN,
    "GET /api/v1/cases/{number}/links": SEEN,
    "POST /api/v1/cases/{number}/links": WORKED,
    "DELETE /api/v1/cases/{number}/links/{link_id}": WORKED,
}

"""Feeds of plugins: documents that a person's calendar fetches without signing in, by a signed address of their own."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from acm.errors import NotFound
from acm.people.models import Person
from acm.people.rights import grants_of
from acm.people.signin import Me, Viewer
from acm.sdk.context import Context
from acm.sdk.services import read_feed
from acm.web.routing import router as new_router
from acm.web.runtime import App, Db, World
from acm.web.templating import Ui

router = new_router()


@router.get("/feeds/{plugin}/{name}/{token}", include_in_schema=False)
def show_feed(
    request: Request, runtime: App, db: Db, world: World, ui: Ui, plugin: str, name: str, token: str
) -> Response:
    """What a plugin tells the owner of the token, with their rights now; 404 for everybody else."""
    given, whose = world.find("feed", f"{plugin}:{name}"), read_feed(runtime.settings, token, plugin, name)
    person = db.get(Person, whose[0]) if whose else None
    if given is None or whose is None or person is None or not person.active:
        raise NotFound()
    if person.settings.get("feeds", 0) != whose[1]:
        raise NotFound()
    viewer = Viewer(person, grants_of(db, person), person.zone(runtime.settings.timezone))
    request.state.viewer = viewer
    render, media_type = given
    content = render(Context(plugin, db, world, viewer, ui))
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, max-age=300"})


@router.post("/me/feeds")
def take_back(ui: Ui, me: Me, db: Db) -> Response:
    """Let no address of a feed that was given out so far open anything any more."""
    me.person.settings = {**me.person.settings, "feeds": me.person.settings.get("feeds", 0) + 1}
    return ui.redirect("/me")

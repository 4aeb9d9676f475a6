"""The words of what happens to any page: written, commented, linked, tagged, joined. In English the past, in Russian
the present tense, which has no gender."""

from __future__ import annotations

from acm.i18n import _
from acm.journal import Event
from acm.pages.history import Names, Told, Words
from acm.pages.links import LINK_KINDS


def created(event: Event, names: Names) -> Told:
    return Told(_("%(who)s wrote this page"), "edit")


def edited(event: Event, names: Names) -> Told:
    if "restored" in event.data:
        return Told(_("%(who)s restored version %(version)s", version=event.data["restored"]), "undo")
    if event.data.get("changed") == ["fields"]:
        return Told(_("%(who)s changed the properties"), "edit")
    return Told(_("%(who)s changed the text"), "edit")


def commented(event: Event, names: Names) -> Told:
    if event.is_internal:
        return Told(_("%(who)s wrote to own people"), "lock")
    return Told(_("%(who)s wrote a message"), "chat")


def comment_edited(event: Event, names: Names) -> Told:
    return Told(_("%(who)s corrected a message"), "edit")


def file_added(event: Event, names: Names) -> Told:
    return Told(_("%(who)s attached the file %(name)s", name=_file(event)), "clip")


def file_removed(event: Event, names: Names) -> Told:
    return Told(_("%(who)s removed the file %(name)s", name=_file(event)), "clip")


def _file(event: Event) -> str:
    return str(event.data.get("name", "…"))


def linked(event: Event, names: Names) -> Told | None:
    page = names.page(event.data.get("page"))
    if page is None:
        return None
    return Told(_("%(who)s linked: %(how)s %(page)s", how=_how(event), page=page), "link")


def unlinked(event: Event, names: Names) -> Told | None:
    page = names.page(event.data.get("page"))
    if page is None:
        return None
    return Told(_("%(who)s removed the link: %(how)s %(page)s", how=_how(event), page=page), "link")


def _how(event: Event) -> object:
    words = LINK_KINDS.get(str(event.data.get("link")), LINK_KINDS["relates"])
    return words[0 if event.data.get("side") == "source" else 1]


def parent_changed(event: Event, names: Names) -> Told | None:
    if event.data.get("to") is None:
        return Told(_("%(who)s took this out of the page above"), "up")
    page = names.page(event.data["to"])
    return None if page is None else Told(_("%(who)s put this below %(page)s", page=page), "up")


def child_added(event: Event, names: Names) -> Told | None:
    page = names.page(event.data.get("page"))
    return None if page is None else Told(_("%(who)s put %(page)s below this", page=page), "down")


def child_removed(event: Event, names: Names) -> Told | None:
    page = names.page(event.data.get("page"))
    return None if page is None else Told(_("%(who)s took %(page)s out from below this", page=page), "down")


def joined(event: Event, names: Names) -> Told | None:
    person, role = names.person(event.data.get("person")), event.data.get("role")
    if event.data.get("person") == event.actor_id:
        return Told(_("%(who)s watches this page"), "eye") if role == "watcher" else Told(_("%(who)s joined"), "users")
    texts = {
        "participant": _("%(who)s added %(person)s", person=person),
        "approver": _("%(who)s asked %(person)s to decide", person=person),
        "mentioned": _("%(who)s mentioned %(person)s", person=person),
        "watcher": _("%(who)s lets %(person)s watch", person=person),
    }
    return Told(texts[role], "users") if role in texts else None


def left(event: Event, names: Names) -> Told | None:
    person, role = names.person(event.data.get("person")), event.data.get("role")
    if event.data.get("person") == event.actor_id:
        text = _("%(who)s watches this page no more") if role == "watcher" else _("%(who)s left")
        return Told(text, "eye-off" if role == "watcher" else "users")
    return Told(_("%(who)s removed %(person)s", person=person), "users")


def term_added(event: Event, names: Names) -> Told:
    return Told(_("%(who)s added the tag %(term)s", term=names.term(event.data.get("term"))), "tag")


def term_removed(event: Event, names: Names) -> Told:
    return Told(_("%(who)s removed the tag %(term)s", term=names.term(event.data.get("term"))), "tag")


def term_merged(event: Event, names: Names) -> Told:
    before, after = names.term(event.data.get("from")), names.term(event.data.get("to"))
    return Told(_("%(who)s merged the tag %(before)s into %(after)s", before=before, after=after), "tag")


def opened(event: Event, names: Names) -> Told:
    return Told(_("%(who)s changed who may read this"), "eye")


WORDS: dict[str, Words] = {
    "page.created": created,
    "page.edited": edited,
    "page.opened": opened,
    "comment.added": commented,
    "comment.edited": comment_edited,
    "file.added": file_added,
    "file.removed": file_removed,
    "link.added": linked,
    "link.removed": unlinked,
    "parent.changed": parent_changed,
    "child.added": child_added,
    "child.removed": child_removed,
    "person.added": joined,
    "person.removed": left,
    "term.added": term_added,
    "term.removed": term_removed,
    "term.merged": term_merged,
}

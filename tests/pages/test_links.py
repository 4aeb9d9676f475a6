"""Links have two sides, and neither side tells of a page that its reader may not see."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acm.errors import Conflict, Invalid
from acm.journal import Event, Origin
from acm.pages.links import children_of, link_pages, links_of, parent_of, set_parent, unlink_pages
from tests.cast import MONDAY


@pytest.fixture
def origin(person):
    return Origin(person("oleg"), MONDAY + timedelta(hours=1))


def kinds(session, page):
    return [e.kind for e in session.scalars(select(Event).where(Event.page_id == page.id).order_by(Event.id))][1:]


def test_a_link_is_seen_from_both_sides_in_its_own_words(session, write, grants, origin):
    cause, effect = write("Cable cut"), write("No network")

    link_pages(session, cause, effect, "causes", origin)

    assert [(str(x.words), x.page.id) for x in links_of(session, cause, grants("oleg"))] == [("causes", effect.id)]
    assert [str(x.words) for x in links_of(session, effect, grants("oleg"))] == ["is caused by"]
    assert kinds(session, cause) == kinds(session, effect) == ["link.added"]


def test_the_same_link_again_changes_nothing_also_from_the_other_side_of_an_equal_one(session, write, grants, origin):
    one, other = write("One"), write("Other")

    link_pages(session, one, other, "relates", origin)
    link_pages(session, other, one, "relates", origin)

    assert len(links_of(session, one, grants("oleg"))) == 1


def test_a_link_to_a_page_one_may_not_see_is_not_there(session, write, note, grants, origin):
    article, secret = write("VPN"), note("Dismissal", owner="vera", confidential=True)

    link_pages(session, article, secret, "relates", origin)

    assert links_of(session, article, grants("oleg")) == []
    assert [x.page.id for x in links_of(session, article, grants("vera"))] == [secret.id]


def test_the_events_of_the_api_do_not_name_a_page_that_the_reader_may_not_see(session, write, note, browse, origin):
    article, open_one, secret = write("VPN"), write("Proxy"), note("Dismissal", owner="vera", confidential=True)
    link_pages(session, article, secret, "relates", origin)
    link_pages(session, article, open_one, "relates", origin)
    set_parent(session, article, secret, origin)
    session.commit()

    def told(login):
        return [e["kind"] for e in browse(login).get(f"/api/v1/pages/{article.number}/events").json()["items"]]

    assert told("oleg") == ["page.created", "link.added"]
    assert told("vera") == ["page.created", "link.added", "link.added", "parent.changed"]


def test_a_link_that_is_removed_is_gone_from_both_sides_and_both_remember(session, write, grants, origin):
    one, other = write("One"), write("Other")
    link = link_pages(session, one, other, "blocks", origin)

    unlink_pages(session, link, one, other, origin)

    assert links_of(session, other, grants("oleg")) == []
    assert kinds(session, one) == kinds(session, other) == ["link.added", "link.removed"]


def test_a_page_is_not_linked_to_itself_nor_in_unknown_ways(session, write, origin):
    one, other = write("One"), write("Other")

    with pytest.raises(Invalid):
        link_pages(session, one, one, "relates", origin)
    with pytest.raises(Invalid):
        link_pages(session, one, other, "loves", origin)


def test_a_page_hangs_below_another_and_both_know(session, write, grants, origin):
    above, below = write("Above"), write("Below")

    set_parent(session, below, above, origin)

    assert [p.id for p in children_of(session, above, grants("oleg"))] == [below.id]
    assert parent_of(session, below, grants("maria")).id == above.id
    assert kinds(session, above) == ["child.added"]


def test_pages_never_hang_in_a_circle(session, write, origin):
    one, two, three = write("1"), write("2"), write("3")
    set_parent(session, two, one, origin)
    set_parent(session, three, two, origin)

    with pytest.raises(Conflict):
        set_parent(session, one, three, origin)


def test_a_page_that_moves_leaves_its_former_place(session, write, grants, origin):
    one, two, child = write("1"), write("2"), write("child")
    set_parent(session, child, one, origin)

    set_parent(session, child, two, origin)

    assert children_of(session, one, grants("oleg")) == []
    assert kinds(session, one) == ["child.added", "child.removed"]

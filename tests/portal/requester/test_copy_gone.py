"""A copy whose files were destroyed because something in it was erased: a neutral page, and a new copy is offered."""

from __future__ import annotations

import sqlalchemy as sa

from portal.documents import erased
from tests.portal.requester.challenging import open_copy, sent_challenge

GONE = "cannot be read here any more"


def test_a_copy_that_was_destroyed_is_open_to_nobody_and_a_new_one_is_offered(app):
    copy = open_copy(app)
    entry = copy.entries[0]
    copy.walk.act(lambda session: erased.destroy_copies(session, copy.walk.record.child_id, entry.id))
    for under in ("", "/part/1", "/whole", "/file"):
        page = copy.client.get(copy.there + under, 409)
        assert GONE in page.text
        for words in ("eras", "delet", "wrong", "challenge"):
            assert words not in page.text.lower()
    for path in (copy.page, f"{copy.page}/copies"):
        page = copy.client.get(path)
        assert "A copy that we gave you cannot be read here any more. You can have a new one." in page.text
        assert f"{copy.page}/messages" in {link.get("href") for link in page.all("a")}
    assert "Read or keep your copy" not in copy.client.get(copy.page).text
    copy.client.get(f"{copy.there}/wrong", 409)


def test_an_answer_that_was_destroyed_is_not_read_either(app):
    challenge = sent_challenge(app, "collected")
    page = challenge.client.get(f"{challenge.page}/decision")
    there = next(one.get("action") for one in page.all("form") if one.get("action", "").endswith("/open"))
    line = challenge.lines[0]
    challenge.walk.act(lambda session: erased.destroy_copies(session, line.child_id, line.entry_id))
    for under in ("", "/file"):
        assert GONE in challenge.client.get(there.removesuffix("/open") + under, 409).text
    assert GONE in challenge.client.get(challenge.page).text
    with challenge.walk.runtime.database.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM pack WHERE pdf_file IS NOT NULL")) == 0

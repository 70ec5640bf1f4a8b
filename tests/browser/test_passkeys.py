"""With a passkey in a real browser: a father reads his copy, an approver approves and releases it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import col

from portal import jobs
from portal.cases.models import Case
from portal.runtime import Runtime
from tests.browser.conftest import Windows
from tests.browser.family_door import (
    Parent,
    is_made_for_everyone,
    parent_asks_for_the_record,
    parent_reads_and_downloads,
    parent_signs_in,
)
from tests.browser.staff_door import (
    Worker,
    approver_approves,
    approver_releases,
    staff_comes_back_with_the_passkey,
    staff_sign_in,
)
from tests.builders import REQUESTER, Walk, case_in, rich_child

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


def test_a_father_and_an_approver_with_passkeys(windows: Windows) -> None:
    # Given a father who asked and made a passkey on the way, and a copy that waits for an approver
    runtime = windows.runtime
    with runtime.vault.unlocked():
        walk = case_in(runtime, "approval", record=rich_child(runtime, notes=3))
    father = Parent(windows.walker("phone", scripts=True, judged=True), REQUESTER, by_passkey=True)
    approver = Worker(windows.walker("desktop", scripts=True, judged=True), walk.approver)
    parent_asks_for_the_record(father, walk.record.name, walk.record.born)
    becomes_the_requester(runtime, walk, father)

    # When the approver makes a passkey, comes back with it, approves and releases
    staff_sign_in(approver)
    staff_comes_back_with_the_passkey(approver)
    approver_approves(approver, walk.case.reference)
    approver_releases(approver, walk.case.reference, REQUESTER)
    jobs.run_all(runtime.database, runtime)

    # Then the father reads the copy with his passkey, and has typed no code at all
    parent_signs_in(father, runtime)
    read, pdf = parent_reads_and_downloads(father)
    assert walk.record.name in read
    assert is_made_for_everyone(pdf)
    assert father.codes == 0


def becomes_the_requester(runtime: Runtime, walk: Walk, father: Parent) -> None:
    """The copy that waits is of the father who asked: the work in between is another test's."""
    own = sa.select(col(Case.requester_id)).where(col(Case.reference) == father.reference).scalar_subquery()
    with runtime.database.write() as session:
        session.execute(sa.update(Case).where(col(Case.id) == walk.case_id).values(requester_id=own))
    father.reference = walk.case.reference

"""With a passkey in a real browser: a father reads his copy, an approver approves and releases it."""

from __future__ import annotations

import pytest
from sqlmodel import select

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
from tests.builders import REQUESTER, Record, Staff, Walk, make_staff, rich_child, take_to

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


def test_a_father_and_an_approver_with_passkeys(windows: Windows) -> None:
    # Given a father who asked and made a passkey on the way, and a copy for him that waits for an approver
    runtime = windows.runtime
    child, people = rich_child(runtime, notes=3), (make_staff(runtime), make_staff(runtime, role="approver"))
    father = Parent(windows.walker("phone", scripts=True, judged=True), REQUESTER, by_passkey=True)
    parent_asks_for_the_record(father, child.name, child.born)
    walk = take_to(worked_on(runtime, father.reference, child, *people), "approval")
    approver = Worker(windows.walker("desktop", scripts=True, judged=True), walk.approver)

    # When the approver makes a passkey, comes back with it, approves and releases
    staff_sign_in(approver)
    staff_comes_back_with_the_passkey(approver)
    approver_approves(approver, father.reference)
    approver_releases(approver, father.reference, REQUESTER)
    jobs.run_all(runtime.database, runtime)

    # Then the father reads the copy with his passkey, and has typed no code at all
    parent_signs_in(father, runtime)
    read, pdf = parent_reads_and_downloads(father)
    assert child.name in read
    assert is_made_for_everyone(pdf)
    assert father.codes == 0


def worked_on(runtime: Runtime, reference: str, child: Record, worker: Staff, approver: Staff) -> Walk:
    """The case of this request, with the people who work on it."""
    with runtime.database.read() as session:
        case_id = session.exec(select(Case.id).where(Case.reference == reference)).one()
    return Walk(runtime, case_id, worker, approver, record=child)

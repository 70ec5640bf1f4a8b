"""Who acts on a case: a requester, a member of staff, or the portal itself when a day comes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from workflows.table import Role


@dataclass(frozen=True)
class Actor:
    """`kind` is family, staff, child or system; `role` is what they act as in the workflow."""

    kind: str
    id: uuid.UUID | None
    role: Role
    team_id: uuid.UUID | None = None
    session: str = ""

    def __str__(self) -> str:
        """The form in which the log and the ledger name them: a role and an id, never a name."""
        return f"{self.kind}:{self.id.hex}" if self.id else self.kind

    @classmethod
    def system(cls) -> Actor:
        return cls("system", None, Role.SYSTEM)

    @classmethod
    def child(cls, question_id: uuid.UUID) -> Actor:
        """The child whom a case is about, by the question that was put to them: they have no account."""
        return cls("child", question_id, Role.CHILD)

    @classmethod
    def requester(cls, person_id: uuid.UUID, session: str = "") -> Actor:
        return cls("family", person_id, Role.REQUESTER, session=session)

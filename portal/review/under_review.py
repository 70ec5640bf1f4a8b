"""What is reviewed before anything of a record is given: entries, whom it was shared with, since a recipient's name can
betray a family as much as an entry can, and the words that stand beside entries (design section 5)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from portal import records
from portal.records import beside
from portal.records.beside import Head


def there(session: Session, child_id: uuid.UUID, words: Sequence[Head]) -> list[tuple[uuid.UUID, uuid.UUID, str]]:
    """(what, which version, class) of all that is reviewed, without its contents; `words` are those beside entries."""
    entries = [(entry.id, entry.current_id, entry.cls) for entry in records.heads(session, child_id)]
    shared = [(one, one, cls) for one, cls in records.sharing_heads(session, child_id)]
    return [*entries, *shared, *((one.id, one.version_id, one.cls) for one in words)]


def gone(
    session: Session, child_id: uuid.UUID, pinned: Mapping[uuid.UUID, uuid.UUID], words: Sequence[Head]
) -> set[uuid.UUID]:
    """What is under review and nothing to review any more: destroyed by a decision, or words that were taken away. An
    entry that its source ended stays as it was."""
    lifted = beside.words_among(pinned) - {one.id for one in words}
    return lifted | records.destroyed(session, child_id, pinned)

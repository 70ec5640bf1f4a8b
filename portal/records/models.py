"""Tables of the record: a child, statements about the child with all their versions, and who has received them.

Everything personal is in `sealed`. Keys lead with child_id, so that one child's rows lie together.
"""

import datetime
import uuid
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import RECORD, REGISTER, processed
from portal.vault import CLASSES, Owner

# People search by the first nine; feeds join by the last four (portal.records.feeds.joining).
LOOKUP_KINDS = (
    "local_id",
    "upn",
    "nhs_number",
    "directory_id",
    "surname",
    "former_surname",
    "forename",
    "phonetic_surname",
    "postcode",
    "authority_local_id",
    "local_id_born",
    "upn_born",
    "nhs_number_born",
)


def _while(condition: str) -> dict[str, Any]:
    """Options of an index over the rows for which the condition holds."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


@processed(RECORD)
class Child(SQLModel, table=True):
    """A child whose record the authority holds. What recognises the child is merged by `reading.identity`."""

    __tablename__ = "child"

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each change of the row", default=1)
    sealed: bytes = column(
        "names, former names, birth date, sex, identifiers as people here put them right; empty until then, because "
        "each feed keeps what it says in its feed_mark; core key; statutory retention R-152"
    )
    access_group: str = column("empty, or the sealed group of an earlier identity (adoption)", default="")
    shielded_at: datetime.datetime | None = column("since when a shield hides where the family is", default=None)
    corrected_at: datetime.datetime | None = column(
        "since when a decided correction says who the child is: what a feed says is no longer searched by", default=None
    )
    created_at: datetime.datetime = column("when the record first came in")

    def vault_owner(self) -> Owner:
        return Owner.child(self.id, "core")

    def vault_row(self) -> str:
        return f"child:{self.id.hex}"


@processed(RECORD)
class Lookup(SQLModel, table=True):
    """Finds a child by a blind index of one value (with the birth date where the kind says so)."""

    __tablename__ = "lookup"
    __table_args__ = (Index("ix_lookup_child", "child_id"),)

    kind: str = column("what was indexed", primary_key=True, sa_type=choice(*LOOKUP_KINDS, name="lookup_kind"))
    blind: bytes = column("HMAC of the normalised value; dropped while a shield is on", primary_key=True)
    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")


@processed(RECORD)
class Entry(SQLModel, table=True):
    """One statement about a child: its two heads are the current version and the last one from its source."""

    __tablename__ = "entry"
    __table_args__ = (Index("uq_entry_natural", "child_id", "feed", "natural_hash", unique=True),)

    child_id: uuid.UUID = column("the child it is about", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each change of the heads or marks", default=1)
    cls: str = column("class of data: which key seals it", sa_type=choice(*CLASSES, name="entry_cls"))
    feed: str = column("the format it came by, or 'portal'")
    natural_hash: bytes = column("keyed hash of the feed's own key of the item")
    fingerprint: bytes = column("keyed hash of what the feed last said, to see a change without opening")
    current_id: uuid.UUID = column("the version that counts now")
    source_head_id: uuid.UUID = column("the last version that came from the source")
    position: int = column("order within the child's record")
    created_at: datetime.datetime = column("when it first came in")
    ended_at: datetime.datetime | None = column("since when its source no longer says it", default=None)
    decided_value: bytes | None = column(
        "keyed hash of the value a correction case decided; no feed moves the current version while it is set",
        default=None,
    )
    erased_at: datetime.datetime | None = column("destroyed by decision; the row stays as a tombstone", default=None)


@processed(RECORD)
class Version(SQLModel, table=True):
    """A value that an entry has or had. Nothing is overwritten."""

    __tablename__ = "entry_version"

    child_id: uuid.UUID = column("the child", primary_key=True)
    entry_id: uuid.UUID = column("the entry", primary_key=True)
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    cls: str = column("class of data: which key seals it", sa_type=choice(*CLASSES, name="version_cls"))
    sealed: bytes | None = column("label, value, day, source, author, people, marks; destroyed only by decided erasure")
    why: str = column("feed, correction, merge or staff")
    made_at: datetime.datetime = column("when this version came in")
    case_id: uuid.UUID | None = column("the correction case that made it", default=None)

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, self.cls)

    def vault_row(self) -> str:
        return f"entry_version:{self.id.hex}"


@processed(RECORD)
class Mentioned(SQLModel, table=True):
    """Someone else in the child's file: a third party, decided once per case for every occurrence."""

    __tablename__ = "person_mentioned"

    child_id: uuid.UUID = column("the child in whose file they stand", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit", default=1)
    name_hash: bytes | None = column("keyed hash of the name, so that a feed enters nobody twice", default=None)
    sealed: bytes = column("names, relation, professional or private, alive; core key; kept with the record")

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, "core")

    def vault_row(self) -> str:
        return f"person_mentioned:{self.id.hex}"


@processed(REGISTER)
class Source(SQLModel, table=True):
    """A body that supplies entries or has received them. Its name can betray a family, so it is sealed."""

    __tablename__ = "source"

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit", default=1)
    key_blind: bytes = column("blind index of the body's own key", unique=True)
    sealed: bytes = column("name, kind, registered address, contact; system key; kept while entries name it")

    def vault_owner(self) -> Owner:
        return Owner.system()

    def vault_row(self) -> str:
        return f"source:{self.id.hex}"


@processed(RECORD)
class Sharing(SQLModel, table=True):
    """Which version went to which recipient, when, and how (Art 15(1)(c), Art 19)."""

    __tablename__ = "sharing"

    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    cls: str = column("class of data: which key seals it", sa_type=choice(*CLASSES, name="sharing_cls"))
    sealed: bytes = column("recipient, what was shared, why, day and way; kept with the record")

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, self.cls)

    def vault_row(self) -> str:
        return f"sharing:{self.id.hex}"


@processed(REGISTER)
class BodyWord(SQLModel, table=True):
    """A word of a body's name, or the beginning of one, by which people search the register."""

    __tablename__ = "body_word"
    __table_args__ = (Index("ix_body_word_source", "source_id"),)

    blind: bytes = column("keyed hash of a word, or of its beginning", primary_key=True)
    source_id: uuid.UUID = column("the body whose name has it", primary_key=True, foreign_key="source.id")


@processed(RECORD)
class FeedMark(SQLModel, table=True):
    """What a feed last said of a child, as one keyed hash: an unchanged child costs one look-up.

    It also seals who the child is according to this feed. A feed may seal and never open, so what several feeds say
    of names and birth date is kept apart here and merged by whoever reads."""

    __tablename__ = "feed_mark"

    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")
    feed: str = column("the feed and the body it comes from", primary_key=True)
    fingerprint: bytes = column("keyed hash of the whole child as the feed gave it")
    numbered: bool = column("whether the feed gives its own number of the child, by which alone it then joins")
    sealed: bytes = column("names, former names, birth date, sex, identifiers as the feed says; core key; R-152")
    seen_at: datetime.datetime = column("when the feed last gave something new of it")

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, "core")

    def vault_row(self) -> str:
        return mark_row(self.child_id, self.feed)


def mark_row(child_id: uuid.UUID, feed: str) -> str:
    """The row name that a feed's identity is sealed to."""
    return f"feed_mark:{child_id.hex}:{feed}"


MARKS = (
    "challenged",  # received, not yet checked: staff see it, nothing else follows from it
    "disputed",
    "restricted",
    "corrected",
    "labelled",
    "mistake",
    "allegation",
    "statement",
    "refused",
)


@processed(RECORD)
class EntryMark(SQLModel, table=True):
    """What a correction case says of an entry to whoever reads it: one row per case, line and kind of mark."""

    __tablename__ = "entry_mark"
    __table_args__ = (
        # One open mark of a kind for each line; a review that disputes a line again is a mark of its own.
        Index("uq_entry_mark", "child_id", "entry_id", "line_id", "kind", unique=True, **_while("lifted_at IS NULL")),
        Index("ix_entry_mark_line", "case_id", "line_id"),
    )

    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    entry_id: uuid.UUID = column("the entry that is marked")
    kind: str = column("what the mark says", sa_type=choice(*MARKS, name="entry_mark_kind"))
    case_id: uuid.UUID = column("the correction case it comes from")
    line_id: uuid.UUID = column("the line of that case")
    since: datetime.date = column("from which day it stands; printed beside the entry")
    lifted_at: datetime.datetime | None = column("when it ended; empty while it stands", default=None)
    cls: str = column("class of the entry's data", sa_type=choice(*CLASSES, name="entry_mark_cls"))
    sealed: bytes | None = column("the family's statement, or what became of an allegation; kept with the entry")

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, self.cls)

    def vault_row(self) -> str:
        return f"entry_mark:{self.id.hex}"


@processed(RECORD)
class FeedClash(SQLModel, table=True):
    """A feed said again what a correction case had replaced or destroyed: the decided value stays (R-111)."""

    __tablename__ = "feed_clash"
    __table_args__ = (
        Index("uq_feed_clash_open", "child_id", "entry_id", unique=True, **_while("closed_at IS NULL")),
        Index("ix_feed_clash_open", "found_at", "id", **_while("closed_at IS NULL")),
        Index("ix_feed_clash_case", "case_id"),
    )

    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    entry_id: uuid.UUID = column("the entry")
    case_id: uuid.UUID = column("the correction case that decided otherwise")
    version_id: uuid.UUID | None = column("what the source says; empty where the entry is destroyed", default=None)
    feed: str = column("the feed")
    found_at: datetime.datetime = column("when the feed said it")
    told_at: datetime.datetime | None = column("when the source was told, once", default=None)
    closed_at: datetime.datetime | None = column("when it ended", default=None)
    ended: str | None = column("agreed, accepted or decided", default=None)


@processed(RECORD)
class RestrictedUse(SQLModel, table=True):
    """A restricted entry was opened for a reason the law allows (Art 18(2)): who, for which case, why."""

    __tablename__ = "restricted_use"

    child_id: uuid.UUID = column("the child", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    entry_id: uuid.UUID = column("the entry")
    case_id: uuid.UUID = column("for which case")
    reader: str = column("role and id of who opened it")
    reason: str = column("code of the reason")
    at: datetime.datetime = column("when; it stays open to this reader for eight hours")


@processed(RECORD)
class RecordSeal(SQLModel, table=True):
    """That a record is put under an access group of its own, or taken out of it: proposed by one, confirmed by another.

    Adoption seals the earlier record: nobody but the group finds it, and nothing says that it is there."""

    __tablename__ = "record_seal"

    child_id: uuid.UUID = column("the record", primary_key=True, foreign_key="child.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    what: str = column("to seal, or to lift the seal", sa_type=choice("seal", "lift", name="record_seal_what"))
    status: str = column(
        "waits for a second person, done, or turned down",
        default="proposed",
        sa_type=choice("proposed", "confirmed", "declined", name="record_seal_status"),
    )
    access_group: str = column("the team that alone finds it from then on")
    proposed_by: str = column("role and id of who proposed it")
    proposed_at: datetime.datetime = column("when")
    decided_by: str | None = column("role and id of who confirmed or declined it", default=None)
    decided_at: datetime.datetime | None = column("when", default=None)
    sealed: bytes = column("reasons; core key; kept with the record")

    def vault_owner(self) -> Owner:
        return Owner.child(self.child_id, "core")

    def vault_row(self) -> str:
        return f"record_seal:{self.id.hex}"

"""How the ways to reach a person change.

What makes it safer happens at once: a channel is stopped, a list of what must never be used grows. What could hand
messages to somebody else waits three days: a new address, number or channel. Meanwhile the old channel is warned, but
only while it is safe; where none is left, and wherever staff asked for the change, a member of staff other than whoever
asked confirms it (security.md 5 and 6a). Each function works in the caller's transaction; callers write the log.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs
from portal.people import contact, hashing, limits, outbox, tokens
from portal.people.contact_models import ContactChange
from portal.people.limits import Rule
from portal.people.models import STILL_OPEN, OutboxMessage, Person
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

WAIT = datetime.timedelta(hours=72)
CODE_WORDS = Rule("code word", 5, 3600)
SHORTEST_WORD = 6
_LISTED = 20


@dataclass(frozen=True)
class New:
    """What is to be used from now on, and for which channels; what is None stays as it is."""

    channels: tuple[str, ...]
    email: str | None = None
    phone: str | None = None
    address: str | None = None

    @property
    def points(self) -> dict[str, str]:
        """The new addresses and numbers by their name in the payload."""
        given = {"email": self.email, "phone": self.phone, "address": self.address}
        return {name: value.strip() for name, value in given.items() if value and value.strip()}


def told_of(session: Session, person_id: uuid.UUID) -> dict[str, Any]:
    """What the person has told us, as it is kept."""
    return vault_of(session).get(session.get_one(Person, person_id))


# At once


def stop(
    session: Session, person_id: uuid.UUID, channels: Sequence[str], *, never: bool = False, by: str | None = None
) -> None:
    """The channels are not used from this moment on, and a change that waits does not open them again: whoever stops
    one last is heard. `never` also puts what belongs to them on the list of what must never be used again. Links that
    are on their way to a stopped mailbox open nothing."""
    person = _locked(session, person_id)
    told = vault_of(session).get(person)
    told["safe_channels"] = [one for one in told.get("safe_channels") or () if one not in channels]
    if never:
        _never(told, *(str(told.get(contact.POINTS[channel]) or "") for channel in channels))
    _keep(session, person, told)
    _leave_out(session, person_id, channels, by=by)
    if "email" in channels:
        _kill_links(session, person_id)


def wish(
    session: Session,
    person_id: uuid.UUID,
    *,
    hours: Sequence[str],
    may_say: str,
    leave_message: bool,
    notes: str,
    version: int | None = None,
) -> bool:
    """Keeps hours, what may be said and whether a message may be left. False: somebody else changed the row since
    `version` was shown."""
    person = _locked(session, person_id)
    if version is not None and version != person.version:
        return False
    told = vault_of(session).get(person)
    told |= {
        "hours": [one for one in (*contact.HOURS, contact.WEEKEND) if one in hours],
        "may_say": may_say if may_say in contact.MAY_SAY else "nothing",
        "leave_message": leave_message,
        "safe_notes": notes,
    }
    _keep(session, person, told)
    return True


def never_use(session: Session, person_id: uuid.UUID, value: str) -> None:
    """Forbids this address or number for the person, whoever enters it again."""
    person = _locked(session, person_id)
    told = vault_of(session).get(person)
    _never(told, value)
    _keep(session, person, told)
    if not contact.mail_address(told):
        _kill_links(session, person_id)


def keep_code_word(session: Session, person_id: uuid.UUID, hashed: str) -> None:
    """The word that a caller is asked for from now on; `hashed` comes from hash_code_word, which is slow."""
    person = _locked(session, person_id)
    _keep(session, person, {**vault_of(session).get(person), "code_word_hash": hashed})


def hash_code_word(pepper: bytes, typed: str) -> str:
    """A slow hash of the word: nobody, staff included, can read it again. Call it outside any transaction."""
    return hashing.slow_hash(pepper, _plain_word(typed))


def is_long_enough(typed: str) -> bool:
    """Whether a word is long enough to be asked for, counted as it is compared: without spaces and signs."""
    return len(_plain_word(typed)) >= SHORTEST_WORD


def code_word_is(told: Mapping[str, Any], typed: str, *, pepper: bytes) -> bool:
    """Whether the caller said the word. As slow where there is none, so call it outside a write transaction."""
    return hashing.matches(pepper, str(told.get("code_word_hash") or "") or None, _plain_word(typed))


def may_try_word(session: Session, person_id: uuid.UUID) -> bool:
    """Counts one try at this person's word and answers whether it is within the limit."""
    return limits.within(session, CODE_WORDS, f"family:{person_id.hex}")


# After three days


def propose(
    session: Session,
    person_id: uuid.UUID,
    new: New,
    *,
    by: str,
    now: datetime.datetime,
    old_is_safe: bool = True,
    case_id: uuid.UUID | None = None,
) -> ContactChange:
    """Enters a new address, number or channel; nothing is sent to it yet. Where the old one is not safe any more it
    stops at once. `case_id` names the case whose caseworkers see a warning that could not be sent.

    Raises StepRefused for what cannot be used, and while another change waits."""
    person = _locked(session, person_id)
    told = vault_of(session).get(person)
    if contact.waiting_change(session, person_id):
        raise StepRefused(_("A change is waiting already. Stop that one first, or wait for it."))
    _refuse_what_cannot_be(told, new)
    replaced = [channel for channel, point in contact.POINTS.items() if point in new.points and told.get(point)]
    if replaced and not old_is_safe:
        stop(session, person_id, replaced, never=True, by=by)
        told = vault_of(session).get(person)
    warned = contact.mail_address(told) or contact.phone_number(told, "text")
    change = ContactChange(
        person_id=person_id,
        made_at=now,
        made_by=by,
        due_at=now + WAIT,
        needs_second=not by.startswith("family:") or not warned,
        sealed=b"",
    )
    vault_of(session).put(change, {"points": new.points, "channels": list(new.channels)})
    session.add(change)
    session.flush()
    jobs.enqueue(
        session, "contact_change", f"contact:{change.id.hex}", {"change": change.id.hex}, run_after=change.due_at
    )
    if warned:
        outbox.queue(session, outbox.WARNING, person_id=person_id, case_id=case_id, key=_warning_key(change))
    return change


def confirm(session: Session, change_id: uuid.UUID, *, by: str, now: datetime.datetime) -> None:
    """A member of staff, other than whoever asked, confirms the change. It still waits for its day."""
    change = _change(session, change_id)
    if by == change.made_by:
        raise StepRefused(_("Somebody else must confirm this: you asked for it."))
    change.confirmed_by = by
    session.add(change)
    session.flush()
    take_effect(session, change_id, now=now)


def cancel(session: Session, change_id: uuid.UUID, *, by: str, now: datetime.datetime) -> None:
    """The new way is dropped, and everything stays as it is. Raises StepRefused when it has ended already."""
    _end(session, _change(session, change_id), "stopped", by=by, now=now)


def take_effect(session: Session, change_id: uuid.UUID, *, now: datetime.datetime) -> bool:
    """Uses the new way from now on, if it has waited, and either was confirmed, or needs nobody and the old way was
    warned as long ago. Links to the old mailbox open nothing any more."""
    change = _both_locked(session, change_id)
    if change is None or change.state != "waiting" or now < change.due_at:
        return False
    if not change.confirmed_by and (change.needs_second or not _warned_long_enough(session, change, now)):
        return False
    person, new = _locked(session, change.person_id), vault_of(session).get(change)
    told = vault_of(session).get(person)
    told |= new["points"]
    safe = [channel for channel in told.get("safe_channels") or () if contact.POINTS.get(channel) not in new["points"]]
    told["safe_channels"] = [one for one in contact.CHANNELS if one in {*safe, *new["channels"]}]
    if "email" in new["points"]:
        person.email_blind = vault_of(session).blind("email", new["points"]["email"])
        _kill_links(session, change.person_id)
    _keep(session, person, told)
    _end(session, change, "done", by=None, now=now)
    return True


@jobs.handler("contact_change")
def when_due(work: jobs.Work) -> None:
    """The three days are over. Raises jobs.Hold while the warning waits, or has not been out for as long."""
    change_id = uuid.UUID(work.args["change"])
    with work.database.write() as session:
        if take_effect(session, change_id, now=db.now()):
            return
        left = _until_warned_long_enough(session, change_id, now=db.now())
    if left:
        raise jobs.Hold("the old way was not warned long ago", minutes=left.total_seconds() / 60)


@outbox.when_held
def not_warned(session: Session, row: OutboxMessage) -> None:
    """The warning may not leave: nobody at the old way can object, so a member of staff must confirm the change."""
    if row.template == outbox.WARNING:
        unwarned = (col(ContactChange.person_id) == row.person_id, col(ContactChange.state) == "waiting")
        session.execute(sa.update(ContactChange).where(*unwarned).values(needs_second=True))


def _warning(session: Session, change: ContactChange) -> OutboxMessage | None:
    return session.exec(select(OutboxMessage).where(OutboxMessage.key == _warning_key(change))).first()


def _warning_key(change: ContactChange) -> str:
    return f"warn:{change.id.hex}"


def _warned_long_enough(session: Session, change: ContactChange, now: datetime.datetime) -> bool:
    row = _warning(session, change)
    return row is not None and row.state == "sent" and row.sent_at is not None and now >= row.sent_at + WAIT


def _until_warned_long_enough(
    session: Session, change_id: uuid.UUID, *, now: datetime.datetime
) -> datetime.timedelta | None:
    """How long a change that is due has still to wait for its warning; the page says the later day. None where it waits
    for a person, or for nothing."""
    change = session.get(ContactChange, change_id)
    row = _warning(session, change) if change and change.state == "waiting" and not change.needs_second else None
    if change is None or row is None or row.state not in {"waiting", "sent"}:
        return None
    change.due_at = max(change.due_at, (row.sent_at or now) + WAIT)
    session.add(change)
    return change.due_at - now


def _refuse_what_cannot_be(told: dict[str, Any], new: New) -> None:
    if not new.channels or not set(new.channels) <= set(contact.CHANNELS):
        raise StepRefused(_("Choose what it may be used for."), need="channels")
    after = {**told, **new.points, "safe_channels": list(new.channels)}
    for point, value in new.points.items():
        if contact.is_never(told, value):
            raise StepRefused(_("You told us never to use this. Ring us if that has changed."), need=point)
    words = {
        "email": _("Enter an email address in the right form, like name@example.org"),
        "phone": _("Enter a phone number that can be used for this, like 07700 900123"),
        "address": _("Enter a postal address"),
    }
    for channel in new.channels:
        if contact.usable(after, channel) is None:
            point = contact.POINTS[channel]
            raise StepRefused(words[point], need=point)
    same = all(str(told.get(name) or "") == value for name, value in new.points.items())
    if same and set(new.channels) <= set(contact.safe_ways(told)):
        raise StepRefused(_("That is how we reach you already."))


def _change(session: Session, change_id: uuid.UUID) -> ContactChange:
    change = _both_locked(session, change_id)
    if change is None or change.state != "waiting":
        raise StepRefused(_("That change has ended already."))
    return change


def _both_locked(session: Session, change_id: uuid.UUID) -> ContactChange | None:
    """The change, with its person locked first: the order in which `stop` takes them."""
    found = session.get(ContactChange, change_id)
    if found is None:
        return None
    _locked(session, found.person_id)
    return db.lock(session, ContactChange, id=change_id)


def _leave_out(session: Session, person_id: uuid.UUID, channels: Sequence[str], *, by: str | None) -> None:
    """Takes the channels, and what belongs to them alone, out of the change that waits; one that is left with nothing
    ends."""
    found = contact.waiting_change(session, person_id)
    change = db.lock(session, ContactChange, id=found.id) if found else None
    if change is None or change.state != "waiting":
        return
    new = vault_of(session).get(change)
    left = [one for one in new["channels"] if one not in channels]
    if not left:
        _end(session, change, "stopped", by=by, now=db.now())
        return
    points = {contact.POINTS[one] for one in left}
    kept = {name: value for name, value in new["points"].items() if name in points}
    vault_of(session).put(change, {"points": kept, "channels": left})
    session.add(change)
    session.flush()


def _end(session: Session, change: ContactChange, state: str, *, by: str | None, now: datetime.datetime) -> None:
    change.state, change.ended_at, change.ended_by = state, now, by
    vault_of(session).put(change, {})
    session.add(change)
    session.flush()


def _never(told: dict[str, Any], *values: str) -> None:
    listed = list(told.get("never") or ())
    listed += [value.strip() for value in values if value.strip() and value.strip() not in listed]
    told["never"] = listed[-_LISTED:]


def _kill_links(session: Session, person_id: uuid.UUID) -> None:
    tokens.kill(session, "sign_in", person_id)
    links = (col(OutboxMessage.person_id) == person_id, col(OutboxMessage.template) == "sign_in")
    waiting = sa.update(OutboxMessage).where(*links, STILL_OPEN, col(OutboxMessage.state) == "waiting")
    session.execute(waiting.values(state="void", token_sealed=None))


def _locked(session: Session, person_id: uuid.UUID) -> Person:
    person = db.lock(session, Person, id=person_id)
    if person is None:
        raise StepRefused(_("There is no such person any more."))
    return person


def _keep(session: Session, person: Person, told: dict[str, Any]) -> None:
    vault_of(session).put(person, told)
    person.version += 1
    session.add(person)
    session.flush()


def _plain_word(typed: str) -> str:
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", typed[:200])).casefold()

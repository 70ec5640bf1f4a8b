"""Limits on repeated tries. Those on accounts and addresses are rows, so that they hold across processes and restarts;
floods from one network are counted in the memory of each process (design section 8, 15)."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from portal import db
from portal.errors import TooOften
from portal.people.models import Limit
from portal.vault import vault_of


class Limited(TooOften):
    """Too many tries; its page says to wait."""

    @property
    def minutes(self) -> int:
        """How long to wait, for words."""
        return -(-self.wait // 60)


@dataclass(frozen=True)
class Rule:
    """At most `most` tries of one kind in `seconds`."""

    name: str
    most: int
    seconds: int


# security.md 6a: five live links, ten wrong codes, then wait. A link to sign in is counted for address and reference
# together: whoever knows the address alone locks nobody out. A draft has no reference, so its links are counted for
# address and network, and for the address alone so loosely that one network cannot use that up. Passwords are counted
# in the same way, and a browser in which the account signed in before has tries of its own (portal.people.
# known_browsers): no stranger's guesses, from however many networks, stand in its way. The words of a card have 66
# bits, which nobody guesses however often they try, so its number is counted with the network alone: whoever has seen
# the number can shut the card out of their own network, and of no other. The codes of a family are counted for the
# session, and loosely for the account: whoever reads the mailbox begins a session of their own, and uses up none of the
# tries of the person's. A guesser who begins ever new sessions meets the looser count.
LINKS = Rule("link", 5, 3600)
RESUME_LINKS = Rule("resume link", 5, 3600)
RESUME_LINKS_OF_ALL = Rule("resume link of all", 30, 3600)
PASSWORDS = Rule("password", 10, 900)
PASSWORDS_OF_ALL = Rule("password of all", 100, 3600)
CODES = Rule("code", 10, 900)
CODES_OF_ALL = Rule("code of all", 100, 3600)
TYPED_CODES = Rule("typed code", 10, 900)
CARDS = Rule("card", 10, 900)
SPOKEN_CODES = Rule("spoken code", 5, 3600)
SPOKEN_CODES_OF_ALL = Rule("spoken code of all", 30, 3600)
WORDS = Rule("word", 10, 900)
SUBMISSIONS = Rule("submission", 10, 3600)
MESSAGES = Rule("message", 20, 3600)
FILES = Rule("file", 40, 3600)
NETWORK_SIGN_INS = Rule("network sign-in", 200, 600)
NETWORK_SUBMISSIONS = Rule("network submission", 60, 3600)
NETWORK_KEPT_DRAFTS = Rule("network kept draft", 20, 3600)


def within(session: Session, rule: Rule, *who: str) -> bool:
    """Counts one try of `who` and answers whether it is still within the rule. Several names count as one together.

    Call before using the outcome of the try: however many come at once, only `most` are ever answered. The count
    stays if the caller's transaction commits, so commit it for a wrong try too."""
    return _grow(session, rule, *who) <= rule.most


def forgive(session: Session, rule: Rule, *who: str) -> None:
    """Forgets the tries after one that was right, so that only wrong ones add up."""
    session.execute(sa.delete(Limit).where(col(Limit.bucket) == _bucket(session, rule, *who)))


def limited(rule: Rule, *, now: datetime.datetime) -> Limited:
    """The error to raise, once the transaction has ended; it knows when the next try may be made."""
    return Limited(wait=rule.seconds - int(now.timestamp()) % rule.seconds)


def _grow(session: Session, rule: Rule, *who: str) -> int:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    window = _window(rule, db.now())
    table = Limit.__table__  # type: ignore[attr-defined]
    row = insert(table).values(bucket=_bucket(session, rule, *who), window=window, count=1)
    grown = row.on_conflict_do_update(
        index_elements=[table.c.bucket, table.c.window], set_={"count": table.c.count + 1}
    ).returning(table.c.count)
    return int(session.execute(grown).scalar_one())


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes the counts of windows that began more than a day ago; for the daily job."""
    session.execute(sa.delete(Limit).where(col(Limit.window) < int(now.timestamp()) // 60 - 24 * 60))


def _window(rule: Rule, now: datetime.datetime) -> int:
    """The minute since 1970 in which the rule's present window began: windows of all rules can be compared."""
    at = int(now.timestamp())
    return (at - at % rule.seconds) // 60


def _bucket(session: Session, rule: Rule, *who: str) -> bytes:
    return vault_of(session).blind("limit", rule.name, *who)


@dataclass
class Floods:
    """Tries per network in this process."""

    counts: dict[tuple[str, int, str], int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def within(self, rule: Rule, address: str, *, now: datetime.datetime) -> bool:
        """Counts one try from `address` and answers whether it is within the rule."""
        window = _window(rule, now)
        key = (rule.name, window, network_of(address))
        with self.guard:
            if key not in self.counts:
                self.counts = {k: n for k, n in self.counts.items() if k[0] != rule.name or k[1] == window}
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key] <= rule.most


def network_of(address: str) -> str:
    """What counts as one network: an IPv6 address by its /64, one household has them all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)

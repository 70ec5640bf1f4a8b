"""Feeds arrive at any moment, people decide, destroy and accept in between: what counts is what was decided last."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, col

from portal import records
from portal.records import clashes, correcting
from portal.records.correcting import NewValue
from portal.records.feeds import FeedItem, importing
from portal.records.feeds.report import Report
from portal.records.models import Entry, FeedClash
from portal.runtime import Runtime
from portal.vault import Owner
from tests.builders import child_id_of, feed_child, item
from tests.portal.records.records_of import CASE, counts, looking

KEYS = ("School", "Note")
VALUES = ("Kiln Lane", "Kiln lane", "Lock Street", "Mill Street")
keys, values = st.sampled_from(KEYS), st.sampled_from(VALUES)
numbers = itertools.count(1)


@dataclass
class Line:
    """What an entry must be: every value it had, what counts, and what its source said last."""

    history: list[str] = field(default_factory=list)
    current: str = ""
    said: str = ""
    decided: bool = False
    erased: bool = False
    clash: bool = False
    settled: bool = False  # a person saw what the source says now, since the decision

    def hear(self, value: str) -> None:
        """The source says it."""
        if not self.erased and value != self.said:
            self.history.append(value)
            self.said, self.settled = value, False
            self.current = self.current if self.decided else value
        if self.erased:
            self.clash = self.clash or not self.settled
        elif self.decided:
            self.clash = value != self.current and (self.clash or not self.settled)

    def decide(self, value: str) -> None:
        self.history.append(value)
        self.current, self.decided, self.clash, self.settled = value, True, False, False

    def accept(self) -> None:
        if self.decided:
            self.history.append(self.said)
            self.current, self.decided, self.clash = self.said, False, False

    def erase(self) -> None:
        self.history = [""] * (len(self.history) + 1)
        self.erased, self.current, self.clash, self.settled = True, "", False, False


class Corrections(RuleBasedStateMachine):
    """One child; each example has its own in the same database."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self.runtime = runtime
        self.local_id = f"LA-{next(numbers)}"
        self.model: dict[str, Line] = {}
        self.file: tuple[FeedItem, ...] = ()
        self.child_id = uuid.UUID(int=0)

    @rule(said=st.dictionaries(keys, values, min_size=1))
    def feed(self, said: dict[str, str]) -> None:
        self.file = tuple(item(key, "contact", key, value) for key, value in sorted(said.items()))
        self.come_in()
        for key, value in said.items():
            self.model.setdefault(key, Line()).hear(value)
        self.child_id = child_id_of(self.runtime, self.local_id)

    @precondition(lambda self: self.file)
    @rule()
    def same_file_twice(self) -> None:
        self.come_in()
        for one in self.file:
            self.model[one.natural_key].hear(one.value)
        before = counts(self.runtime)
        report = self.come_in()
        after = counts(self.runtime)
        assert (report.children.unchanged, report.entries.unchanged) == (1, len(self.file))
        assert after == {**before, "log": before["log"] + 1}

    @precondition(lambda self: self.alive())
    @rule(data=st.data(), value=values)
    def correct(self, data: st.DataObject, value: str) -> None:
        key = data.draw(st.sampled_from(self.alive()))
        with self.runtime.database.write() as session, self.runtime.vault.unlocked():
            row = self.rows()[key]
            new = {"value": NewValue(value=value), "expected_version_id": row.current_id}
            correcting.correct(session, child_id=self.child_id, entry_id=row.id, case_id=CASE, **new)  # type: ignore[arg-type]
        self.model[key].decide(value)

    @precondition(lambda self: self.alive())
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.alive()))
        with self.runtime.database.write() as session, self.runtime.vault.unlocked():
            correcting.accept_source(session, self.child_id, self.rows()[key].id, CASE)
        self.model[key].accept()

    @precondition(lambda self: self.alive())
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.alive()))
        with self.runtime.database.write() as session, self.runtime.vault.unlocked():
            correcting.erase(session, child_id=self.child_id, entry_id=self.rows()[key].id, case_id=CASE)
        self.model[key].erase()

    @precondition(lambda self: any(line.clash for line in self.model.values()))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key, line in self.model.items() if line.clash]))
        with self.runtime.database.write() as session:
            (clash,) = self.open_clashes(session, self.rows()[key].id)
            assert clashes.close(session, self.child_id, clash.id)
        self.model[key].clash, self.model[key].settled = False, True

    @invariant()
    def what_counts_is_what_was_decided_last(self) -> None:
        if not self.model:
            return
        with self.runtime.database.read() as session, self.runtime.vault.unlocked():
            ids = [row.id for row in records.heads(session, self.child_id)]
            found = {one.label: one.value for one in records.read(session, looking(self.child_id), ids)}
        assert found == {key: line.current for key, line in self.model.items() if not line.erased}

    @invariant()
    def no_version_is_lost_and_the_history_replays_to_what_counts(self) -> None:
        for key, row in self.rows().items():
            with self.runtime.database.read() as session, self.runtime.vault.unlocked():
                told = records.versions(session, looking(self.child_id), row.id)
            line = self.model[key]
            assert [one.value for one in told] == line.history
            decisions = [one for one in told if one.why == "correction"]
            assert [one.id for one in told if one.current] == [(decisions if line.decided else told)[-1].id]

    @invariant()
    def a_clash_is_open_exactly_while_the_source_says_something_else_and_nobody_settled_it(self) -> None:
        rows = self.rows()
        with self.runtime.database.read() as session:
            found = {key: len(self.open_clashes(session, row.id)) for key, row in rows.items()}
        assert found == {key: int(line.clash) for key, line in self.model.items()}

    def alive(self) -> list[str]:
        return [key for key, line in self.model.items() if not line.erased]

    def come_in(self) -> Report:
        return importing.take_in(
            self.runtime.database, "directory", [feed_child(*self.file, local_id=self.local_id, line=2)]
        )

    def rows(self) -> dict[str, Entry]:
        """The entries by their label, which is their place in the feed: they come in its order."""
        with self.runtime.database.read() as session:
            query = sa.select(Entry).where(col(Entry.child_id) == self.child_id)
            found = session.scalars(query).all()
        hashes = {row.natural_hash: row for row in found}
        core = Owner.child(self.child_id, "core")
        named = {key: self.runtime.vault.fingerprint(core, "natural", "", key) for key in self.model}
        return {key: hashes[one] for key, one in named.items()}

    def open_clashes(self, session: Session, entry_id: uuid.UUID) -> list[FeedClash]:
        found = clashes.of_entry(session, self.child_id, entry_id)
        return [one for one in found if one.closed_at is None]


def test_feeds_and_decisions_in_any_order_keep_what_was_decided(runtime: Runtime) -> None:
    run_state_machine_as_test(
        lambda: Corrections(runtime), settings=settings(max_examples=12, stateful_step_count=14, deadline=None)
    )

"""The challenges of the demo: one or more in every state, one of them with a feed that says the old value again.
Numbers are days ago, as in `stories`."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from portal import db, records
from portal.cases import breaches, clocking, verbs
from portal.cases.corrections import clashing, deciding, lines, outside, recipients
from portal.cases.corrections.deciding import Pick
from portal.cases.corrections.lines import Claim, Decided, Line, Value
from portal.cases.models import Case
from portal.cases.opening import Asked, visitor
from portal.demo import people
from portal.demo.families import Cast, Family
from portal.demo.people import DEVAN, HESTER, SORREL, Member
from portal.demo.stage import Stage, Tale, parent
from portal.documents import decision, release
from portal.people import factors
from portal.records import OpenEntry, bodies
from portal.records.feeds import importing

Story = Callable[[Stage, Family], "Challenge"]
LETTER = "The letter they sent, and what the school says."
LEAD = "The worker who leads the help (lead professional)"
CARER = "Parent or carer"
BORN = "Date of birth"
NOTE = "Note"
SEX = "Sex"


@dataclass
class Challenge(Tale):
    """One challenge: what is said to be wrong, and what became of it."""

    claims: tuple[Claim, ...] = ()
    about_labels: tuple[str, ...] = ()
    codes: list[str] = field(default_factory=list)

    def opened(self, ago: int, *, words: str = "", entered_by: Member | None = None) -> Challenge:
        """The challenge comes in: written by the requester, or entered by staff with its true day of receipt."""

        def act(session: Session) -> None:
            by = self.stage.actors[entered_by] if entered_by else visitor()
            asked = Asked(self.asker, tuple(map(self._subject, self.children)), self.channel, words=words)
            case = lines.open_challenge(
                session, asked, self.claims, by=by, received_on=clocking.uk_today(), refer=self.refer
            )
            self.ids, self.reference = (case.id,), case.reference
            if self.asker.email and self.channel == "portal":
                secret = people.app_secret(self.asker.email)
                factors.add_app(session, "family", case.requester, secret, used_step=0, now=db.now())

        self._act(ago, act)
        return self

    def checked(self, ago: int, basis: str = "mother") -> Challenge:
        """It is settled who asks, the record is attached, and each line has its entry."""
        self.assigned(ago).step(ago, "start_checking").step(ago, "accept_identity", known_by="known")
        if self.kind != "self":
            self.step(ago, "accept_authority", basis=basis, orders="None known. Asked the legal team.")
        self.step(ago, "start_finding").attached(ago)
        self._act(ago, self._match)
        return self

    def disputed(self, ago: int) -> Challenge:
        self.checked(ago).step(ago - 1, "pass_check")
        return self

    def asked_source(self, ago: int, name: str, *, line: int = 0) -> Challenge:
        """The body that said so is asked, by a link to the address that the register has for it."""

        def act(session: Session) -> None:
            one = self._lines(session)[line]
            entry = next(entry for entry in self._entries(session) if entry.id == one.entry_id)
            child = self.children[0]
            shown = outside.Shown(
                child.name, child.born, child.local_id, entry.label, entry.text, entry.about_on, one.claim.why
            )
            link = outside.send(
                session,
                self.id,
                one.id,
                purpose="ask_source",
                source_id=_register(session, name),
                way="phone",
                shown=shown,
                answer_by=clocking.uk_today() + datetime.timedelta(days=10),
                by=self.by,
            )
            self.codes.append(link[1])

        self._act(ago, act)
        return self

    def decided(self, ago: int, said: Decided, *, line: int = 0, kept_as: str = "") -> Challenge:
        def act(session: Session) -> None:
            one = self._lines(session)[line]
            pick = Pick(one.id, one.version)
            deciding.decide(session, self.id, [pick], said, kept_as=kept_as, by=self.by, looking=self._looking(session))

        self._act(ago, act)
        return self

    def confirmed(self, ago: int, *, line: int = 0) -> Challenge:
        """The second person agrees."""

        def act(session: Session) -> None:
            one, by = self._lines(session)[line], self.stage.actors[self.approver]
            looking = verbs.look_for(session.get_one(Case, self.id), by)
            deciding.confirm(session, self.id, one.id, version=one.version, by=by, looking=looking)

        self._act(ago, act)
        return self

    def lettered(self, ago: int) -> Challenge:
        """The letter with the decisions is made, and what the leak gate still finds is given its reason."""
        self._act(ago, lambda session: decision.request_decision(session, self.id, by=self.by))
        self._act(ago, self._settle_leaks)
        return self

    def read(self, ago: int) -> Challenge:
        """The requester opens the answer."""

        def act(session: Session) -> None:
            pack, by = self._pack(session), self._requester(session)
            release.collect(session, self.id, pack.id, by=by)
            decision.reading(session, self.stage.runtime.files, session.get_one(Case, self.id), pack, by=by)

        self._act(ago, act)
        return self

    def told_recipients(self, ago: int) -> Challenge:
        """Everybody who got the wrong version is rung, but for one who never got this entry."""

        def act(session: Session) -> None:
            there = recipients.of_case(session, session.get_one(Case, self.id))
            for place, notice in enumerate(there):
                if place == 0:
                    reason = "They were given another part of the record."
                    recipients.left_out(
                        session,
                        self.id,
                        notice.id,
                        version=notice.version,
                        state="not_concerned",
                        reason=reason,
                        by=self.by,
                    )
                    continue
                words = "The entry was wrong and has been put right. Please put it right on your side."
                recipients.told(
                    session,
                    self.id,
                    notice.id,
                    version=notice.version,
                    way="phone",
                    words=words,
                    reason="They may act on it.",
                    by=self.by,
                )

        self._act(ago, act)
        return self

    def passed_on(self, ago: int, worker: Member, approver: Member) -> Challenge:
        """A review is for people who had no hand in the first answer."""

        def act() -> None:
            self.worker, self.approver = worker, approver

        self.stage.acts.append((ago, act))
        self.assigned(ago)
        return self

    def stated(self, ago: int, words: str, *, line: int = 0) -> Challenge:
        def act(session: Session) -> None:
            one = self._lines(session)[line]
            deciding.state_disagreement(session, self.id, one.id, words, by=self._requester(session))

        self._act(ago, act)
        return self

    def fed_again(self, ago: int) -> Challenge:
        """The directory sends its file once more, with the old value."""
        folder = self.stage.runtime.settings.instance / "feeds"

        def act() -> None:
            importing.run(self.stage.runtime.database, "directory", folder / "directory.csv")
            clashing.tell_of_clashes(self.stage.runtime.database)

        self.stage.acts.append((ago, act))
        return self

    def found_in_wrong_file(self, ago: int) -> Challenge:
        """Another child's data: a breach case is opened from the line."""

        def act(session: Session) -> None:
            breaches.open_breach(
                session,
                from_case=self.id,
                about="A note about another child was filed here.",
                how="Two children of one class were mixed up when the note was filed.",
                whose="One other child.",
                aware_at=db.now(),
                by=self.by,
            )

        self._act(ago, act)
        return self

    def _match(self, session: Session) -> None:
        there = self._entries(session)
        for line, label in zip(self._lines(session), self.about_labels, strict=True):
            entry = next((one for one in there if one.label == label), None)
            shown = entry is not None and entry.cls == "core"
            reason = "They were told of it at the last review meeting." if shown else ""
            lines.match(
                session,
                self.id,
                line.id,
                entry.id if entry else None,
                version=line.version,
                shown=shown,
                reason=reason,
                by=self.by,
            )

    def _lines(self, session: Session) -> list[Line]:
        return lines.of_case(session, session.get_one(Case, self.id))

    def _looking(self, session: Session) -> records.Looking:
        looking = verbs.look_for(session.get_one(Case, self.id), self.by)
        return replace(looking, restricted_because="checking")

    def _entries(self, session: Session) -> list[OpenEntry]:
        looking = self._looking(session)
        return records.read(session, looking, [one.id for one in records.heads(session, looking.child_id)])


def _register(session: Session, name: str) -> uuid.UUID:
    """The body of this name, entered with an address and a telephone number where the register has none."""
    there = next((one for one in bodies.listed(session) if one.reach.name == name), None)
    if there is not None and there.reach.email and there.reach.phone:
        return there.id
    email = f"office@{'-'.join(name.lower().replace('’', '').split()[:2])}.example.org"
    reach = bodies.Reach(name, email, "01632 960140")
    body_id, version = (there.id, there.version) if there else (None, 0)
    return bodies.keep(session, reach, body_id=body_id, version=version, actor="system", role="system")


def _says(stage: Stage, family: Family, about: str, *claims: tuple[str, Claim], **more: object) -> Challenge:
    """A carer says that these entries are wrong."""
    one = family.carers[0]
    tale = Challenge(
        stage,
        family.children[:1],
        parent(one),
        "parent",
        one.relation,
        about,
        claims=tuple(claim for _label, claim in claims),
        about_labels=tuple(label for label, _claim in claims),
        **more,  # type: ignore[arg-type]
    )
    stage.add(tale)
    return tale


def _born(family: Family) -> tuple[str, Claim]:
    day = (family.child.born + datetime.timedelta(days=9)).isoformat()
    why = "Two figures are the wrong way round. Her birth certificate shows it."
    return BORN, Claim("wrong_fact", "The day of birth", why, Value("date", day), family.child.born.isoformat())


def _lead(family: Family) -> tuple[str, Claim]:
    why = "She left last year. The worker now is Odile Farrant."
    says = Value("text", "Odile Farrant, social worker")
    return LEAD, Claim("out_of_date", "Who leads the help", why, says, family.worker)


def _note(words: str = "I never said that. Please take it out.") -> tuple[str, Claim]:
    return NOTE, Claim("should_not_be_held", "A note of a visit", words, restrict=True)


def _right(claim: Claim) -> Decided:
    return Decided("corrected", "You were right. We checked it and put it right.", LETTER, "R-101", claim.should_say)


REFUSED_IN_PART = Decided(
    "kept_marked",
    "The note stays, because it shows what was thought then. It now says that it was not confirmed.",
    "The school and the health visitor were asked.",
    "R-103",
    words="What is told here was looked into and was not confirmed.",
)
REFUSED = Decided("refused", "The note says what the worker saw and heard on that day.", "The worker's diary.", "R-103")


def new_by_phone(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "", _lead(family), channel="phone", known=False)
    tale.asker = replace(tale.asker, email="", safe_channels=())
    return tale.opened(1, entered_by=DEVAN)


def being_checked(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "we ask a question; the month goes on while we wait", _note(), worker=DEVAN)
    tale.opened(9).assigned(8).step(8, "start_checking")
    tale.step(7, "ask_question", question="Which note do you mean: the one of the visit in spring, or in autumn?")
    return tale


def looked_for(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "we are looking for what she means", _lead(family))
    tale.opened(6).assigned(5).step(5, "start_checking").step(5, "accept_identity", known_by="known")
    tale.step(4, "accept_authority", basis="mother", orders="None known.").step(4, "start_finding")
    return tale


def source_asked(stage: Stage, family: Family) -> Challenge:
    claims = (_born(family), _note())
    tale = _says(stage, family, "disputed; the source of one entry is asked, the use of the other is limited", *claims)
    return tale.opened(12).disputed(10).asked_source(8, "Children’s directory")


def waits_for_second(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "one line is put right, a refusal waits for the approver", _lead(family), _note())
    return tale.opened(18).disputed(16).decided(9, _right(tale.claims[0])).decided(8, REFUSED, line=1)


def feed_says_otherwise(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "put right, and the directory sent the old value again", _born(family), worker=SORREL)
    return tale.opened(20).disputed(18).decided(11, _right(tale.claims[0])).fed_again(3)


def wrong_child(stage: Stage, family: Family) -> Challenge:
    claim = Claim("about_someone_else", "A note of a visit", "This is not about him. We were not there that day.")
    tale = _says(stage, family, "another child's note was in the file: a breach case is open", (NOTE, claim))
    return tale.opened(8).disputed(6).found_in_wrong_file(1)


def waits_for_approval(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "the answer waits for a second pair of eyes", _lead(family))
    tale.opened(22).disputed(20).decided(9, _right(tale.claims[0])).lettered(5).step(5, "send_to_approval")
    return tale


def answer_ready(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "our answer waits to be read: sign in with both steps", _lead(family), _note())
    tale.opened(27).disputed(25).decided(12, _right(tale.claims[0])).decided(12, REFUSED, line=1).confirmed(11, line=1)
    tale.lettered(6).step(6, "send_to_approval").approved(4).released(4)
    return tale


def statement_written(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "refused; her statement stands beside the note from now on", _note())
    tale.opened(40).disputed(38).decided(26, REFUSED).confirmed(25).lettered(20).step(20, "send_to_approval")
    tale.approved(18).released(18).read(16)
    return tale.stated(12, "I was tired that evening and the worker did not ask why. I would like that to be read too.")


def finished(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "finished: put right, and everybody who had it was told", _lead(family), worker=DEVAN)
    tale.opened(60).disputed(58).decided(44, _right(tale.claims[0])).told_recipients(43).lettered(40)
    tale.step(40, "send_to_approval").approved(38).released(38).read(36).step(30, "close")
    return tale


def looked_at_again(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "she asked for a review: somebody new looks at it", _note())
    tale.opened(50).disputed(48).decided(36, REFUSED).confirmed(35).lettered(30).step(30, "send_to_approval")
    tale.approved(28).released(28).read(26)
    tale.step(14, "ask_review", requester=True, because="Nobody asked the school, which was there.")
    return tale


def answered_again(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "the second answer, by people who were not involved, waits to be approved", _note())
    tale.opened(64).disputed(62).decided(52, REFUSED).confirmed(51).lettered(46).step(46, "send_to_approval")
    tale.approved(44).released(44).read(42)
    tale.step(34, "ask_review", requester=True, because="The note leaves out what my sister saw.")
    tale.passed_on(33, DEVAN, HESTER).decided(20, REFUSED_IN_PART, kept_as="allegation").confirmed(19).lettered(15)
    tale.step(15, "send_to_approval_again")
    return tale


def not_shown(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "refused: it was not shown that she may act", _lead(family))
    tale.opened(45).assigned(44).step(44, "start_checking").step(44, "accept_identity", known_by="papers")
    tale.step(43, "ask_authority", doubt="order-or-dispute", proof="court-order")
    reason, words = "No order after two letters.", "You have not shown us that you may ask for this."
    tale.step(20, "propose_refusal", ground="no-authority", reason=reason, explanation=words)
    tale.step(19, "refuse_for_authority", approver=True)
    return tale


def taken_back(stage: Stage, family: Family) -> Challenge:
    tale = _says(stage, family, "taken back by herself", _lead(family))
    tale.opened(30).disputed(28).step(22, "withdraw", requester=True, sure=True)
    return tale


CAST: tuple[tuple[Story, Cast], ...] = (
    (new_by_phone, Cast((6,), notes=2)),
    (being_checked, Cast((9,), notes=3)),
    (looked_for, Cast((11,), notes=3)),
    (source_asked, Cast((8,), notes=4)),
    (waits_for_second, Cast((10,), notes=3)),
    (feed_says_otherwise, Cast((7,), notes=4)),
    (wrong_child, Cast((5,), notes=3)),
    (waits_for_approval, Cast((10,), notes=4)),
    (answer_ready, Cast((9,), notes=4)),
    (statement_written, Cast((9,), notes=4)),
    (finished, Cast((8,), notes=4)),
    (looked_at_again, Cast((8,), notes=3)),
    (answered_again, Cast((7,), notes=3)),
    (not_shown, Cast((6,), apart=True, notes=2)),
    (taken_back, Cast((4,), notes=2)),
)


def tell(stage: Stage, families: Sequence[Family]) -> None:
    """Puts every challenge on the stage; `families` are in the order of CAST."""
    for (story, _cast), family in zip(CAST, families, strict=False):
        story(stage, family)

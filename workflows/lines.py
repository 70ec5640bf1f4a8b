"""What becomes of one challenged line: UK GDPR Articles 16 to 18, and R-100 to R-111.

A table apart from the case's, because each line is decided by itself: received, then disputed from the passed check,
then decided or taken back. An outcome that gives less than was asked, or destroys something, is proposed by one person
and counts when another confirms it.

Values come as plain text, as they are stored; the names here are those texts. Unknown facts refuse.
"""

from dataclasses import dataclass
from enum import StrEnum

from workflows.facts import NOBODY
from workflows.table import Role
from workflows.words import mark as _

MOST_WORDS = 2000  # of a statement


class LineState(StrEnum):
    RECEIVED = "received"
    DISPUTED = "disputed"
    PROPOSED = "proposed"  # waits for a second person
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class LineKind(StrEnum):
    """What the requester says is wrong."""

    WRONG_FACT = "wrong_fact"
    OUT_OF_DATE = "out_of_date"
    INCOMPLETE = "incomplete"
    ABOUT_SOMEONE_ELSE = "about_someone_else"
    SHOULD_NOT_BE_HELD = "should_not_be_held"
    OPINION_NOT_MARKED = "opinion_not_marked"
    WRONG_SOURCE = "wrong_source"

    @property
    def words(self) -> str:
        return _KIND_WORDS[self]


class Outcome(StrEnum):
    CORRECTED = "corrected"
    COMPLETED = "completed"
    STATEMENT_ADDED = "statement_added"
    OPINION_LABELLED = "opinion_labelled"
    RESTRICTED = "restricted"
    ERASED = "erased"
    KEPT_MARKED = "kept_marked"  # a mistake since put right, or an allegation with its outcome
    MOVED = "moved"  # another child's data: gone from this record, once a breach case is open
    PARTLY = "partly"
    REFUSED = "refused"
    NOT_ANSWERED_HERE = "not_answered_here"  # nothing that this person may be told

    @property
    def label(self) -> str:
        """The staff's words."""
        return _LABELS[self]


# Less than was asked, or something destroyed: never by one person.
NEEDS_SECOND = frozenset(
    {
        Outcome.PARTLY,
        Outcome.REFUSED,
        Outcome.KEPT_MARKED,
        Outcome.ERASED,
        Outcome.MOVED,
        Outcome.NOT_ANSWERED_HERE,
    }
)
# The requester may have somebody new look at these. "Not answered here" is always among them: were it only so where
# something is held, the offer itself would tell.
REVIEWABLE = frozenset({Outcome.PARTLY, Outcome.REFUSED, Outcome.KEPT_MARKED, Outcome.NOT_ANSWERED_HERE})
# The requester's own statement can stand beside the entry.
STATEABLE = frozenset({Outcome.PARTLY, Outcome.REFUSED, Outcome.KEPT_MARKED})
# What is in the record is destroyed.
DESTROYING = frozenset({Outcome.ERASED, Outcome.MOVED})
# care records are kept to the 75th birthday, those of an adoption 100 years. Nothing here shortens that.
KEPT_BY_LAW = frozenset({"social care", "adoption"})

_OPEN = frozenset({LineState.RECEIVED, LineState.DISPUTED, LineState.PROPOSED})


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """One line as `actor` sees it who acts in `role`. Persons are given by opaque ids, never by name."""

    state: str
    kind: str = ""
    outcome: str | None = None  # what is proposed or decided
    matched: bool = False  # somebody settled which entry is meant, or that none is
    has_entry: bool = False
    shown: bool = False  # the requester may be told of the entry
    gone: bool = False  # the entry was destroyed meanwhile, by a decision for somebody else
    category: str = ""  # of the entry's data; empty where it is not known
    actor: str | None = None
    role: Role | None = None
    proposed_by: str | None = None
    involved_before: frozenset[str] = NOBODY  # had a hand in the answer of which a review was asked for
    access_case_open: bool | None = None  # somebody has asked for this child's record and has no answer yet
    breach_opened: bool | None = None


def may_decide(facts: LineFacts, outcome: str, *, confirming: bool = False) -> str | None:
    """Why this outcome cannot be chosen for the line, or None.

    With `confirming` only what must be true of the line and the outcome is asked, and not of who decides: it is
    asked again when a proposal is confirmed, because an access case may have come in since (R-81)."""
    if not confirming and (reason := _decider_fault(facts)):
        return reason
    if not any(outcome == one for one in Outcome):
        return _("Choose what is to become of this line.")
    return _fits_requester(facts, outcome) or _is_there(facts, outcome) or _may_be_destroyed(facts, outcome)


def may_confirm(facts: LineFacts) -> str | None:
    """Why what is proposed for the line cannot be confirmed or turned down by this actor, or None."""
    if facts.state != LineState.PROPOSED or facts.proposed_by is None:
        return _("Nothing is proposed for this line that waits for a second person.")
    if facts.role is not Role.APPROVER:
        return _("A second person confirms this who may approve.")
    if facts.actor is None:
        return _NOT_KNOWN
    if facts.actor == facts.proposed_by:
        return _("You proposed this. Ask somebody else to confirm it.")
    return _INVOLVED if facts.actor in facts.involved_before else None


def may_withdraw(state: str) -> str | None:
    """Why the requester cannot take the line back any more, or None."""
    return None if state in _OPEN else _("This line is finished, so it cannot be taken back.")


def may_state(state: str, outcome: str | None, *, shown: bool) -> str | None:
    """Why no statement of the requester can be put beside the entry, or None.

    Asked once the answer is out: before that, to say yes or no would tell what is decided."""
    if shown and state == LineState.DECIDED and outcome in STATEABLE:
        return None
    return _("You can write a statement where we did not make the change you asked for.")


def needs_second(outcome: str, *, shown: bool) -> bool:
    """Whether the outcome counts only when a second person confirms it. So does every decision on a line of which the
    requester is told nothing: they cannot notice a mistake."""
    return outcome in NEEDS_SECOND or not shown


def after(outcome: str, *, shown: bool) -> LineState:
    """Where the line stands once somebody chose this outcome for it."""
    return LineState.PROPOSED if needs_second(outcome, shown=shown) else LineState.DECIDED


def answer(outcome: str, *, shown: bool) -> Outcome:
    """The outcome as the requester is told it: one and the same for what is not held, and for what they may not know
    of, whatever was put right in the record there (R-56, R-92)."""
    return Outcome(outcome) if shown else Outcome.NOT_ANSWERED_HERE


def told(state: str, outcome: str | None = None, *, answered: bool, shown: bool, in_own_right: bool = False) -> str:
    """What the requester reads of the line. Until the answer is out (`answered`) every line that was not taken back
    reads alike: whoever saw it disputed would know that the check was passed, and what the child did not say (R-92).

    Somebody who asks for themselves is told at once that it is marked: no child was asked. Of an entry that they may
    not know of nothing is told even to them, and what is decided is told to nobody before the answer is out."""
    if state == LineState.WITHDRAWN:
        return _("You took this back.")
    if not answered or state != LineState.DECIDED or outcome is None:
        marked = in_own_right and shown and state in _PAST_CHECK
        return _MARKED_TOLD if marked else _("We are looking into this.")
    return _TOLD[answer(outcome, shown=shown)]


def _decider_fault(facts: LineFacts) -> str | None:
    if facts.state == LineState.RECEIVED:
        return _("It is not settled yet who asks. Pass the check first; then the lines are decided.")
    if facts.state == LineState.PROPOSED:
        return _("A proposal waits for a second person. It is confirmed or turned down first.")
    if facts.state != LineState.DISPUTED:
        return _("This line is finished. Nothing more is decided about it here.")
    if facts.role is not Role.CASEWORKER:
        return _("A caseworker decides the lines. Others confirm what has to be confirmed.")
    if facts.actor is None:
        return _NOT_KNOWN
    return _INVOLVED if facts.actor in facts.involved_before else None


def _fits_requester(facts: LineFacts, outcome: str) -> str | None:
    """Where nothing is held there is one answer. Of what is held and may not be told, the record can be put right all
    the same: data must be accurate (Article 5(1)(d)); what the requester reads is `answer`."""
    if not facts.matched:
        return _("Say first which entry is meant, or that none is.")
    if facts.has_entry and facts.shown and outcome == Outcome.NOT_ANSWERED_HERE:
        return _("The requester may be told of this entry, so they get an answer with reasons.")
    if not facts.has_entry and outcome != Outcome.NOT_ANSWERED_HERE:
        return _("No entry is matched to this line, so nothing can be changed. Choose “not answered here”.")
    return None


def _is_there(facts: LineFacts, outcome: str) -> str | None:
    """What is destroyed is answered as destroyed: nothing else can be said of it any more."""
    if facts.gone and outcome not in {Outcome.ERASED, Outcome.NOT_ANSWERED_HERE}:
        return _("This entry was destroyed already, by another decision. Choose “erased”: nothing else is left to do.")
    return None


def _may_be_destroyed(facts: LineFacts, outcome: str) -> str | None:
    if outcome not in DESTROYING or facts.gone:
        return None
    if facts.access_case_open is not False:  # to destroy what somebody has asked to see is a crime
        return _("Somebody has asked to see this record. Nothing in it is destroyed before they have their answer.")
    if outcome == Outcome.MOVED:
        opened = facts.breach_opened is True
        return None if opened else _("Another child’s information was in this record. Open a breach case first.")
    if not facts.category or facts.category in KEPT_BY_LAW:
        return _("The law says how long this record is kept, so it cannot be erased. Restrict or mark it instead.")
    return None


_PAST_CHECK = frozenset({LineState.DISPUTED, LineState.PROPOSED, LineState.DECIDED})
_MARKED_TOLD = _("We marked this in the record: you say that it is wrong. We are looking into it.")
_NOT_KNOWN = _("It is not known who does this. A second person must be able to be told apart.")
_INVOLVED = _("You were involved the first time. Ask somebody who was not.")
_KIND_WORDS = {
    LineKind.WRONG_FACT: _("It is not true"),
    LineKind.OUT_OF_DATE: _("It was true once, but not any more"),
    LineKind.INCOMPLETE: _("Something is missing"),
    LineKind.ABOUT_SOMEONE_ELSE: _("It is about somebody else"),
    LineKind.SHOULD_NOT_BE_HELD: _("You should not keep this"),
    LineKind.OPINION_NOT_MARKED: _("It is what somebody thinks, but it reads like a fact"),
    LineKind.WRONG_SOURCE: _("It did not come from who you say it came from"),
}
_LABELS = {
    Outcome.CORRECTED: _("Corrected"),
    Outcome.COMPLETED: _("Completed"),
    Outcome.STATEMENT_ADDED: _("Statement added"),
    Outcome.OPINION_LABELLED: _("Labelled as an opinion"),
    Outcome.RESTRICTED: _("Restricted"),
    Outcome.ERASED: _("Erased"),
    Outcome.KEPT_MARKED: _("Kept as history, and marked"),
    Outcome.MOVED: _("About another child: taken out of this record"),
    Outcome.PARTLY: _("Changed in part"),
    Outcome.REFUSED: _("Refused"),
    Outcome.NOT_ANSWERED_HERE: _("Not answered here"),
}
_TOLD = {
    Outcome.CORRECTED: _("You were right. We put it right."),
    Outcome.COMPLETED: _("You were right. We added what was missing."),
    Outcome.STATEMENT_ADDED: _("We added words that stand next to it from now on."),
    Outcome.OPINION_LABELLED: _("We now say that it is what somebody thinks, and who."),
    Outcome.RESTRICTED: _("We keep it, but we do not use it. Only a few reasons in the law allow us to open it."),
    Outcome.ERASED: _("We deleted it."),
    Outcome.KEPT_MARKED: _("We keep it because it shows what happened. We marked what is wrong with it."),
    Outcome.MOVED: _("It was not about you or your child. We took it out."),
    Outcome.PARTLY: _("We changed a part of it. Our answer says why we did not change the rest."),
    Outcome.REFUSED: _("We did not change it. Our answer says why, and what you can do."),
    Outcome.NOT_ANSWERED_HERE: _("There is nothing about this that we can tell you. Our answer says what you can do."),
}

"""The steps that every kind of case has which somebody asks for: who asks, in which right, what the child says, more
time, a refusal of the whole, and taking it back (R-49). A kind of case says in which of its states they can be taken.
"""

from dataclasses import replace

from workflows import guards as g
from workflows.clock import EventName
from workflows.kinds.answers import (
    AUTHORITY_DOUBT,
    AUTHORITY_PROOF,
    BASIS,
    CAME_ON,
    CHILD_SAID,
    CHILD_SAID_MORE,
    COMPETENCE,
    COMPETENCE_WEIGHED,
    EXTEND_BECAUSE,
    FIRST_TO_PERSON,
    IDENTITY_DOUBT,
    IDENTITY_KNOWN_BY,
    NOT_ASKED_BECAUSE,
    REASON,
    REFUSAL_LETTER_SAYS,
    RIGHT,
)
from workflows.table import Addressee, Ask, Need, Role, State, Step
from workflows.words import mark as _

States = tuple[State, ...]
Steps = tuple[Step, ...]

CASEWORKER = (Role.CASEWORKER,)
APPROVER = (Role.APPROVER,)
STAFF = (Role.CASEWORKER, Role.APPROVER)
SYSTEM = (Role.SYSTEM,)
CHILDS_ANSWER = (Role.CASEWORKER, Role.CHILD, Role.SYSTEM)  # by their own card, or told to somebody who writes it down

# Below, a step is written without its states, which differ from kind to kind.
NOWHERE: States = ()


def within(states: States, *steps: Step, to: State | None = None) -> Steps:
    """The steps as they can be taken in these states; with `to`, they lead there."""
    return tuple(replace(step, from_states=states, to=to) for step in steps)


# Opening, and the day of receipt

_START_CHECKING = Step(
    name="start_checking",
    label=_("Start"),
    from_states=NOWHERE,
    roles=(Role.CASEWORKER, Role.SYSTEM),
    told=_("We started work on it."),
)
# The whole clock hangs on this day, so moving it takes a reason and a second person.
_PROPOSE_RECEIPT_DAY = Step(
    name="propose_receipt_day",
    label=_("Propose another day of receipt"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.receipt_day_not_proposed,),
    needs=(
        Need(
            "day",
            _("On which day did the request really reach us?"),
            Ask.DATE,
            hint=_("The first day it reached any part of the organisation, in any way."),
        ),
        REASON,
    ),
    checks=(g.not_in_the_future("day"),),
)
_CONFIRM_RECEIPT_DAY = Step(
    name="confirm_receipt_day",
    label=_("Confirm the other day of receipt"),
    from_states=NOWHERE,
    roles=APPROVER,
    guards=(g.receipt_day_proposed,),
    letter="receipt_day_changed",
    told=_("We put right the day on which you asked us."),
)
_DECLINE_RECEIPT_DAY = Step(
    name="decline_receipt_day",
    label=_("Turn down the other day of receipt"),
    from_states=NOWHERE,
    roles=APPROVER,
    guards=(g.receipt_day_proposed,),
    needs=(REASON,),
)


def opening(*, received: State, checking: State, unanswered: States) -> Steps:
    return (
        *within((received,), _START_CHECKING, to=checking),
        *within(unanswered, _PROPOSE_RECEIPT_DAY, _CONFIRM_RECEIPT_DAY, _DECLINE_RECEIPT_DAY),
    )


# Who is asking

_ASK_IDENTITY = Step(
    name="ask_identity",
    label=_("Ask for proof of identity"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.identity_may_be_asked,),
    needs=(IDENTITY_DOUBT, Need("proof", _("What would settle it? Name more than one way."))),
    clock=EventName.IDENTITY_REQUESTED,
    letter="identity_asked",
    told=_("We asked you to show us who you are."),
)
_RECORD_IDENTITY = Step(
    name="record_identity",
    label=_("Record that proof of identity came"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.identity_awaited,),
    needs=(CAME_ON,),
    checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("identity")),
    clock=EventName.IDENTITY_RECEIVED,
    told=_("We got what you sent to show who you are."),
)
_ACCEPT_IDENTITY = Step(
    name="accept_identity",
    label=_("Accept identity"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.identity_can_be_decided,),
    needs=(IDENTITY_KNOWN_BY,),
    settles=EventName.IDENTITY_RECEIVED,
    told=_("We know who you are."),
)
# To say what is missing is to ask again: the time begins when that comes, as the letter says.
_REFUSE_IDENTITY_EVIDENCE = Step(
    name="refuse_identity_evidence",
    label=_("Turn down the proof of identity, and ask for what is missing"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.identity_evidence_here,),
    needs=(Need("missing", _("What is missing, in words for the requester?")),),
    clock=EventName.IDENTITY_REQUESTED,
    letter="identity_not_enough",
    told=_("What you sent does not show yet who you are. We wrote to you about it."),
)


def identity(*, before_approval: States, unanswered: States) -> Steps:
    return (
        *within(before_approval, _ASK_IDENTITY),
        *within(unanswered, _RECORD_IDENTITY, _ACCEPT_IDENTITY, _REFUSE_IDENTITY_EVIDENCE),
    )


# Whether they may act

_ASK_AUTHORITY = Step(
    name="ask_authority",
    label=_("Ask for proof of authority"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.authority_may_be_asked,),
    needs=(AUTHORITY_DOUBT, AUTHORITY_PROOF),
    clock=EventName.AUTHORITY_REQUESTED,
    letter="authority_asked",
)
_RECORD_AUTHORITY = Step(
    name="record_authority",
    label=_("Record that proof of authority came"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.authority_awaited,),
    needs=(CAME_ON,),
    checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("authority")),
    clock=EventName.AUTHORITY_RECEIVED,
    told=_("We got what you sent to show that you may ask."),
)
# Told to nobody: whoever read that they may ask, and then that they get nothing, would know who said no.
_ACCEPT_AUTHORITY = Step(
    name="accept_authority",
    label=_("Accept authority"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.authority_can_be_decided,),
    needs=(
        BASIS,
        Need("valid_from", _("First day on which it counts, if that is later than today"), Ask.DATE, required=False),
        Need("valid_until", _("Last day on which it counts, if it ends"), Ask.DATE, required=False),
        Need("limits", _("What it is limited to, if it is limited"), required=False),
        Need("seen", _("Which proof was seen, and of what day? The papers are destroyed; this stays."), required=False),
        Need("reasons", _("Why is it enough? Rule, facts and proof."), hint=_("Only staff see this."), required=False),
        Need("orders", _("Court orders read, and what they say. Write none if there are none.")),
        FIRST_TO_PERSON,
    ),
    checks=(g.basis_fits, g.authority_days_in_order),
    settles=EventName.AUTHORITY_RECEIVED,
)
_AUTHORITY_BEGINS = Step(
    name="authority_begins",
    label=_("The authority to act counts from today"),
    from_states=NOWHERE,
    roles=SYSTEM,
    guards=(g.authority_begins_today,),
)
_REFUSE_AUTHORITY_EVIDENCE = Step(
    name="refuse_authority_evidence",
    label=_("Turn down the proof of authority, and ask for what is missing"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.authority_evidence_here,),
    needs=(Need("missing", _("What is missing, in words for the requester?")),),
    clock=EventName.AUTHORITY_REQUESTED,
    letter="authority_not_enough",
    told=_("What you sent does not show yet that you may ask. We wrote to you about it."),
)
# told to nobody. A representative reads the same sentence whether the person saw it first or not.
_RECORD_SEEN_FIRST = Step(
    name="record_seen_first",
    label=_("Record that the person saw it first"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.sent_first,),
    needs=(
        CAME_ON,
        Need("way", _("Who showed it to them, where and how?")),
        Need(
            "agrees",
            _("Do they agree that it goes on to who acts for them?"),
            Ask.YESNO,
            hint=_("If they do not, they have taken their authority back: check again whether it may go."),
        ),
    ),
    checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.said_yes("agrees")),
)
# What somebody ticks on a form is no more than what they say: "it is about me" lifts every other check. Who asks
# is looked at afresh, and copies made for another right are called back.
_RECORD_RIGHT = Step(
    name="record_right",
    label=_("Record in what right the requester asks"),
    from_states=NOWHERE,
    roles=STAFF,
    needs=(RIGHT, REASON),
    settles=EventName.AUTHORITY_RECEIVED,
    voids_approval=True,
    recalls=True,
)


def authority(
    *, before_approval: States, unanswered: States, working: States, checking: State, asked_for: str
) -> Steps:
    """`asked_for` is the line of the timeline that says what was asked to be shown."""
    return (
        *within(before_approval, replace(_ASK_AUTHORITY, told=asked_for)),
        *within(unanswered, _RECORD_AUTHORITY),
        *within(before_approval, _ACCEPT_AUTHORITY, _REFUSE_AUTHORITY_EVIDENCE, _AUTHORITY_BEGINS),
        *within(working, _RECORD_RIGHT, to=checking),
    )


def seen_first(*, approvals: States) -> Steps:
    """`approvals`: where what is approved waits to be released."""
    return within(approvals, _RECORD_SEEN_FIRST)


# The child's own view. None of these is in the requester's timeline or stops the clock.

_ASSESS_COMPETENCE = Step(
    name="assess_competence",
    label=_("Assess whether the child can decide"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.about_a_child,),
)
_ASK_CHILD = Step(
    name="ask_child",
    label=_("Ask the child"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.about_a_child, g.child_unanswered, g.safe_to_ask),
    needs=(
        Need("way", _("Who asks, where and how?")),
        Need(
            "safe",
            _("Why is this safe for the child?"),
            hint=_("Nobody who may put pressure on the child should learn of it."),
        ),
    ),
    letter="child_views_asked",
    letter_to=Addressee.CHILD,
)
_RECORD_CHILD_ANSWER = Step(
    name="record_child_answer",
    label=_("Record the child's answer"),
    from_states=NOWHERE,
    roles=CHILDS_ANSWER,
    guards=(g.about_a_child,),
    needs=(CHILD_SAID, *CHILD_SAID_MORE),
    checks=(g.parts_named,),
)
# A second question can put the child at risk who said so. Somebody else than the caseworker weighs it.
_ALLOW_ASKING_AGAIN = Step(
    name="allow_asking_again",
    label=_("Allow the child to be asked again"),
    from_states=NOWHERE,
    roles=APPROVER,
    guards=(g.about_a_child, g.said_unsafe),
    needs=(Need("reason", _("The child said that it is not safe to be asked again. What makes it safe now?")),),
)
_RECORD_CHILD_NOT_ASKED = Step(
    name="record_child_not_asked",
    label=_("Record why the child was not asked"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.about_a_child, g.child_unanswered, g.child_not_waiting_to_talk),
    needs=(NOT_ASKED_BECAUSE, REASON),
)
_DECIDE_BEST_INTERESTS = Step(
    name="decide_best_interests",
    label=_("Decide that it is plainly in the child's best interests"),
    from_states=NOWHERE,
    roles=APPROVER,
    guards=(g.about_a_child, g.best_interests_open),
    needs=(REASON,),
)


# The reviewer's part of two: whoever approves is somebody else, and reads the same limit.
_CONFIRM_PARTS = Step(
    name="confirm_parts",
    label=_("Confirm that it keeps to what the child said yes to"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.parts_to_keep, g.pack_assembled),
    needs=(
        Need("keeps", _("I read it against the child's words: nothing in it goes beyond them"), Ask.YESNO),
        Need("reason", _("How does it keep to them?"), hint=_("Only staff see this.")),
    ),
    checks=(g.said_yes("keeps"),),
)


def child_view(*, before_approval: States, reviewing: States, weighed: tuple[Need, ...] = COMPETENCE_WEIGHED) -> Steps:
    """`reviewing`: where what is given is put together; `weighed` are the seven questions of R-47 as they read for
    this kind of case."""
    return (
        *within(
            before_approval,
            replace(_ASSESS_COMPETENCE, needs=(COMPETENCE, *weighed)),
            _ASK_CHILD,
            _RECORD_CHILD_ANSWER,
            _ALLOW_ASKING_AGAIN,
            _RECORD_CHILD_NOT_ASKED,
            _DECIDE_BEST_INTERESTS,
        ),
        *within(reviewing, _CONFIRM_PARTS),
    )


# More time

_EXTEND = Step(
    name="extend",
    label=_("Take two more months"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.may_extend,),
    needs=(EXTEND_BECAUSE, Need("explanation", _("The reason, in the words of the letter"))),
    clock=EventName.EXTENDED,
    letter="extension",
    told=_("We need more time. We wrote to you to say why."),
)


def extension(*, unanswered: States) -> Steps:
    return within(unanswered, _EXTEND)


# A refusal of the whole, and the requester's own word that it is over

_PROPOSE_REFUSAL = Step(
    name="propose_refusal",
    label=_("Propose to refuse"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    guards=(g.no_proposal_open,),
    checks=(g.ground_holds,),
)
_DECLINE_REFUSAL = Step(
    name="decline_refusal",
    label=_("Turn down the refusal"),
    from_states=NOWHERE,
    roles=APPROVER,
    guards=(g.refusal_proposed,),
    needs=(REASON,),
)
_WITHDRAW = Step(
    name="withdraw",
    label=_("Take the request back"),
    from_states=NOWHERE,
    roles=(Role.REQUESTER,),
    needs=(Need("sure", _("Do you want to take your request back?"), Ask.YESNO),),
    checks=(g.said_yes("sure"),),
    letter="withdrawn",
    told=_("You took it back."),
    voids_approval=True,
)
_RECORD_WITHDRAWAL = Step(
    name="record_withdrawal",
    label=_("Record that the requester took it back"),
    from_states=NOWHERE,
    roles=CASEWORKER,
    needs=(CAME_ON, Need("said", _("How did they say so, and in what words?"))),
    checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on")),
    letter="withdrawn",
    told=_("You took it back."),
    voids_approval=True,
)


def refusal_proposed(*, before_approval: States, ground: Need) -> Steps:
    proposed = replace(_PROPOSE_REFUSAL, needs=(ground, REASON, REFUSAL_LETTER_SAYS))
    return within(before_approval, proposed, _DECLINE_REFUSAL)


def withdrawal(*, unanswered: States, withdrawn: State) -> Steps:
    return within(unanswered, _WITHDRAW, _RECORD_WITHDRAWAL, to=withdrawn)

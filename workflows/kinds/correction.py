"""Correction: UK GDPR Articles 16, 18 and 19, within the time of Article 12A.

Somebody says that the record about a child, or about themselves in it, is wrong. Read from top to bottom: the states,
the answers the steps ask for, then the steps in the order in which a case meets them. What becomes of each challenged
line is decided line by line, by the table in `workflows.lines`; this one leads the case to its answer.

Four promises shape the table.

*Who may challenge is settled as for a request* (R-49). Before the check is passed nothing in the record is marked and
nothing is decided.

*Nobody learns from us what a child said.* From checking to the answer the requester reads one and the same sentence,
and passing the check is not told: whoever saw that day would know that the child had not said no (R-92).

*Nothing stops the month.* There is no pause for a question here (R-17), nor for a source, a child or a professional.

*Nothing irreversible by one person.* The answer takes two, and a review of it takes people who were not involved.
"""

from dataclasses import replace

from workflows import guards as g
from workflows import line_guards as lg
from workflows.facts import RefusalGround
from workflows.kinds import asking, undoing
from workflows.kinds.answers import CAME_ON, COMPETENCE_WEIGHED, CONFIRMATIONS, REASON, refusal_ground
from workflows.kinds.asking import APPROVER, CASEWORKER, STAFF, SYSTEM
from workflows.table import Need, Role, State, Step, Turn, Workflow
from workflows.words import mark as _

# States

_WORKING_TOLD = _("We are looking into it.")
_AGAIN_TOLD = _("You asked us to look again. Somebody new is looking at it.")
_WORKING_NEXT = _("We will tell you when there is something new. You can write to us at any time.")

RECEIVED = State(
    "received",
    told=_("We have got what you told us."),
    label=_("Challenge received"),
    turn=Turn.AUTHORITY,
    next=_("We will start work on it. If we need anything from you, we will ask."),
)
CHECKING = State("checking", _WORKING_TOLD, _("Checking who is asking"), Turn.AUTHORITY, _WORKING_NEXT)
FINDING = State("finding", _WORKING_TOLD, _("Finding what is meant"), Turn.AUTHORITY, _WORKING_NEXT)
WEIGHING = State("weighing", _WORKING_TOLD, _("Weighing each line"), Turn.AUTHORITY, _WORKING_NEXT)
APPROVAL = State("approval", _WORKING_TOLD, _("Approval"), Turn.AUTHORITY, _WORKING_NEXT)
READY = State(
    "ready",
    told=_("Our answer is ready."),
    label=_("Answer ready"),
    turn=Turn.REQUESTER,
    next=_("You can read it here or keep a copy. You need your code for it."),
    answered=True,
)
COLLECTED = State(
    "collected",
    told=_("You have read our answer."),
    label=_("Answer read"),
    turn=Turn.NOBODY,
    next=_("You can read it again. It says what you can do if you do not agree."),
    answered=True,
)
# The law's month was met by the first answer.
RECONSIDERING = State("reconsidering", _AGAIN_TOLD, _("Looking again"), Turn.AUTHORITY, _WORKING_NEXT, answered=True)
APPROVAL_AGAIN = State(
    "approval_again", _AGAIN_TOLD, _("Approval of the second answer"), Turn.AUTHORITY, _WORKING_NEXT, answered=True
)
CLOSED = State(
    "closed",
    told=_("This is finished."),
    label=_("Closed"),
    turn=Turn.NOBODY,
    next=_("You can still write to us. If you are not happy, you can complain."),
    final=True,
)
REFUSED = State(
    "refused",
    told=_("We cannot do what you asked."),
    label=_("Refused"),
    turn=Turn.NOBODY,
    next=_("Our letter tells you why and how to complain."),
    final=True,
)
WITHDRAWN = State(
    "withdrawn",
    told=_("You took back what you told us."),
    label=_("Withdrawn"),
    turn=Turn.NOBODY,
    next=_("You can tell us again at any time."),
    final=True,
)

WORKING = (CHECKING, FINDING, WEIGHING, APPROVAL)  # one sentence to the requester in all four
BEFORE_APPROVAL = (CHECKING, FINDING, WEIGHING)
UNANSWERED = (RECEIVED, *WORKING)
LOOKING_AGAIN = (RECONSIDERING, APPROVAL_AGAIN)
OUT = (READY, COLLECTED, *LOOKING_AGAIN)  # an answer has gone out and can be called back
OPEN = (*UNANSWERED, *OUT)
PAST_CHECKING = (FINDING, WEIGHING, APPROVAL, *OUT)
APPROVALS = (APPROVAL, APPROVAL_AGAIN)

# Answers

REFUSAL_GROUND = refusal_ground(
    RefusalGround.NO_IDENTITY,
    RefusalGround.NO_AUTHORITY,
    RefusalGround.MAY_NOT_ACT,
    RefusalGround.CHILD_DECIDES,
    RefusalGround.UNFOUNDED,
    RefusalGround.EXCESSIVE,
    RefusalGround.SUBJECT_HAS_DIED,
)
# The questions of R-47, asked about a challenge in place of access.
_OF_A_CHALLENGE = {
    "nature": _("What kind of information is said to be wrong?"),
    "consequences": _("What could follow from changing it, above all where abuse is alleged?"),
    "detriment": _("What would the child lose if it is not changed?"),
}
WEIGHED = tuple(replace(need, label=_OF_A_CHALLENGE.get(need.name, need.label)) for need in COMPETENCE_WEIGHED)
AGAIN_BECAUSE = Need("because", _("What should we look at again, and why?"))

# Steps: who is asking, in which right, and the child's own view

OPENING = asking.opening(received=RECEIVED, checking=CHECKING, unanswered=UNANSWERED)
IDENTITY = asking.identity(before_approval=BEFORE_APPROVAL, unanswered=UNANSWERED)
AUTHORITY = asking.authority(
    before_approval=BEFORE_APPROVAL,
    unanswered=UNANSWERED,
    working=WORKING,
    checking=CHECKING,
    asked_for=_("We asked you to show us that you may ask for this."),
)
CHILD = asking.child_view(before_approval=BEFORE_APPROVAL, reviewing=(WEIGHING, RECONSIDERING), weighed=WEIGHED)

# Steps: a question, which stops no clock, and more time

CLOCK = (
    Step(
        name="ask_question",
        label=_("Ask the requester a question"),
        from_states=(*BEFORE_APPROVAL, RECONSIDERING),
        roles=CASEWORKER,
        guards=(lg.question_free,),
        needs=(
            Need(
                "question",
                _("The question, in the words of the letter"),
                hint=_("The month goes on while we wait: the law has no pause for a correction."),
            ),
        ),
        letter="question_asked",
        told=_("We asked you a question."),
    ),
    Step(
        name="answer_question",
        label=_("Answer the question"),
        from_states=OPEN,
        roles=(Role.REQUESTER,),
        guards=(lg.question_open,),
        needs=(Need("answer", _("Your answer")),),
        told=_("You answered our question."),
    ),
    Step(
        name="record_question_answer",
        label=_("Record the answer to the question"),
        from_states=OPEN,
        roles=CASEWORKER,
        guards=(lg.question_open,),
        needs=(CAME_ON, Need("answer", _("The answer"))),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("question")),
        told=_("You answered our question."),
    ),
    *asking.extension(unanswered=UNANSWERED),
)

# Steps: finding what is meant, and from the passed check to the answer

ANSWER = (
    Step(
        name="start_finding",
        label=_("Start to look for what is meant"),
        from_states=(CHECKING,),
        to=FINDING,
        roles=CASEWORKER,
        # The child's view may still be open: waiting for it must not cost the requester time.
        guards=(g.identity_accepted, g.authority_settled, g.not_grown_up_since),
    ),
    # From here on the entries are disputed for whoever reads them. Told to nobody: see above.
    Step(
        name="pass_check",
        label=_("Pass the check: the entries are disputed from now on"),
        from_states=(FINDING,),
        to=WEIGHING,
        roles=CASEWORKER,
        guards=(*g.MAY_BE_TOLD, lg.record_settled, lg.lines_matched),
    ),
    Step(
        name="send_to_approval",
        label=_("Send to approval"),
        from_states=(WEIGHING,),
        to=APPROVAL,
        roles=CASEWORKER,
        guards=lg.ANSWERABLE,
    ),
    Step(
        name="send_back",
        label=_("Send back to weighing"),
        from_states=(APPROVAL,),
        to=WEIGHING,
        roles=STAFF,
        needs=(REASON,),
        voids_approval=True,
    ),
    Step(
        name="approve",
        label=_("Approve"),
        from_states=APPROVALS,
        roles=APPROVER,
        guards=(g.actor_did_not_prepare, *lg.ANSWERABLE),
        needs=CONFIRMATIONS,
        checks=(g.all_confirmed,),
    ),
    Step(
        name="confirm_again",
        label=_("Confirm orders, shield, moves and home again"),
        from_states=APPROVALS,
        roles=APPROVER,
        guards=(g.actor_did_not_prepare, lg.actor_not_involved_before, g.pack_approved),
        needs=CONFIRMATIONS,
        checks=(g.all_confirmed,),
    ),
    *asking.seen_first(approvals=APPROVALS),
    Step(
        name="release",
        label=_("Release the answer"),
        from_states=APPROVALS,
        to=READY,
        roles=STAFF,
        guards=lg.RELEASABLE,
        letter="answer_ready",
        told=_("Our answer is ready."),
    ),
    Step(
        name="collect",
        label=_("Answer opened"),
        from_states=(READY,),
        to=COLLECTED,
        roles=SYSTEM,
        guards=(*g.MAY_BE_TOLD, g.pack_released),
        told=_("You opened our answer."),
    ),
)

# Steps: the review of an answer by somebody who was not involved. The first answer stays out meanwhile.

REVIEW = (
    Step(
        name="ask_review",
        label=_("Ask us to look again"),
        from_states=(READY, COLLECTED, CLOSED),
        to=RECONSIDERING,
        roles=(Role.REQUESTER,),
        guards=(lg.something_refused, lg.not_reviewed_yet),
        needs=(AGAIN_BECAUSE,),
        letter="review_asked",
        told=_("You asked us to look again."),
        voids_approval=True,
        reopens=True,
    ),
    Step(
        name="record_review_asked",
        label=_("Record that the requester wants us to look again"),
        from_states=(READY, COLLECTED, CLOSED),
        to=RECONSIDERING,
        roles=CASEWORKER,
        guards=(lg.something_refused, lg.not_reviewed_yet),
        needs=(CAME_ON, AGAIN_BECAUSE),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on")),
        letter="review_asked",
        told=_("You asked us to look again."),
        voids_approval=True,
        reopens=True,
    ),
    Step(
        name="send_to_approval_again",
        label=_("Send to approval"),
        from_states=(RECONSIDERING,),
        to=APPROVAL_AGAIN,
        roles=CASEWORKER,
        guards=lg.ANSWERABLE,
    ),
    Step(
        name="send_back_again",
        label=_("Send back to look again"),
        from_states=(APPROVAL_AGAIN,),
        to=RECONSIDERING,
        roles=STAFF,
        needs=(REASON,),
        voids_approval=True,
    ),
)

# Steps: what time and other people's doings undo

UNDO = (
    *undoing.overtaken(past_checking=PAST_CHECKING, approved=(APPROVAL, *OUT), checking=CHECKING, closed=CLOSED),
    *undoing.voided(approval=APPROVAL, to=WEIGHING),
    *undoing.voided(approval=APPROVAL_AGAIN, to=RECONSIDERING, name="void_approval_again"),
    *undoing.doubted(checked=(FINDING, WEIGHING, APPROVAL), out=OUT, checking=CHECKING),
)

# Steps: the other ways a challenge ends

_REFUSED_TOLD = _("We cannot do what you asked. We wrote to you to say why.")

END = (
    *asking.refusal_proposed(before_approval=BEFORE_APPROVAL, ground=REFUSAL_GROUND),
    Step(
        name="refuse",
        label=_("Refuse, with reasons"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(g.refusal_on(RefusalGround.UNFOUNDED, RefusalGround.EXCESSIVE, RefusalGround.SUBJECT_HAS_DIED),),
        letter="refusal",
        told=_REFUSED_TOLD,
    ),
    Step(
        name="refuse_for_identity",
        label=_("Refuse: we cannot tell who is asking"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(g.refusal_on(RefusalGround.NO_IDENTITY),),
        letter="refusal_identity",
        told=_REFUSED_TOLD,
    ),
    # One step and one letter for "no proof", "may not act" and "the child did not agree" (W-18).
    Step(
        name="refuse_for_authority",
        label=_("Refuse: not shown that they may ask for it"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(
            g.acts_for_another,
            g.refusal_on(RefusalGround.NO_AUTHORITY, RefusalGround.MAY_NOT_ACT, RefusalGround.CHILD_DECIDES),
        ),
        letter="refusal_authority",
        told=_REFUSED_TOLD,
    ),
    *asking.withdrawal(unanswered=UNANSWERED, withdrawn=WITHDRAWN),
    Step(
        name="close",
        label=_("Close"),
        from_states=(COLLECTED,),
        to=CLOSED,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        guards=(lg.recipients_settled,),
        letter="closed",
        told=_("This is finished."),
    ),
    Step(
        name="close_uncollected",
        label=_("Close: the answer was not read"),
        from_states=(READY,),
        to=CLOSED,
        roles=CASEWORKER,
        guards=(lg.recipients_settled,),
        needs=(Need("tried", _("How did we try to reach the requester?")),),
        letter="closed",
        told=_("This is finished."),
    ),
    Step(
        name="reopen",
        label=_("Open again"),
        from_states=(CLOSED, REFUSED, WITHDRAWN),
        to=CHECKING,
        roles=CASEWORKER,
        needs=(REASON,),
        letter="reopened",
        told=_("We opened it again."),
        voids_approval=True,
        recalls=True,
        reopens=True,
    ),
)

WORKFLOW = Workflow(
    name="correction",
    prefix="COR",
    article="UK GDPR Articles 16, 18 and 19",
    states=(
        RECEIVED,
        CHECKING,
        FINDING,
        WEIGHING,
        APPROVAL,
        READY,
        COLLECTED,
        RECONSIDERING,
        APPROVAL_AGAIN,
        CLOSED,
        REFUSED,
        WITHDRAWN,
    ),
    steps=(*OPENING, *IDENTITY, *AUTHORITY, *CHILD, *CLOCK, *ANSWER, *REVIEW, *UNDO, *END),
    start=RECEIVED,
    searched_in=(FINDING,),
    attached_in=(FINDING,),
    detached_in=(CHECKING, FINDING),
    opened_in=(FINDING, WEIGHING, APPROVAL, *OUT),
    opening_letter="acknowledgement",
    opening_told=_("You told us that something is wrong."),
)

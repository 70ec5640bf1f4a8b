"""Subject access: UK GDPR Article 15, within the time of Article 12A.

Somebody asks for the record about a child, or about themselves in it. Read from top to bottom: the states,
the answers the steps ask for, then the steps in the order in which a case meets them.

Three promises shape the table.

*Nobody learns from us what a child said.* From checking to the moment a copy is ready the requester reads one
and the same sentence, and no step about the child's understanding or answer shows in their timeline or
writes to them (R-92). That a child may be asked is said to everybody, in the acknowledgement (R-48).

*Only what the law stops is stopped.* Waiting for a child, a third party or a professional is not on the
clock. While the clock stands still for a clarification, work goes on and what can be given is given (R-20).

*Nothing irreversible by one person.* Release, refusal and "nothing held" each take two.
"""

from workflows import guards as g
from workflows.clock import EventName
from workflows.facts import RefusalGround
from workflows.kinds import asking, undoing
from workflows.kinds.answers import CAME_ON, CONFIRMATIONS, REASON, refusal_ground
from workflows.kinds.asking import APPROVER, CASEWORKER, STAFF, SYSTEM
from workflows.table import Ask, Choice, Need, Role, State, Step, Turn, Workflow
from workflows.words import mark as _

# States

_WORKING_TOLD = _("We are working on it.")
_WORKING_NEXT = _("We will tell you when there is something new. You can write to us at any time.")

RECEIVED = State(
    "received",
    told=_("We have got your request."),
    label=_("Received"),
    turn=Turn.AUTHORITY,
    next=_("We will start work on it. If we need anything from you, we will ask."),
)
CHECKING = State("checking", _WORKING_TOLD, _("Checking who is asking"), Turn.AUTHORITY, _WORKING_NEXT)
FINDING = State("finding", _WORKING_TOLD, _("Finding the record"), Turn.AUTHORITY, _WORKING_NEXT)
REVIEW = State("review", _WORKING_TOLD, _("Review"), Turn.AUTHORITY, _WORKING_NEXT)
APPROVAL = State("approval", _WORKING_TOLD, _("Approval"), Turn.AUTHORITY, _WORKING_NEXT)
READY = State(
    "ready",
    told=_("Your copy is ready."),
    label=_("Ready to collect"),
    turn=Turn.REQUESTER,
    next=_("You can read it here or keep a copy. You need your code for it."),
    answered=True,
)
COLLECTED = State(
    "collected",
    told=_("You have opened your copy."),
    label=_("Collected"),
    turn=Turn.NOBODY,
    next=_("You can read it again. If something in it is wrong, tell us."),
    answered=True,
)
CLOSED = State(
    "closed",
    told=_("This request is finished."),
    label=_("Closed"),
    turn=Turn.NOBODY,
    next=_("You can still write to us. If you are not happy, you can complain."),
    final=True,
)
REFUSED = State(
    "refused",
    told=_("We cannot give you the record."),
    label=_("Refused"),
    turn=Turn.NOBODY,
    next=_("Our letter tells you why and how to complain."),
    final=True,
)
WITHDRAWN = State(
    "withdrawn",
    told=_("You took your request back."),
    label=_("Withdrawn"),
    turn=Turn.NOBODY,
    next=_("You can ask again at any time."),
    final=True,
)
NOTHING_HELD = State(
    "nothing_held",
    told=_("We looked and found nothing."),
    label=_("Nothing held"),
    turn=Turn.NOBODY,
    next=_("Our letter tells you where we looked and who else you can ask."),
    final=True,
)

WORKING = (CHECKING, FINDING, REVIEW, APPROVAL)  # one sentence to the requester in all four
BEFORE_APPROVAL = (CHECKING, FINDING, REVIEW)
UNANSWERED = (RECEIVED, *WORKING)
OPEN = (*UNANSWERED, READY, COLLECTED)
PAST_CHECKING = (FINDING, REVIEW, APPROVAL, READY, COLLECTED)

# Answers

CLARIFY_ABOUT = Need(
    "about",
    _("What must be made clearer?"),
    Ask.CHOICE,
    (
        Choice("which-parts", _("Which parts of a large record are wanted")),
        Choice("which-dates", _("Which years or dates are meant")),
        Choice("which-services", _("Which services or places are meant")),
        Choice("which-person", _("Which person the request is about")),
    ),
    hint=_("Only what is needed to find the information. A question about format does not stop the clock."),
)
REFUSAL_GROUND = refusal_ground(
    RefusalGround.NO_IDENTITY,
    RefusalGround.NO_AUTHORITY,
    RefusalGround.MAY_NOT_ACT,
    RefusalGround.CHILD_DECIDES,
    RefusalGround.ALL_EXEMPT,
    RefusalGround.ALL_EXEMPT_NEUTRAL,
    RefusalGround.UNFOUNDED,
    RefusalGround.EXCESSIVE,
    RefusalGround.SUBJECT_HAS_DIED,
)

# Steps: who is asking, in which right, and the child's own view

OPENING = asking.opening(received=RECEIVED, checking=CHECKING, unanswered=UNANSWERED)
IDENTITY = asking.identity(before_approval=BEFORE_APPROVAL, unanswered=UNANSWERED)
AUTHORITY = asking.authority(
    before_approval=BEFORE_APPROVAL,
    unanswered=UNANSWERED,
    working=WORKING,
    checking=CHECKING,
    asked_for=_("We asked you to show us that you may ask for this record."),
)
CHILD = asking.child_view(before_approval=BEFORE_APPROVAL, reviewing=(REVIEW,))

# Steps: making the request clearer, and more time

CLOCK = (
    Step(
        name="ask_clarification",
        label=_("Ask what is wanted"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.clarification_may_be_asked,),
        needs=(
            CLARIFY_ABOUT,
            Need("question", _("The question, in the words of the letter")),
            Need("necessary", _("Why can the information not be found without it?")),
        ),
        clock=EventName.CLARIFICATION_ASKED,
        letter="clarification_asked",
        told=_("We asked you a question about what you want."),
    ),
    Step(
        name="answer_clarification",
        label=_("Answer the question"),
        from_states=UNANSWERED,
        roles=(Role.REQUESTER,),
        guards=(g.clarification_open,),
        needs=(Need("answer", _("Your answer")),),
        clock=EventName.CLARIFICATION_ANSWERED,
        told=_("You answered our question."),
    ),
    Step(
        name="record_clarification",
        label=_("Record the answer to the question"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.clarification_open,),
        needs=(CAME_ON, Need("answer", _("The answer"))),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("clarification")),
        clock=EventName.CLARIFICATION_ANSWERED,
        told=_("You answered our question."),
    ),
    Step(
        name="close_unanswered",
        label=_("Close: no answer came"),
        from_states=WORKING,
        to=CLOSED,
        roles=CASEWORKER,
        guards=(g.clarification_unanswered_long,),
        needs=(Need("tried", _("How did we try to reach the requester?")),),
        letter="closed_unanswered",
        told=_("We had no answer to our question, so we closed your request. Answer, and we open it again."),
        voids_approval=True,
    ),
    *asking.extension(unanswered=UNANSWERED),
)

# Steps: finding the record

FIND = (
    Step(
        name="start_finding",
        label=_("Start to look for the record"),
        from_states=(CHECKING,),
        to=FINDING,
        roles=CASEWORKER,
        # The child's view may still be open: waiting for it must not cost the requester time.
        guards=(g.identity_accepted, g.authority_settled, g.not_grown_up_since),
    ),
    Step(
        name="start_review",
        label=_("Start the review"),
        from_states=(FINDING,),
        to=REVIEW,
        roles=CASEWORKER,
        guards=(g.record_attached, g.search_complete),
    ),
    Step(
        name="propose_nothing_held",
        label=_("Propose: nothing is held"),
        from_states=(FINDING,),
        roles=CASEWORKER,
        guards=(g.no_proposal_open, g.search_complete, g.no_record_attached),
        needs=(
            REASON,
            Need("ask_instead", _("Who else may hold it, and how can they be asked?"), required=False),
        ),
    ),
    Step(
        name="confirm_nothing_held",
        label=_("Confirm: nothing is held"),
        from_states=(FINDING,),
        to=NOTHING_HELD,
        roles=APPROVER,
        # That we hold nothing about a child is itself an answer about the child.
        guards=(g.nothing_held_proposed, g.search_complete, g.no_record_attached, *g.MAY_BE_TOLD),
        letter="nothing_held",
        told=_("We looked and found nothing. We wrote to you to say where we looked."),
    ),
    Step(
        name="decline_nothing_held",
        label=_("Turn down: look again"),
        from_states=(FINDING,),
        roles=APPROVER,
        guards=(g.nothing_held_proposed,),
        needs=(REASON,),
    ),
)

# Steps: review, approval, release

RELEASABLE = (
    *g.MAY_BE_TOLD,
    g.record_attached,
    g.review_complete,
    g.parts_kept,
    g.pack_approved,
    g.approved_by_another,
    g.pack_tight,
    g.freshly_confirmed,
    g.seen_by_the_person_first,
)

GIVE = (
    Step(
        name="back_to_finding",
        label=_("Look for more"),
        from_states=(REVIEW,),
        to=FINDING,
        roles=CASEWORKER,
        needs=(REASON,),
        voids_approval=True,
    ),
    Step(
        name="send_to_approval",
        label=_("Send to approval"),
        from_states=(REVIEW,),
        to=APPROVAL,
        roles=CASEWORKER,
        guards=(
            g.record_attached,
            g.review_complete,
            g.consultations_closed,
            g.pack_assembled,
            g.pack_tight,
            g.parts_kept,
            *g.MAY_BE_TOLD,
        ),
    ),
    Step(
        name="send_back",
        label=_("Send back to review"),
        from_states=(APPROVAL,),
        to=REVIEW,
        roles=STAFF,
        needs=(REASON,),
        voids_approval=True,
    ),
    Step(
        name="approve",
        label=_("Approve"),
        from_states=(APPROVAL,),
        roles=APPROVER,
        guards=(
            g.actor_did_not_prepare,
            g.record_attached,
            g.review_complete,
            g.pack_assembled,
            g.pack_tight,
            g.parts_kept,
            *g.MAY_BE_TOLD,
        ),
        needs=CONFIRMATIONS,
        checks=(g.all_confirmed,),
    ),
    Step(
        name="confirm_again",
        label=_("Confirm orders, shield, moves and home again"),
        from_states=(APPROVAL,),
        roles=APPROVER,
        guards=(g.actor_did_not_prepare, g.pack_approved),
        needs=CONFIRMATIONS,
        checks=(g.all_confirmed,),
    ),
    *asking.seen_first(approvals=(APPROVAL,)),
    Step(
        name="release",
        label=_("Release the copy"),
        from_states=(APPROVAL,),
        to=READY,
        roles=STAFF,
        guards=RELEASABLE,
        letter="copy_ready",
        told=_("Your copy is ready."),
    ),
    # The clock is met only when the last part is out; a part can be given while it stands still.
    Step(
        name="release_part",
        label=_("Release this part and go on"),
        from_states=(APPROVAL,),
        to=FINDING,
        roles=STAFF,
        guards=RELEASABLE,
        needs=(
            Need(
                "still_to_come", _("What is still to come? Staff read it: the letter says that there is more, not what")
            ),
        ),
        letter="part_ready",
        told=_("A part of your copy is ready. We are still working on the rest."),
    ),
    Step(
        name="collect",
        label=_("Copy opened"),
        from_states=(READY,),
        to=COLLECTED,
        roles=SYSTEM,
        guards=(*g.MAY_BE_TOLD, g.pack_released),
        told=_("You opened your copy."),
    ),
    Step(
        name="find_more",
        label=_("There is more to give"),
        from_states=(READY, COLLECTED, CLOSED),
        to=FINDING,
        roles=CASEWORKER,
        needs=(REASON,),
        letter="more_to_come",
        told=_("We found that there is more to give you. We are working on it."),
        reopens=True,
    ),
)

# Steps: what time and other people's doings undo

UNDO = (
    *undoing.overtaken(
        past_checking=PAST_CHECKING, approved=(APPROVAL, READY, COLLECTED), checking=CHECKING, closed=CLOSED
    ),
    *undoing.voided(approval=APPROVAL, to=REVIEW),
    *undoing.doubted(checked=(FINDING, REVIEW, APPROVAL), out=(READY, COLLECTED), checking=CHECKING),
)

# Steps: the other ways a request ends

END = (
    *asking.refusal_proposed(before_approval=BEFORE_APPROVAL, ground=REFUSAL_GROUND),
    Step(
        name="refuse",
        label=_("Refuse, with reasons"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(
            g.refusal_on(
                RefusalGround.ALL_EXEMPT,
                RefusalGround.UNFOUNDED,
                RefusalGround.EXCESSIVE,
                RefusalGround.SUBJECT_HAS_DIED,
            ),
        ),
        letter="refusal",
        told=_("We cannot give you the record. We wrote to you to say why."),
    ),
    Step(
        name="refuse_for_identity",
        label=_("Refuse: we cannot tell who is asking"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(g.refusal_on(RefusalGround.NO_IDENTITY),),
        letter="refusal_identity",
        told=_("We cannot give you the record. We wrote to you to say why."),
    ),
    # One step and one letter for "no proof", "may not act", "the child did not agree" and what must stay unsaid: the
    # letter names what the law can ask for, and never which of it was missing (W-18). Most of them can come about
    # without a question to the requester, so a refusal out of the blue tells nothing either.
    Step(
        name="refuse_for_authority",
        label=_("Refuse: not shown that they may have it"),
        from_states=BEFORE_APPROVAL,
        to=REFUSED,
        roles=APPROVER,
        guards=(
            g.acts_for_another,
            g.refusal_on(
                RefusalGround.NO_AUTHORITY,
                RefusalGround.MAY_NOT_ACT,
                RefusalGround.CHILD_DECIDES,
                RefusalGround.ALL_EXEMPT_NEUTRAL,
            ),
        ),
        letter="refusal_authority",
        told=_("We cannot give you the record. We wrote to you to say why."),
    ),
    # where the reason itself would give the secret away.
    Step(
        name="answer_neutrally",
        label=_("Answer in neutral words"),
        from_states=(REVIEW,),
        to=CLOSED,
        roles=APPROVER,
        guards=(g.refusal_on(RefusalGround.ALL_EXEMPT_NEUTRAL), *g.MAY_BE_TOLD),
        letter="answered",
        told=_("We answered your request."),
    ),
    *asking.withdrawal(unanswered=UNANSWERED, withdrawn=WITHDRAWN),
    Step(
        name="close",
        label=_("Close"),
        from_states=(COLLECTED,),
        to=CLOSED,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        letter="closed",
        told=_("This request is finished."),
    ),
    Step(
        name="close_uncollected",
        label=_("Close: the copy was not collected"),
        from_states=(READY,),
        to=CLOSED,
        roles=CASEWORKER,
        needs=(Need("tried", _("How did we try to reach the requester?")),),
        letter="closed",
        told=_("This request is finished."),
    ),
    Step(
        name="reopen",
        label=_("Open again"),
        from_states=(CLOSED, REFUSED, WITHDRAWN, NOTHING_HELD),
        to=CHECKING,
        roles=CASEWORKER,
        needs=(REASON,),
        letter="reopened",
        told=_("We opened your request again."),
        voids_approval=True,
        recalls=True,
        reopens=True,
    ),
)

WORKFLOW = Workflow(
    name="subject_access",
    prefix="SAR",
    article="UK GDPR Article 15",
    states=(
        RECEIVED,
        CHECKING,
        FINDING,
        REVIEW,
        APPROVAL,
        READY,
        COLLECTED,
        CLOSED,
        REFUSED,
        WITHDRAWN,
        NOTHING_HELD,
    ),
    steps=(*OPENING, *IDENTITY, *AUTHORITY, *CHILD, *CLOCK, *FIND, *GIVE, *UNDO, *END),
    start=RECEIVED,
    searched_in=(FINDING,),
    attached_in=(FINDING, REVIEW),
    detached_in=(CHECKING, FINDING, REVIEW),
    opened_in=(FINDING, REVIEW, APPROVAL, READY, COLLECTED),
    opening_letter="acknowledgement",
    opening_told=_("You sent your request."),
)

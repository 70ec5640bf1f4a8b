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
from workflows.authority import BASES
from workflows.clock import DoubtReason, EventName, ExtensionReason
from workflows.facts import ChildAnswer, Competence, RefusalGround, RequesterKind
from workflows.table import Addressee, Ask, Choice, Need, Role, State, Step, Turn, Workflow
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

CASEWORKER = (Role.CASEWORKER,)
APPROVER = (Role.APPROVER,)
STAFF = (Role.CASEWORKER, Role.APPROVER)
SYSTEM = (Role.SYSTEM,)

# Answers

REASON = Need("reason", _("Why?"), hint=_("Only staff see this."))

IDENTITY_DOUBT = Need(
    "doubt",
    _("Why is there a reasonable doubt about who is asking?"),
    Ask.CHOICE,
    tuple(Choice(reason, reason.words) for reason in DoubtReason),
    hint=_("Proof may only be asked for where there is a reasonable doubt, and promptly."),
)
AUTHORITY_DOUBT = Need(
    "doubt",
    _("Why is it in doubt that this person may act?"),
    Ask.CHOICE,
    (
        Choice("not-on-record", _("We hold nothing that shows parental responsibility")),
        Choice("order-or-dispute", _("We know of a court order or a dispute")),
        Choice("no-signed-authority", _("They act for someone else and sent no signed authority")),
        Choice("ended", _("The authority has ended, or the child is 18 now")),
    ),
)
AUTHORITY_PROOF = Need(
    "proof",
    _("What would settle it?"),
    Ask.CHOICE,
    (
        Choice("parental-responsibility", _("Proof of parental responsibility")),
        Choice("adult-agreement", _("The written agreement of the person, who is 18 or over")),
        Choice("signed-authority", _("A signed authority to act")),
        Choice("court-order", _("A copy of the court order")),
        Choice("power-of-attorney", _("A registered power of attorney or deputyship")),
    ),
    hint=_("Never a child's agreement: a child is asked by us, not through a person who may put pressure on them."),
)
CAME_ON = Need("came_on", _("On which day did it come?"), Ask.DATE)
IDENTITY_KNOWN_BY = Need(
    "known_by",
    _("How do we know who is asking?"),
    Ask.CHOICE,
    (
        Choice("papers", _("Papers were seen")),
        Choice("known", _("The person is known to us already")),
        Choice("confirmed", _("A school or a social worker confirmed it")),
        Choice("in-person", _("They came in person and were recognised")),
    ),
    hint=_("We keep that it was checked and when, not the papers."),
)
RIGHT = Need(
    "right",
    _("In what right does this person ask?"),
    Ask.CHOICE,
    (
        Choice(RequesterKind.SELF, _("For themselves: the record is about them")),
        Choice(RequesterKind.PARENT, _("As somebody with parental responsibility")),
        Choice(RequesterKind.REPRESENTATIVE, _("For somebody else, with that person's signed authority")),
        Choice(RequesterKind.DEPUTY, _("By order of a court or under a power of attorney")),
    ),
    hint=_("Who asks for themselves needs no authority and no child is asked, so be sure."),
)
BASIS = Need(
    "basis",
    _("On what footing may this person act?"),
    Ask.CHOICE,
    tuple(Choice(one.code, one.label) for one in BASES),
)
COMPETENCE = Need(
    "competence",
    _("Can the child decide about this request?"),
    Ask.CHOICE,
    (
        Choice(Competence.COMPETENT, _("Yes, the child understands what it means")),
        Choice(Competence.NOT_COMPETENT, _("No, not yet")),
    ),
    hint=_("Age alone does not decide. In Scotland a child of 12 is taken to be able unless shown otherwise."),
)
# The seven things to weigh and write down in each case.
COMPETENCE_WEIGHED = (
    Need("maturity", _("How mature is the child, and what do they understand?")),
    Need("nature", _("What kind of information is asked for?")),
    Need("orders", _("Which court orders bear on access or parental responsibility?")),
    Need("confidence", _("What did the child tell us in confidence?")),
    Need("consequences", _("What could follow from giving access, above all where abuse is alleged?")),
    Need("detriment", _("What would the child lose if access is refused?")),
    Need("views", _("What does the child think, as far as it is known?")),
)
CHILD_SAID = Need(
    "answer",
    _("What did the child say?"),
    Ask.CHOICE,
    (
        Choice(ChildAnswer.YES, _("Yes")),
        Choice(ChildAnswer.NO, _("No")),
        Choice(ChildAnswer.NO_VIEW, _("No view, or did not answer")),
    ),
)
NOT_ASKED_BECAUSE = Need(
    "because",
    _("Why was the child not asked?"),
    Ask.CHOICE,
    (
        Choice("unsafe", _("Asking would put the child at risk")),
        Choice("out-of-reach", _("The child cannot be reached")),
        Choice("too-young", _("The child is too young to understand the question")),
        Choice("distress", _("Asking would cause serious distress")),
    ),
)
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
EXTEND_BECAUSE = Need(
    "because",
    _("Why is more time necessary?"),
    Ask.CHOICE,
    tuple(Choice(reason, reason.words) for reason in ExtensionReason),
)
REFUSAL_GROUND = Need(
    "ground",
    _("On what ground?"),
    Ask.CHOICE,
    (
        Choice(RefusalGround.NO_IDENTITY, _("We asked, and can show that we cannot tell who is asking")),
        Choice(RefusalGround.NO_AUTHORITY, _("We asked, and it is not shown that this person may act")),
        Choice(RefusalGround.MAY_NOT_ACT, _("We know that this person may not act: an order, an adoption")),
        Choice(RefusalGround.CHILD_DECIDES, _("The child can decide, and there is no yes")),
        Choice(RefusalGround.ALL_EXEMPT, _("All of it is exempt, and the reasons may be told")),
        Choice(RefusalGround.ALL_EXEMPT_NEUTRAL, _("All of it is exempt, and the reasons may not be told")),
        Choice(RefusalGround.UNFOUNDED, _("Plainly unfounded")),
        Choice(RefusalGround.EXCESSIVE, _("Plainly excessive")),
        Choice(RefusalGround.SUBJECT_HAS_DIED, _("The person the record is about has died")),
    ),
)
REFUSAL_LETTER_SAYS = Need(
    "explanation",
    _("Reasons, in the words of the letter"),
    hint=_(
        "The letter adds how to complain to us, to the regulator and to a court. Write nothing here that "
        "may not be told: grounds that must stay unsaid have a fixed letter."
    ),
)
CONFIRMATIONS = (
    Need("orders", _("I looked today: no new court order stands in the way"), Ask.YESNO),
    Need("shield", _("I looked today: the shield is as the pack was made for"), Ask.YESNO),
    Need("moves", _("I looked today: nobody in the pack has moved since"), Ask.YESNO),
    Need("lives_with", _("I looked today: who the child lives with is as the pack was made for"), Ask.YESNO),
)

# Steps: opening, and the day of receipt

OPENING = (
    Step(
        name="start_checking",
        label=_("Start"),
        from_states=(RECEIVED,),
        to=CHECKING,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        told=_("We started work on your request."),
    ),
    # The whole clock hangs on this day, so moving it takes a reason and a second person.
    Step(
        name="propose_receipt_day",
        label=_("Propose another day of receipt"),
        from_states=UNANSWERED,
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
    ),
    Step(
        name="confirm_receipt_day",
        label=_("Confirm the other day of receipt"),
        from_states=UNANSWERED,
        roles=APPROVER,
        guards=(g.receipt_day_proposed,),
        letter="receipt_day_changed",
        told=_("We put right the day on which we got your request."),
    ),
    Step(
        name="decline_receipt_day",
        label=_("Turn down the other day of receipt"),
        from_states=UNANSWERED,
        roles=APPROVER,
        guards=(g.receipt_day_proposed,),
        needs=(REASON,),
    ),
)

# Steps: who is asking

IDENTITY = (
    Step(
        name="ask_identity",
        label=_("Ask for proof of identity"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.identity_may_be_asked,),
        needs=(IDENTITY_DOUBT, Need("proof", _("What would settle it? Name more than one way."))),
        clock=EventName.IDENTITY_REQUESTED,
        letter="identity_asked",
        told=_("We asked you to show us who you are."),
    ),
    Step(
        name="record_identity",
        label=_("Record that proof of identity came"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.identity_awaited,),
        needs=(CAME_ON,),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("identity")),
        clock=EventName.IDENTITY_RECEIVED,
        told=_("We got what you sent to show who you are."),
    ),
    Step(
        name="accept_identity",
        label=_("Accept identity"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.identity_can_be_decided,),
        needs=(IDENTITY_KNOWN_BY,),
        settles=EventName.IDENTITY_RECEIVED,
        told=_("We know who you are."),
    ),
    # To say what is missing is to ask again: the time begins when that comes, as the letter says.
    Step(
        name="refuse_identity_evidence",
        label=_("Turn down the proof of identity, and ask for what is missing"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.identity_evidence_here,),
        needs=(Need("missing", _("What is missing, in words for the requester?")),),
        clock=EventName.IDENTITY_REQUESTED,
        letter="identity_not_enough",
        told=_("What you sent does not show yet who you are. We wrote to you about it."),
    ),
)

AUTHORITY = (
    Step(
        name="ask_authority",
        label=_("Ask for proof of authority"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.authority_may_be_asked,),
        needs=(AUTHORITY_DOUBT, AUTHORITY_PROOF),
        clock=EventName.AUTHORITY_REQUESTED,
        letter="authority_asked",
        told=_("We asked you to show us that you may ask for this record."),
    ),
    Step(
        name="record_authority",
        label=_("Record that proof of authority came"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.authority_awaited,),
        needs=(CAME_ON,),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on"), g.not_before_asked("authority")),
        clock=EventName.AUTHORITY_RECEIVED,
        told=_("We got what you sent to show that you may ask."),
    ),
    # Told to nobody: whoever read that they may ask, and then that they get nothing, would know who said no.
    Step(
        name="accept_authority",
        label=_("Accept authority"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.authority_can_be_decided,),
        needs=(
            BASIS,
            Need("valid_until", _("Last day on which it counts, if it ends"), Ask.DATE, required=False),
            Need("orders", _("Court orders read, and what they say. Write none if there are none.")),
        ),
        checks=(g.basis_fits,),
        settles=EventName.AUTHORITY_RECEIVED,
    ),
    Step(
        name="refuse_authority_evidence",
        label=_("Turn down the proof of authority, and ask for what is missing"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.authority_evidence_here,),
        needs=(Need("missing", _("What is missing, in words for the requester?")),),
        clock=EventName.AUTHORITY_REQUESTED,
        letter="authority_not_enough",
        told=_("What you sent does not show yet that you may ask. We wrote to you about it."),
    ),
    # What somebody ticks on a form is no more than what they say: "it is about me" lifts every other check. Who asks
    # is looked at afresh, and copies made for another right are called back.
    Step(
        name="record_right",
        label=_("Record in what right the requester asks"),
        from_states=WORKING,
        to=CHECKING,
        roles=STAFF,
        needs=(RIGHT, REASON),
        settles=EventName.AUTHORITY_RECEIVED,
        voids_approval=True,
        recalls=True,
    ),
)

# Steps: the child's own view. None of them is in the requester's timeline or stops the clock.

CHILD = (
    Step(
        name="assess_competence",
        label=_("Assess whether the child can decide"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.about_a_child,),
        needs=(COMPETENCE, *COMPETENCE_WEIGHED),
    ),
    Step(
        name="ask_child",
        label=_("Ask the child"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.about_a_child, g.child_unanswered),
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
    ),
    Step(
        name="record_child_answer",
        label=_("Record the child's answer"),
        from_states=BEFORE_APPROVAL,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        guards=(g.about_a_child,),
        needs=(
            CHILD_SAID,
            Need("own_words", _("In the child's own words, if they want that"), required=False),
        ),
    ),
    Step(
        name="record_child_not_asked",
        label=_("Record why the child was not asked"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.about_a_child, g.child_unanswered),
        needs=(NOT_ASKED_BECAUSE, REASON),
    ),
    Step(
        name="decide_best_interests",
        label=_("Decide that it is plainly in the child's best interests"),
        from_states=BEFORE_APPROVAL,
        roles=APPROVER,
        guards=(g.about_a_child, g.best_interests_open),
        needs=(REASON,),
    ),
)

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
    Step(
        name="extend",
        label=_("Take two more months"),
        from_states=UNANSWERED,
        roles=CASEWORKER,
        guards=(g.may_extend,),
        needs=(EXTEND_BECAUSE, Need("explanation", _("The reason, in the words of the letter"))),
        clock=EventName.EXTENDED,
        letter="extension",
        told=_("We need more time. We wrote to you to say why."),
    ),
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
    g.pack_approved,
    g.approved_by_another,
    g.pack_tight,
    g.freshly_confirmed,
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
        needs=(Need("still_to_come", _("What is still to come, in the words of the letter")),),
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

# Steps: what time and other people's doings undo. They are told to nobody, because only the child's answer
# is a secret worth stealing here, and it hides among the others. A copy stays out when a case is closed, so a no or
# an order of the day after must be able to call it back.

UNDO = (
    Step(
        name="eighteenth_birthday",
        label=_("The child is 18: authority has to be asked for again"),
        from_states=PAST_CHECKING,
        to=CHECKING,
        roles=SYSTEM,
        guards=(g.grown_up_since,),
        voids_approval=True,
        recalls=True,
    ),
    Step(
        name="authority_lapsed",
        label=_("The authority to act has ended"),
        from_states=PAST_CHECKING,
        to=CHECKING,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        guards=(g.authority_has_lapsed,),
        voids_approval=True,
        recalls=True,
    ),
    Step(
        name="child_answer_changed",
        label=_("The child says something else now"),
        from_states=(APPROVAL, READY, COLLECTED, CLOSED),
        to=CHECKING,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        guards=(g.about_a_child,),
        needs=(
            CHILD_SAID,
            Need("own_words", _("In the child's own words, if they want that"), required=False),
        ),
        voids_approval=True,
        recalls=True,
        reopens=True,
    ),
    Step(
        name="new_order",
        label=_("A new court order"),
        from_states=(CHECKING, *PAST_CHECKING, CLOSED),
        to=CHECKING,
        roles=(Role.CASEWORKER, Role.SYSTEM),
        needs=(Need("order", _("Which order, of what day, and what does it say?")),),
        voids_approval=True,
        recalls=True,
        reopens=True,
    ),
    Step(
        name="void_approval",
        label=_("What was approved has changed"),
        from_states=(APPROVAL,),
        to=REVIEW,
        roles=SYSTEM,
        needs=(
            Need(
                "because",
                _("What changed?"),
                Ask.CHOICE,
                (
                    Choice("correction", _("An entry was corrected")),
                    Choice("restriction", _("An entry was restricted")),
                    Choice("shield", _("A shield was put on or changed")),
                    Choice("pack", _("The pack or a redaction changed")),
                ),
            ),
        ),
        voids_approval=True,
    ),
    Step(
        name="back_to_checking",
        label=_("Check again who is asking"),
        from_states=(FINDING, REVIEW, APPROVAL),
        to=CHECKING,
        roles=STAFF,
        needs=(
            Need(
                "again",
                _("What is in doubt?"),
                Ask.CHOICE,
                (
                    Choice("identity", _("Who is asking")),
                    Choice("authority", _("Whether they may act")),
                    Choice("both", _("Both")),
                ),
            ),
            REASON,
        ),
        voids_approval=True,
    ),
    Step(
        name="stop_release",
        label=_("Stop the release"),
        from_states=(READY, COLLECTED),
        to=CHECKING,
        roles=(*STAFF, Role.SYSTEM),
        needs=(REASON,),
        voids_approval=True,
        recalls=True,
    ),
)

# Steps: the other ways a request ends

END = (
    Step(
        name="propose_refusal",
        label=_("Propose to refuse"),
        from_states=BEFORE_APPROVAL,
        roles=CASEWORKER,
        guards=(g.no_proposal_open,),
        needs=(REFUSAL_GROUND, REASON, REFUSAL_LETTER_SAYS),
        checks=(g.ground_holds,),
    ),
    Step(
        name="decline_refusal",
        label=_("Turn down the refusal"),
        from_states=BEFORE_APPROVAL,
        roles=APPROVER,
        guards=(g.refusal_proposed,),
        needs=(REASON,),
    ),
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
    Step(
        name="withdraw",
        label=_("Take the request back"),
        from_states=UNANSWERED,
        to=WITHDRAWN,
        roles=(Role.REQUESTER,),
        needs=(Need("sure", _("Do you want to take your request back?"), Ask.YESNO),),
        checks=(g.said_yes("sure"),),
        letter="withdrawn",
        told=_("You took your request back."),
        voids_approval=True,
    ),
    Step(
        name="record_withdrawal",
        label=_("Record that the requester took it back"),
        from_states=UNANSWERED,
        to=WITHDRAWN,
        roles=CASEWORKER,
        needs=(CAME_ON, Need("said", _("How did they say so, and in what words?"))),
        checks=(g.not_in_the_future("came_on"), g.not_before_receipt("came_on")),
        letter="withdrawn",
        told=_("You took your request back."),
        voids_approval=True,
    ),
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
    opening_letter="acknowledgement",
    opening_told=_("You sent your request."),
)

"""Breach: UK GDPR Articles 33 and 34, within 72 hours of the moment it became known (`workflows.breach_clock`).

Another child's data in the file, or a copy or letter in the wrong hands. Staff open it from where they stand; nobody
outside asks for it or reads it, so no step writes a letter or a line of a timeline, and the words of its states are
for staff. Whether the regulator is told takes two people.
"""

from workflows import breach_guards as bg
from workflows import guards as g
from workflows.facts import PeopleDecision, RegulatorDecision
from workflows.kinds.answers import REASON
from workflows.kinds.asking import APPROVER, CASEWORKER, STAFF
from workflows.table import Ask, Choice, Need, State, Step, Turn, Workflow
from workflows.words import mark as _

ASSESSING = State(
    "assessing",
    told=_("We are finding out what happened."),
    label=_("Assessing"),
    turn=Turn.AUTHORITY,
    next=_("Call back what is out, and decide whether to tell the regulator."),
)
DECIDED = State(
    "decided",
    told=_("It is decided whether the regulator is told."),
    label=_("Decided"),
    turn=Turn.AUTHORITY,
    next=_("Tell whoever has to be told, and record when."),
)
CLOSED = State(
    "closed",
    told=_("This is finished."),
    label=_("Closed"),
    turn=Turn.NOBODY,
    next=_("Open it again if something new comes to light."),
    final=True,
)
OPEN = (ASSESSING, DECIDED)

# Answers

TOLD_ON = Need("told_on", _("On which day were they told?"), Ask.DATE)
COPY_FATE = Need(
    "outcome",
    _("What became of it?"),
    Ask.CHOICE,
    (
        Choice("returned", _("It came back to us")),
        Choice("destroyed", _("It was destroyed or deleted, and that was confirmed")),
        Choice("not-opened", _("It was never opened, and cannot be any more")),
        Choice("out", _("It is still out, or nobody confirms anything")),
    ),
)
REGULATOR = Need(
    "decision",
    _("Is the regulator told?"),
    Ask.CHOICE,
    (
        Choice(RegulatorDecision.TELL, _("Yes")),
        Choice(RegulatorDecision.NO_RISK, _("No: it is unlikely to harm anybody’s rights and freedoms")),
        Choice(RegulatorDecision.NO_BREACH, _("No: there was no breach")),
    ),
    hint=_("Telling can come in parts: what is known now, the rest when it is known."),
)
PEOPLE = Need(
    "decision",
    _("Are the people concerned told?"),
    Ask.CHOICE,
    (
        Choice(PeopleDecision.TELL, _("Yes, without delay")),
        Choice(PeopleDecision.PUBLIC_NOTICE, _("Yes, by a public notice: telling each is out of proportion")),
        Choice(PeopleDecision.NO_HIGH_RISK, _("No: a high risk to them is unlikely")),
        Choice(PeopleDecision.UNREADABLE, _("No: nobody who has it can read it")),
        Choice(PeopleDecision.RISK_ENDED, _("No: what we did has ended the high risk")),
    ),
    hint=_("They must be told where the risk to them is high."),
)

# Steps

ASSESS = (
    # Article 33(5): written down whatever is decided, and again as more is known.
    Step(
        name="describe",
        label=_("Write down what happened"),
        from_states=OPEN,
        roles=STAFF,
        needs=(
            Need("what", _("What happened, and how?")),
            Need("whose", _("Whose information is it, and of how many people?")),
            Need("effects", _("What could follow for them?")),
            Need("done", _("What was done about it, and what keeps it from happening again?")),
        ),
    ),
    Step(
        name="record_copy_recalled",
        label=_("Record what became of a copy"),
        from_states=OPEN,
        roles=STAFF,
        needs=(
            Need("copy", _("Which copy or letter, and who had it?")),
            COPY_FATE,
            Need("confirmed_by", _("Who confirmed that, and how?")),
        ),
    ),
)
REGULATOR_STEPS = (
    Step(
        name="propose_regulator_decision",
        label=_("Propose whether to tell the regulator"),
        from_states=(ASSESSING,),
        roles=CASEWORKER,
        guards=(bg.described, bg.regulator_undecided),
        needs=(REGULATOR, REASON),
    ),
    Step(
        name="confirm_regulator_decision",
        label=_("Confirm the decision about the regulator"),
        from_states=(ASSESSING,),
        to=DECIDED,
        roles=APPROVER,
        guards=(bg.proposed_to(RegulatorDecision.TELL, RegulatorDecision.NO_RISK),),
    ),
    Step(
        name="confirm_no_breach",
        label=_("Confirm that there was no breach"),
        from_states=(ASSESSING,),
        to=CLOSED,
        roles=APPROVER,
        guards=(bg.proposed_to(RegulatorDecision.NO_BREACH),),
    ),
    Step(
        name="decline_regulator_decision",
        label=_("Turn down the proposal"),
        from_states=(ASSESSING,),
        roles=APPROVER,
        guards=(bg.regulator_proposed,),
        needs=(REASON,),
    ),
    Step(
        name="record_regulator_told",
        label=_("Record that the regulator was told"),
        from_states=(DECIDED,),
        roles=STAFF,
        guards=(bg.regulator_to_be_told,),
        needs=(
            TOLD_ON,
            Need("number", _("The regulator’s own reference, if there is one"), Ask.TEXT, required=False),
            Need(
                "late_because",
                _("If it was after the 72 hours: why did it take longer?"),
                required=False,
                hint=_("In the words in which the regulator was told."),
            ),
        ),
        checks=(g.not_in_the_future("told_on"), g.not_before_receipt("told_on"), bg.late_with_reasons),
    ),
)
PEOPLE_STEPS = (
    Step(
        name="decide_people_told",
        label=_("Decide whether the people concerned are told"),
        from_states=OPEN,
        roles=APPROVER,
        guards=(bg.described, bg.people_not_told_yet),
        needs=(PEOPLE, REASON),
    ),
    Step(
        name="record_people_told",
        label=_("Record that the people concerned were told"),
        from_states=OPEN,
        roles=STAFF,
        guards=(bg.people_to_be_told,),
        needs=(TOLD_ON, Need("how", _("How were they told, and by whom?"))),
        checks=(g.not_in_the_future("told_on"), g.not_before_receipt("told_on")),
    ),
)
END = (
    Step(
        name="close",
        label=_("Close"),
        from_states=(DECIDED,),
        to=CLOSED,
        roles=STAFF,
        guards=(bg.described, bg.regulator_settled, bg.people_settled),
    ),
    Step(
        name="assess_again",
        label=_("Assess it again"),
        from_states=(DECIDED, CLOSED),
        to=ASSESSING,
        roles=STAFF,
        needs=(REASON,),
        reopens=True,
    ),
)

WORKFLOW = Workflow(
    name="breach",
    prefix="BRE",
    article="UK GDPR Articles 33 and 34",
    states=(ASSESSING, DECIDED, CLOSED),
    steps=(*ASSESS, *REGULATOR_STEPS, *PEOPLE_STEPS, *END),
    start=ASSESSING,
    attached_in=(ASSESSING,),
    detached_in=(ASSESSING,),
    opened_in=OPEN,
)

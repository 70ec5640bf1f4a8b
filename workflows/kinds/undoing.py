"""What time and other people's doings undo, in every kind of case that somebody asks for.

None of it is told to anybody, because only the child's answer is a secret worth stealing here, and it hides among the
others. A copy or an answer stays out when a case is closed, so a no or an order of the day after must be able to call
it back.
"""

from dataclasses import replace

from workflows import guards as g
from workflows.kinds.answers import CHILD_SAID, CHILD_SAID_MORE, REASON
from workflows.kinds.asking import CHILDS_ANSWER, NOWHERE, STAFF, SYSTEM, States, Steps, within
from workflows.table import Ask, Choice, Need, Role, State, Step
from workflows.words import mark as _

_EIGHTEENTH_BIRTHDAY = Step(
    name="eighteenth_birthday",
    label=_("The child is 18: authority has to be asked for again"),
    from_states=NOWHERE,
    roles=SYSTEM,
    guards=(g.grown_up_since,),
    voids_approval=True,
    recalls=True,
)
_AUTHORITY_LAPSED = Step(
    name="authority_lapsed",
    label=_("The authority to act has ended"),
    from_states=NOWHERE,
    roles=(Role.CASEWORKER, Role.SYSTEM),
    guards=(g.authority_has_lapsed,),
    voids_approval=True,
    recalls=True,
)
_CHILD_ANSWER_CHANGED = Step(
    name="child_answer_changed",
    label=_("The child says something else now"),
    from_states=NOWHERE,
    roles=CHILDS_ANSWER,
    guards=(g.about_a_child,),
    needs=(CHILD_SAID, *CHILD_SAID_MORE),
    checks=(g.parts_named,),
    voids_approval=True,
    recalls=True,
    reopens=True,
)
_NEW_ORDER = Step(
    name="new_order",
    label=_("A new court order"),
    from_states=NOWHERE,
    roles=(Role.CASEWORKER, Role.SYSTEM),
    needs=(Need("order", _("Which order, of what day, and what does it say?")),),
    voids_approval=True,
    recalls=True,
    reopens=True,
)
_VOID_APPROVAL = Step(
    name="void_approval",
    label=_("What was approved has changed"),
    from_states=NOWHERE,
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
                Choice("added", _("The requester added to what they challenge")),
            ),
        ),
    ),
    voids_approval=True,
)
_BACK_TO_CHECKING = Step(
    name="back_to_checking",
    label=_("Check again who is asking"),
    from_states=NOWHERE,
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
)
_STOP_RELEASE = Step(
    name="stop_release",
    label=_("Stop the release"),
    from_states=NOWHERE,
    roles=(*STAFF, Role.SYSTEM),
    needs=(REASON,),
    voids_approval=True,
    recalls=True,
)


def overtaken(*, past_checking: States, approved: States, checking: State, closed: State) -> Steps:
    """`approved`: where an answer is approved or out, so that the child's own answer has been counted already."""
    return (
        *within(past_checking, _EIGHTEENTH_BIRTHDAY, _AUTHORITY_LAPSED, to=checking),
        *within((*approved, closed), _CHILD_ANSWER_CHANGED, to=checking),
        *within((checking, *past_checking, closed), _NEW_ORDER, to=checking),
    )


def voided(*, approval: State, to: State, name: str = "void_approval") -> Steps:
    """What was approved is not what is in the record any more."""
    return within((approval,), replace(_VOID_APPROVAL, name=name), to=to)


def doubted(*, checked: States, out: States, checking: State) -> Steps:
    """`checked`: where work goes on past checking; `out`: where the requester has an answer to call back."""
    return (
        *within(checked, _BACK_TO_CHECKING, to=checking),
        *within(out, _STOP_RELEASE, to=checking),
    )

"""What the steps ask for while it is checked who asks, in which right, and what the child says; and what an approver
confirms. Shared by every kind of case that somebody asks for (R-49)."""

from workflows.authority import BASES
from workflows.clock import DoubtReason, ExtensionReason
from workflows.facts import ChildAnswer, Competence, RefusalGround, RequesterKind
from workflows.table import Ask, Choice, Need
from workflows.words import mark as _

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
FIRST_TO_PERSON = Need(
    "first_to_person",
    _("Does a copy go to the person themselves first, and to who acts for them after?"),
    Ask.YESNO,
    required=False,
    hint=_("Yes, where it is in doubt whether the person understands what would be handed over."),
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
        Choice(ChildAnswer.SOME, _("Some of it")),
        Choice(ChildAnswer.TALK, _("Talk to me first")),
        Choice(ChildAnswer.NO_VIEW, _("No view, or did not answer")),
    ),
)
# What goes with an answer, in the child's own words wherever they gave some.
CHILD_SAID_MORE = (
    Need(
        "parts",
        _("If some of it: which parts?"),
        required=False,
        hint=_("Nothing else is given, so write down what they said as closely as you can."),
    ),
    Need("talk", _("If they want to talk first: with whom, how and when is it safe?"), required=False),
    Need("not_safe", _("Did they say that it is not safe to ask them again?"), Ask.YESNO, required=False),
    Need("own_words", _("In the child's own words, if they want that"), required=False),
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
EXTEND_BECAUSE = Need(
    "because",
    _("Why is more time necessary?"),
    Ask.CHOICE,
    tuple(Choice(reason, reason.words) for reason in ExtensionReason),
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
_GROUNDS = {
    RefusalGround.NO_IDENTITY: _("We asked, and can show that we cannot tell who is asking"),
    RefusalGround.NO_AUTHORITY: _("We asked, and it is not shown that this person may act"),
    RefusalGround.MAY_NOT_ACT: _("We know that this person may not act: an order, an adoption"),
    RefusalGround.CHILD_DECIDES: _("The child can decide, and there is no yes"),
    RefusalGround.ALL_EXEMPT: _("All of it is exempt, and the reasons may be told"),
    RefusalGround.ALL_EXEMPT_NEUTRAL: _("All of it is exempt, and the reasons may not be told"),
    RefusalGround.UNFOUNDED: _("Plainly unfounded"),
    RefusalGround.EXCESSIVE: _("Plainly excessive"),
    RefusalGround.SUBJECT_HAS_DIED: _("The person the record is about has died"),
}


def refusal_ground(*grounds: RefusalGround) -> Need:
    """The question on what ground is refused, with the grounds that this kind of case knows."""
    return Need("ground", _("On what ground?"), Ask.CHOICE, tuple(Choice(one, _GROUNDS[one]) for one in grounds))

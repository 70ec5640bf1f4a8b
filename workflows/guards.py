"""Small questions about a case. Each answers None, or the reason why not in words that say what to do.

A guard sees the facts only and opens or closes a step; a check sees the answers too. Unknown facts refuse.
"""

from datetime import date

from workflows import authority
from workflows.ages import age_on
from workflows.days import add_months
from workflows.facts import (
    AuthorityStatus,
    CaseFacts,
    ChildAnswer,
    Competence,
    IdentityStatus,
    Nation,
    PackState,
    RefusalGround,
    RequesterKind,
)
from workflows.table import Answers, Check, Guard
from workflows.words import mark as _

ADULT = 18
PRESUMED_ABLE_IN_SCOTLAND = 12
PRESUMED_CAPACITY = 16
REASONABLE_WAIT = 1  # months: R-21


# Ages


def subject_age(facts: CaseFacts) -> int | None:
    """Whole years on the facts' day, or None where the day of birth is not recorded."""
    return None if facts.subject_born is None else age_on(facts.subject_born, facts.today)


def at_prompt_age(facts: CaseFacts) -> bool:
    """Whether the child is old enough for a competence assessment to be needed. Unknown age counts as yes.

    The setting can only be lowered by law, never raised past it: 12 in Scotland, 16 elsewhere.
    """
    age = subject_age(facts)
    ceiling = PRESUMED_ABLE_IN_SCOTLAND if facts.nation is Nation.SCOTLAND else PRESUMED_CAPACITY
    return age is None or age >= min(facts.age_prompt, ceiling)


def _asks_for_another(facts: CaseFacts) -> bool:
    return facts.requester_kind is not RequesterKind.SELF


def about_a_child(facts: CaseFacts) -> str | None:
    """Competence and the child's own answer matter only where someone else asks about a child."""
    if not _asks_for_another(facts):
        return _("The person asks for their own record, so nobody else has to be asked.")
    age = subject_age(facts)
    if age is None:
        return _("Record the child's date of birth first.")
    return _("The person is an adult. Ask for their authority instead.") if age >= ADULT else None


# Identity


def identity_accepted(facts: CaseFacts) -> str | None:
    if facts.identity is IdentityStatus.ACCEPTED:
        return None
    return _("We do not know yet who is asking. Accept or ask for proof of identity.")


def identity_may_be_asked(facts: CaseFacts) -> str | None:
    """R-22: never twice for the same thing, never of someone already known."""
    if facts.identity is IdentityStatus.ACCEPTED:
        return _("We already know who is asking. Send the case back to checking if there is a new doubt.")
    if facts.identity is IdentityStatus.ASKED:
        return _("Proof of identity was asked for already. Record it when it comes.")
    if facts.identity is IdentityStatus.RECEIVED:
        return _("Proof of identity has come. Accept it or turn it down first.")
    return None


def identity_awaited(facts: CaseFacts) -> str | None:
    asked = facts.identity is IdentityStatus.ASKED or facts.identity_asked_on is not None
    return None if asked else _("No proof of identity was asked for, so none can be recorded as received.")


def identity_can_be_decided(facts: CaseFacts) -> str | None:
    """It can be accepted unasked, because someone already known must not be made to prove it (R-22)."""
    if facts.identity is IdentityStatus.ACCEPTED:
        return _("Identity is accepted already.")
    if facts.identity is IdentityStatus.ASKED:
        return _("First record the day on which the proof came.")
    return None


def identity_evidence_here(facts: CaseFacts) -> str | None:
    here = facts.identity is IdentityStatus.RECEIVED
    return None if here else _("There is no proof of identity to turn down. Record it when it comes.")


# Authority


def authority_settled(facts: CaseFacts) -> str | None:
    """Whether this person may act for the subject today (R-45, R-55 to R-60)."""
    if not _asks_for_another(facts):
        return None
    if facts.requester_kind is RequesterKind.UNKNOWN:
        return _("Record in what right the person asks: for themselves, as a parent, or for someone else.")
    if facts.authority is not AuthorityStatus.ACCEPTED:
        return _("It is not settled that this person may act. Accept or ask for proof of authority.")
    if not facts.orders_considered:
        return _("A court order has not been considered yet. Read it and accept the authority again.")
    if facts.authority_valid_from is not None and facts.authority_valid_from > facts.today:
        return _("The authority to act begins on a later day. The case wakes by itself on that day.")
    return _authority_lapsed(facts)


def _authority_lapsed(facts: CaseFacts) -> str | None:
    if facts.authority_ended:
        return _("The authority to act has ended. Ask for new authority.")
    if facts.authority_valid_until is not None and facts.authority_valid_until < facts.today:
        return _("The authority to act has run out. Ask for new authority.")
    accepted_on = facts.authority_accepted_on
    if accepted_on is not None and any(accepted_on < day <= facts.today for day in facts.family_turns):
        return _("A recorded order has begun or ended since. Look at the authority again.")
    return None


def not_grown_up_since(facts: CaseFacts) -> str | None:
    """At 18 parental responsibility ends and every authority is looked at afresh (R-57, R-58)."""
    if not _asks_for_another(facts):
        return None
    age, born = subject_age(facts), facts.subject_born
    if age is None or born is None:
        return _("Record the date of birth of the person the record is about.")
    if age < ADULT:
        return None
    footing, accepted_on = authority.basis(facts.authority_basis), facts.authority_accepted_on
    if (
        footing
        and accepted_on
        and authority.still_counts(footing, adult_now=True, adult_when_accepted=age_on(born, accepted_on) >= ADULT)
    ):
        return None
    return _("The person the record is about is 18 now. Ask for their own authority.")


def grown_up_since(facts: CaseFacts) -> str | None:
    """The system's step on the eighteenth birthday is open exactly when release is barred by it."""
    age = subject_age(facts)
    barred = age is not None and age >= ADULT and not_grown_up_since(facts) is not None
    return None if barred else _("No eighteenth birthday stands in the way of this case.")


def authority_has_lapsed(facts: CaseFacts) -> str | None:
    lapsed = _asks_for_another(facts) and _authority_lapsed(facts) is not None
    return None if lapsed else _("The authority to act has not ended.")


def authority_begins_today(facts: CaseFacts) -> str | None:
    """An authority accepted for a later day begins to count by itself on that day."""
    first_day = facts.authority_valid_from
    begins = facts.authority is AuthorityStatus.ACCEPTED and first_day is not None and first_day <= facts.today
    return None if begins else _("No authority is accepted that begins on a later day.")


def _may_act(facts: CaseFacts) -> bool:
    return authority_settled(facts) is None and not_grown_up_since(facts) is None


def acts_for_another(facts: CaseFacts) -> str | None:
    return None if _asks_for_another(facts) else _("The person asks for their own record and needs no authority.")


def authority_may_be_asked(facts: CaseFacts) -> str | None:
    """Open only while the requester's own footing is in doubt. A child's view is no proof that the requester owes us:
    the child is asked by us, and waiting for the child is not on the clock."""
    if not _asks_for_another(facts):
        return acts_for_another(facts)
    if facts.authority is AuthorityStatus.ASKED:
        return _("Proof of authority was asked for already. Record it when it comes.")
    if facts.authority is AuthorityStatus.RECEIVED:
        return _("Proof of authority has come. Accept it or turn it down first.")
    if _may_act(facts):
        return _("The authority is settled. Send the case back to checking if there is a new doubt.")
    return None


def authority_awaited(facts: CaseFacts) -> str | None:
    asked = facts.authority is AuthorityStatus.ASKED or facts.authority_asked_on is not None
    return None if asked else _("No proof of authority was asked for, so none can be recorded as received.")


def authority_can_be_decided(facts: CaseFacts) -> str | None:
    if not _asks_for_another(facts):
        return acts_for_another(facts)
    if facts.authority is AuthorityStatus.ASKED:
        return _("First record the day on which the proof came.")
    if facts.requester_kind is RequesterKind.UNKNOWN:
        return _("Record in what right the person asks: for themselves, as a parent, or for someone else.")
    if subject_age(facts) is None:
        return _("Record the date of birth of the person the record is about.")
    return None


def authority_evidence_here(facts: CaseFacts) -> str | None:
    here = facts.authority is AuthorityStatus.RECEIVED
    return None if here else _("There is no proof of authority to turn down. Record it when it comes.")


def basis_fits(facts: CaseFacts, answers: Answers) -> str | None:
    """The footing must be one this person can have, in this nation, at the subject's age today."""
    age = subject_age(facts)
    usable = authority.usable_bases(facts.requester_kind, facts.nation, subject_is_adult=age is None or age >= ADULT)
    if any(one.code == answers.get("basis") for one in usable):
        return None
    return _("That footing cannot apply here. Look at who asks, the nation, and the person's age.")


def authority_days_in_order(facts: CaseFacts, answers: Answers) -> str | None:
    """The last day cannot be before the first, nor before today: that would be no authority at all."""
    first, last = answers.get("valid_from"), answers.get("valid_until")
    if not isinstance(last, date):
        return None
    if last < (first if isinstance(first, date) else facts.today):
        return _("The last day on which it counts must not be before its first, or before today.")
    return None


def seen_by_the_person_first(facts: CaseFacts) -> str | None:
    """R-60: where it is in doubt what the person understands, they see it before their representative does."""
    if not facts.first_to_person or facts.seen_first:
        return None
    return _("It goes to the person first. Show it to them, and record that they have seen it and agree.")


def sent_first(facts: CaseFacts) -> str | None:
    if not facts.first_to_person:
        return _("It was not decided that the person sees it first.")
    return pack_approved(facts)


# The child's own view


_NOT_HEARD = {
    ChildAnswer.UNKNOWN: _("The child can decide. Record their answer, or why they were not asked."),
    ChildAnswer.ASKED: _("The child can decide. Record their answer, or why they were not asked."),
    ChildAnswer.NO: _("The child can decide, and said no. Propose a refusal; its letter does not say why."),
    ChildAnswer.TALK: _(
        "The child wants to talk first. Talk with them as they said is safe, then record their answer."
    ),
}
# What nobody may pass over at any age without having weighed whether the child can decide.
_TO_BE_WEIGHED = (ChildAnswer.NO, ChildAnswer.ASKED, ChildAnswer.SOME, ChildAnswer.TALK)


def child_heard(facts: CaseFacts) -> str | None:
    """A child who may be competent decides for themselves (R-42 to R-46).

    At the prompt age a person must have decided whether the child is competent. If the child is, their yes
    is needed, whole or to the parts they named (`parts_kept`); where they were not asked, a second person must have
    found it evident that the requester acts in the child's best interests (R-45). A no is never overruled, and a child
    who was asked or said anything but yes is assessed at any age: otherwise nobody would have weighed what they said.
    """
    age = subject_age(facts)
    if not _asks_for_another(facts) or (age is not None and age >= ADULT):
        return None
    if facts.competence is Competence.NOT_ASSESSED:
        weighed = at_prompt_age(facts) or facts.child_answer in _TO_BE_WEIGHED
        return _("Assess whether the child can decide for themselves.") if weighed else None
    if facts.competence is Competence.NOT_COMPETENT or facts.child_answer in (ChildAnswer.YES, ChildAnswer.SOME):
        return None
    return _NOT_HEARD.get(facts.child_answer) or _best_interests_found(facts)


def _best_interests_found(facts: CaseFacts) -> str | None:
    decider = facts.best_interests_decided_by
    if decider is not None and decider != facts.competence_assessed_by:
        return None
    return _(
        "The child can decide but gave no yes. A second person decides whether the request is "
        "plainly in the child's best interests."
    )


def child_unanswered(facts: CaseFacts) -> str | None:
    answered = facts.child_answer in (ChildAnswer.YES, ChildAnswer.NO, ChildAnswer.SOME)
    return _("The child has answered. Record a change if they say something else.") if answered else None


def child_not_waiting_to_talk(facts: CaseFacts) -> str | None:
    waits = facts.child_answer is ChildAnswer.TALK
    return _("The child wants to talk first. Talk with them, then record what they say.") if waits else None


def safe_to_ask(facts: CaseFacts) -> str | None:
    """A question may itself be the danger (R-48)."""
    if not facts.child_unsafe:
        return None
    return _("The child said that it is not safe to ask them again. Somebody else must first allow it, with a reason.")


def said_unsafe(facts: CaseFacts) -> str | None:
    return None if facts.child_unsafe else _("The child did not say that it is not safe to ask them again.")


def parts_to_keep(facts: CaseFacts) -> str | None:
    """Whether a child who can decide said yes to a part alone; then that is all the yes there is."""
    age = subject_age(facts)
    limited = (
        _asks_for_another(facts)
        and (age is None or age < ADULT)
        and facts.competence is Competence.COMPETENT
        and facts.child_answer is ChildAnswer.SOME
    )
    return None if limited else _("No child who can decide has said yes to a part alone.")


def parts_kept(facts: CaseFacts) -> str | None:
    """A reviewer confirmed it of this very pack, and whoever approves that is somebody else."""
    if parts_to_keep(facts) is not None:
        return None
    if facts.child_parts_kept_by is None:
        return _("The child said yes to some of it. A reviewer confirms first that what is given keeps to that.")
    alone = facts.approved_by == facts.child_parts_kept_by
    return _("Who approved this also confirmed the parts. Have somebody else approve it.") if alone else None


def parts_named(_facts: CaseFacts, answers: Answers) -> str | None:
    """A check that a yes to some of it says to what."""
    if answers.get("answer") != ChildAnswer.SOME or str(answers.get("parts") or "").strip():
        return None
    return _("Say which parts the child said yes to.")


def best_interests_open(facts: CaseFacts) -> str | None:
    """R-45 has room for this only where the child is competent and gave neither a yes nor a no."""
    if facts.competence is not Competence.COMPETENT:
        return _("This is only decided for a child who can decide for themselves. Assess that first.")
    if facts.child_answer not in (ChildAnswer.NOT_ASKED, ChildAnswer.NO_VIEW):
        return _("First record that the child was not asked, and why, or had no view.")
    return not_by(facts, facts.competence_assessed_by)


# What must be true before anything about the record goes to the requester, asked again at every turn: at
# approval, at release, and at each later sign-in and download.
MAY_BE_TOLD: tuple[Guard, ...] = (identity_accepted, authority_settled, not_grown_up_since, child_heard)


def may_be_told(facts: CaseFacts) -> str | None:
    """Why nothing about the record may go to the requester today, or None."""
    return next((reason for guard in MAY_BE_TOLD if (reason := guard(facts))), None)


# Finding


def search_complete(facts: CaseFacts) -> str | None:
    if facts.search_lines < 1:
        return _("The search plan is empty. Add each place that should be looked in.")
    if facts.search_lines_open != 0:
        return _("The search plan is not complete. Record an answer for each place.")
    return None


def record_attached(facts: CaseFacts) -> str | None:
    return None if facts.record_attached is True else _("Attach the record to the case first.")


def no_record_attached(facts: CaseFacts) -> str | None:
    absent = facts.record_attached is False
    return None if absent else _("A record is attached, or it is not known. Detach it, or go on to review.")


# Review, pack, approval


def review_complete(facts: CaseFacts) -> str | None:
    return None if facts.review_undecided == 0 else _("The review is not complete. Decide each item that is left.")


def nothing_given(facts: CaseFacts) -> str | None:
    none = facts.review_given == 0
    return None if none else _("The review gives something, or it is not known. Then not all of it is exempt.")


def consultations_closed(facts: CaseFacts) -> str | None:
    done = facts.consultations_waiting == 0
    return None if done else _("A consultation is open. Record the reply, or that none came in time.")


def pack_assembled(facts: CaseFacts) -> str | None:
    return None if facts.pack is PackState.ASSEMBLED else _("There is no freshly assembled pack. Assemble it.")


def pack_tight(facts: CaseFacts) -> str | None:
    tight = facts.pack_leaks == 0
    return None if tight else _("Removed text can still be found in the pack. Settle each find first.")


def pack_approved(facts: CaseFacts) -> str | None:
    approved = facts.pack is PackState.APPROVED and facts.approved_by is not None
    return None if approved else _("The pack has no approval that stands. Have it approved.")


def pack_released(facts: CaseFacts) -> str | None:
    return None if facts.pack is PackState.RELEASED else _("No pack has been released.")


def actor_did_not_prepare(facts: CaseFacts) -> str | None:
    """Two pairs of eyes: who reviewed or prepared does not approve."""
    if facts.actor is None or not facts.reviewed_by:
        return _("It is not known who reviewed this. A second person must be able to be told apart.")
    if facts.actor in facts.reviewed_by | facts.prepared_by:
        return _("You reviewed or prepared this. Ask somebody else to approve it.")
    return None


def approved_by_another(facts: CaseFacts) -> str | None:
    involved = facts.reviewed_by | facts.prepared_by
    if facts.approved_by is not None and facts.reviewed_by and facts.approved_by not in involved:
        return None
    return _("The approval is not by a second person. Have somebody else approve it.")


def freshly_confirmed(facts: CaseFacts) -> str | None:
    """Orders, shield, moves and who lives with whom, within five working days before release."""
    since = facts.confirmed_since
    if since is not None and all(day is not None and since <= day <= facts.today for day in facts.confirmed.days()):
        return None
    return _(
        "Orders, shield, moves and who lives with whom were not confirmed in the last five working "
        "days. An approver confirms them again."
    )


def all_confirmed(facts: CaseFacts, answers: Answers) -> str | None:
    said = [answers.get(name) for name in ("orders", "shield", "moves", "lives_with")]
    if all(answer is True for answer in said):
        return None
    return _("Something has changed or is not known. Send the case back and say what.")


# Second persons


def not_by(facts: CaseFacts, first: str | None) -> str | None:
    """Why this actor may not do the second part of what `first` began, or None."""
    if first is None or facts.actor is None:
        return _("It is not known who did the first part. It must be done again.")
    return _("You did the first part. Ask somebody else.") if facts.actor == first else None


def receipt_day_proposed(facts: CaseFacts) -> str | None:
    if facts.receipt_day_proposed_by is None:
        return _("No other day of receipt is proposed.")
    return not_by(facts, facts.receipt_day_proposed_by)


def nothing_held_proposed(facts: CaseFacts) -> str | None:
    if facts.nothing_held_proposed_by is None:
        return _("Nobody has proposed that nothing is held.")
    return not_by(facts, facts.nothing_held_proposed_by)


def refusal_proposed(facts: CaseFacts) -> str | None:
    if facts.refusal_proposed_by is None or facts.refusal_ground is None:
        return _("Nobody has proposed to refuse this request.")
    return not_by(facts, facts.refusal_proposed_by)


def refusal_on(*grounds: RefusalGround) -> Guard:
    """A guard: somebody else proposed to refuse on one of these grounds, and the ground still holds."""

    def proposed_on_ground(facts: CaseFacts) -> str | None:
        if reason := refusal_proposed(facts):
            return reason
        if facts.refusal_ground not in grounds:
            return _("The refusal is proposed on another ground. Take the step that fits it.")
        return _ground_fault(facts, facts.refusal_ground)

    return proposed_on_ground


def no_proposal_open(facts: CaseFacts) -> str | None:
    if facts.refusal_proposed_by is None and facts.nothing_held_proposed_by is None:
        return None
    return _("A proposal waits for a second person. It is confirmed or turned down first.")


def receipt_day_not_proposed(facts: CaseFacts) -> str | None:
    free = facts.receipt_day_proposed_by is None
    return None if free else _("Another day is proposed already. It is confirmed or turned down first.")


def ground_holds(facts: CaseFacts, answers: Answers) -> str | None:
    """A ground that the facts contradict cannot be proposed."""
    return _ground_fault(facts, answers.get("ground"))


def _ground_fault(facts: CaseFacts, ground: object) -> str | None:
    fault = next((fault for one, fault in _GROUND_FAULTS.items() if one == ground), None)
    return fault(facts) if fault else None


def _no_identity_fault(facts: CaseFacts) -> str | None:
    """R-63: only when we asked, and can show that we cannot tell who it is."""
    if facts.identity is not IdentityStatus.ACCEPTED and identity_awaited(facts) is None:
        return None
    return _("Identity was not asked for, or is settled. Ask before refusing for it.")


def _no_authority_fault(facts: CaseFacts) -> str | None:
    if facts.authority is not AuthorityStatus.ACCEPTED and authority_awaited(facts) is None:
        return None
    return _("Authority was not asked for, or is settled. Ask before refusing for it.")


def _may_not_act_fault(facts: CaseFacts) -> str | None:
    """Where we know it already, nothing need be asked for: an order that forbids it, an adoption (W-4)."""
    if reason := acts_for_another(facts):
        return reason
    return _("The authority is settled. Check it again before refusing for it.") if _may_act(facts) else None


def _child_decides_fault(facts: CaseFacts) -> str | None:
    if about_a_child(facts) is not None or facts.competence is not Competence.COMPETENT:
        return _("It is not recorded that the child can decide for themselves. Assess that first.")
    return None if child_heard(facts) else _("The child's view does not stand in the way. Go on.")


def _all_exempt_fault(facts: CaseFacts) -> str | None:
    """Told only to somebody who may have the record, and only where nothing of it is given."""
    return may_be_told(facts) or review_complete(facts) or nothing_given(facts)


def _has_died_fault(facts: CaseFacts) -> str | None:
    """That somebody has died is news for their family, not for whoever gives a name."""
    return identity_accepted(facts) or authority_settled(facts)


# Grounds that are not here lie in the request itself, which needs no fact of ours.
_GROUND_FAULTS: dict[RefusalGround, Guard] = {
    RefusalGround.NO_IDENTITY: _no_identity_fault,
    RefusalGround.NO_AUTHORITY: _no_authority_fault,
    RefusalGround.MAY_NOT_ACT: _may_not_act_fault,
    RefusalGround.CHILD_DECIDES: _child_decides_fault,
    RefusalGround.ALL_EXEMPT: _all_exempt_fault,
    RefusalGround.ALL_EXEMPT_NEUTRAL: _all_exempt_fault,
    RefusalGround.SUBJECT_HAS_DIED: _has_died_fault,
}


# The clock


def clarification_may_be_asked(facts: CaseFacts) -> str | None:
    if facts.clarification_open is False:
        return None
    return _("A question is open already. Record its answer first.")


def clarification_open(facts: CaseFacts) -> str | None:
    return None if facts.clarification_open is True else _("No question to the requester is open.")


def clarification_unanswered_long(facts: CaseFacts) -> str | None:
    """R-21: silence closes nothing before a reasonable time has gone by."""
    if facts.clarification_open is not True or facts.clarification_asked_on is None:
        return _("No question to the requester is open.")
    waited = add_months(facts.clarification_asked_on, REASONABLE_WAIT) <= facts.today
    return None if waited else _("The requester still has time to answer. Wait a month from the question.")


def may_extend(facts: CaseFacts) -> str | None:
    """R-12: notice after the first month is no notice at all."""
    if facts.extended is not False:
        return _("The time was extended already. It can be extended once.")
    if facts.notice_deadline is None:
        return _("The time for an answer has not begun or stands still, so it cannot be extended yet.")
    if facts.today > facts.notice_deadline:
        return _("It is too late for an extension. Answer as soon as you can and say sorry for the delay.")
    return None


# Answers


def not_in_the_future(name: str) -> Check:
    """A check that the day given as `name` has come, and is not before the request where that is known."""

    def day_has_come(facts: CaseFacts, answers: Answers) -> str | None:
        day = answers.get(name)
        if isinstance(day, date) and day > facts.today:
            return _("That day is still to come. Give the day on which it happened.")
        return None

    return day_has_come


def not_before_receipt(name: str) -> Check:
    """A check that the day given as `name` is not before the request came."""

    def day_after_receipt(facts: CaseFacts, answers: Answers) -> str | None:
        day = answers.get(name)
        if isinstance(day, date) and facts.received_on is not None and day < facts.received_on:
            return _("That day is before the request came. Check the day, or put the day of receipt right.")
        return None

    return day_after_receipt


def not_before_asked(name: str) -> Check:
    """A check that `came_on` is not before we asked for `name`: the clock would take what came then for something
    else, and wait for ever."""

    def day_after_question(facts: CaseFacts, answers: Answers) -> str | None:
        asked = {
            "identity": facts.identity_asked_on,
            "authority": facts.authority_asked_on,
            "clarification": facts.clarification_asked_on,
            "question": facts.question_asked_on,
        }[name]
        day = answers.get("came_on")
        if isinstance(day, date) and asked is not None and day < asked:
            return _("That day is before we asked. If it was here by then, give the day on which we asked.")
        return None

    return day_after_question


def said_yes(name: str) -> Check:
    """A check that a question which guards against a slip of the hand was answered with yes."""

    def meant_it(facts: CaseFacts, answers: Answers) -> str | None:
        return None if answers.get(name) is True else _("Nothing was changed. Answer yes if you are sure.")

    return meant_it

"""What a correction asks before it goes on: its lines, the question to the requester, the review, those who are told.

Guards as in `workflows.guards`: each answers None, or the reason why not. Unknown facts refuse.
"""

from workflows import guards as g
from workflows.facts import CaseFacts
from workflows.table import Guard
from workflows.words import mark as _

# The record


def record_settled(facts: CaseFacts) -> str | None:
    """A record is attached; or the whole search found none, and then there is an answer to give all the same."""
    if facts.record_attached is not False:
        return g.record_attached(facts)
    if g.search_complete(facts):
        return _("Attach the record to the case first, or complete the search that shows that none is held.")
    return None


# Lines


def lines_there(facts: CaseFacts) -> str | None:
    if facts.lines > 0:
        return None
    return _("No line is left: each was taken back. Record that the requester took the case back.")


def lines_matched(facts: CaseFacts) -> str | None:
    if reason := lines_there(facts):
        return reason
    if facts.lines_unmatched == 0:
        return None
    return _("A line is not matched. Say for each line which entry is meant, or that none is.")


def lines_decided(facts: CaseFacts) -> str | None:
    """None open, none that waits for a second person."""
    if reason := lines_matched(facts):
        return reason
    if facts.lines_undecided != 0:
        return _("A line is not decided. Decide each line that is left.")
    return (
        None if facts.lines_proposed == 0 else _("A line waits for a second person, who confirms it or turns it down.")
    )


# The review of an answer


def something_refused(facts: CaseFacts) -> str | None:
    return None if facts.something_refused is True else _("Nothing was refused, so there is nothing to look at again.")


def not_reviewed_yet(facts: CaseFacts) -> str | None:
    if not facts.reviewed_again:
        return None
    return _("This was looked at again already. The letter says how to complain.")


def actor_not_involved_before(facts: CaseFacts) -> str | None:
    """A review is by somebody who had no hand in the first answer."""
    if not facts.reviewed_again:
        return None
    if facts.actor is None or not facts.decided_by:
        return _("It is not known who decided the first time. A new person must be able to be told apart.")
    return _INVOLVED if facts.actor in facts.decided_by else None


def approved_by_uninvolved(facts: CaseFacts) -> str | None:
    if not facts.reviewed_again or (facts.approved_by is not None and facts.approved_by not in facts.decided_by):
        return None
    return _("The approval is by somebody who was involved the first time. Have another person approve it.")


_INVOLVED = _("You were involved the first time. Ask somebody who was not.")

# Those who were told something wrong


def recipients_settled(facts: CaseFacts) -> str | None:
    """R-107: each was told, or why that is impossible or disproportionate is written down."""
    if facts.recipients_open == 0:
        return None
    return _("Somebody who got the wrong version is still to be told. Tell them, or record why that cannot be done.")


# The question to the requester


def question_free(facts: CaseFacts) -> str | None:
    return None if facts.question_open is False else _("A question is open already. Record its answer first.")


def question_open(facts: CaseFacts) -> str | None:
    return None if facts.question_open is True else _("No question to the requester is open.")


# What must be true of an answer before it is sent to approval, and again when it is approved.
ANSWERABLE: tuple[Guard, ...] = (
    actor_not_involved_before,
    lines_decided,
    g.pack_assembled,
    g.pack_tight,
    g.parts_kept,
    *g.MAY_BE_TOLD,
)
RELEASABLE: tuple[Guard, ...] = (
    *g.MAY_BE_TOLD,
    lines_decided,
    g.parts_kept,
    g.pack_approved,
    g.approved_by_another,
    approved_by_uninvolved,
    g.pack_tight,
    g.freshly_confirmed,
    g.seen_by_the_person_first,
)

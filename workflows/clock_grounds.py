"""The grounds that must be recorded before a clock is moved. What is not on a list is no ground."""

from enum import StrEnum

from workflows.words import mark as _


class ExtensionReason(StrEnum):
    """Why two more months are necessary (R-11, R-14). Left out on purpose: a backlog, the volume alone, and
    that a clarification was needed. None of them makes a request complex (R-13)."""

    MANY_SYSTEMS = "many-systems"
    OTHER_PEOPLE = "other-people"
    SPECIALIST = "specialist"
    NUMEROUS = "numerous"

    @property
    def words(self) -> str:
        return _EXTENSION_WORDS[self]


class DoubtReason(StrEnum):
    """Why there is reasonable doubt about who is asking; without one, proof may not be asked for (R-22)."""

    DETAILS_DIFFER = "details-differ"
    NEW_CONTACT = "new-contact"
    NOT_KNOWN = "not-known"
    WARNED = "warned"

    @property
    def words(self) -> str:
        return _DOUBT_WORDS[self]


_EXTENSION_WORDS = {
    ExtensionReason.MANY_SYSTEMS: _("It has to be drawn together from systems that are hard to search"),
    ExtensionReason.OTHER_PEOPLE: _("Information about several other people has to be weighed"),
    ExtensionReason.SPECIALIST: _("It needs specialist or legal advice before it can be given"),
    ExtensionReason.NUMEROUS: _("The same person made several requests at the same time"),
}
_DOUBT_WORDS = {
    DoubtReason.DETAILS_DIFFER: _("The name, address or date of birth differs from what we hold"),
    DoubtReason.NEW_CONTACT: _("It came from an address or number we do not know"),
    DoubtReason.NOT_KNOWN: _("Nobody here knows this person and they have no account"),
    DoubtReason.WARNED: _("Somebody told us that the request may not be genuine"),
}

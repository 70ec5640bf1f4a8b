"""What kind of machine a session began on: enough to recognise one's own, too little to tell people by it."""

from __future__ import annotations

_TABLETS = ("ipad", "tablet", "kindle", "silk/")
_PHONES = ("iphone", "ipod", "mobile", "phone")
_COMPUTERS = ("windows nt", "macintosh", "x11;", "cros ", "linux")


def kind_of(user_agent: str) -> str:
    """One of `portal.people.models.DEVICES`. What else the browser says of itself is thrown away."""
    said = user_agent.casefold()
    if any(word in said for word in _TABLETS) or ("android" in said and "mobile" not in said):
        return "tablet"
    if any(word in said for word in _PHONES):
        return "phone"
    return "computer" if any(word in said for word in _COMPUTERS) else "unknown"

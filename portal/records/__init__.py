"""The record: what the authority holds about a child, where it came from and who has received it."""

from portal.records.correcting import Moved, NewValue
from portal.records.finding import Candidate, candidates
from portal.records.identities import Identity, identity
from portal.records.looking import Looking, LookRefused
from portal.records.people_mentioned import Third, add_mentioned, mentioned
from portal.records.reading import (
    OldVersion,
    OpenEntry,
    destroyed,
    heads,
    overtaken,
    read,
    shared_with,
    sharing_heads,
    unsettled,
    versions,
)
from portal.records.restrictions import open_restricted
from portal.records.sealing import group_of

__all__ = [
    "Candidate",
    "Identity",
    "LookRefused",
    "Looking",
    "Moved",
    "NewValue",
    "OldVersion",
    "OpenEntry",
    "Third",
    "add_mentioned",
    "candidates",
    "destroyed",
    "group_of",
    "heads",
    "identity",
    "mentioned",
    "open_restricted",
    "overtaken",
    "read",
    "shared_with",
    "sharing_heads",
    "unsettled",
    "versions",
]

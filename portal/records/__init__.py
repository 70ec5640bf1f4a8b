"""The record: what the authority holds about a child, where it came from and who has received it."""

from portal.records.reading import (
    Candidate,
    Identity,
    Looking,
    LookRefused,
    OpenEntry,
    Third,
    add_mentioned,
    candidates,
    heads,
    identity,
    mentioned,
    read,
    shared_with,
    sharing_heads,
)

__all__ = [
    "Candidate",
    "Identity",
    "LookRefused",
    "Looking",
    "OpenEntry",
    "Third",
    "add_mentioned",
    "candidates",
    "heads",
    "identity",
    "mentioned",
    "read",
    "shared_with",
    "sharing_heads",
]

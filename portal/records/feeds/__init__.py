"""Feeds bring records in: one module for each format.

A reader takes a binary stream and yields, in the order of the file, a FeedChild for each child it could read and a
FeedProblem for what it could not. It raises FeedUnreadable, before the first child, for a file that is not of its
format. Readers keep one child in memory at a time and know nothing of the database.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from portal.records.feeds import cin_census, directory
from portal.records.feeds.items import FeedChild, FeedItem, FeedPerson, FeedProblem, FeedUnreadable

__all__ = ["READERS", "FeedChild", "FeedItem", "FeedPerson", "FeedProblem", "FeedUnreadable", "Reader"]


class Reader(Protocol):
    """Reads one format. `today` is the day of the import, against which days in the future are judged."""

    def __call__(
        self, stream: BinaryIO, *, today: datetime.date | None = None
    ) -> Iterator[FeedChild | FeedProblem]: ...


READERS: dict[str, Reader] = {"cin-census": cin_census.read, "directory": directory.read}

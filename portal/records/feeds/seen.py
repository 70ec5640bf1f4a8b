"""Which children a file has already given: a second time would make the same file change the record at each run."""

from __future__ import annotations


class Seen:
    """Remembers children by a number each, so that a hundred thousand cost a few megabytes."""

    def __init__(self) -> None:
        self._lines: dict[int, int] = {}

    def earlier(self, child: str, line: int) -> int:
        """The line where `child` came before, or 0, in which case it is remembered with `line`."""
        number = hash(child.casefold())
        if number in self._lines:
            return self._lines[number]
        self._lines[number] = line
        return 0

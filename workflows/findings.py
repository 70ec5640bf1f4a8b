"""How the law's answer to *may this person act* is given: three answers, each with its rule, evidence and questions."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Standing(StrEnum):
    HOLDS = "holds"
    DOES_NOT_HOLD = "does-not-hold"
    NOT_KNOWN = "not-known"


@dataclass(frozen=True)
class OpenQuestion:
    """Something still to be asked, with the rule that makes it matter."""

    words: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the law says of the facts that are known.

    `basis` is the code of the footing (`authority.BASES`) that a yes stands on. `until` is the last day on which it
    counts, `starts` the day on which an order that is made already begins."""

    standing: Standing
    rule: str
    because: str
    basis: str | None = None
    evidence: tuple[str, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    limits: tuple[str, ...] = ()
    until: date | None = None
    starts: date | None = None

    @property
    def settled(self) -> bool:
        """Whether it is a yes with nothing left to ask."""
        return self.standing is Standing.HOLDS and not self.questions

"""The staff's side of a challenge: what is said to be wrong, line by line, beside what the record holds."""

from portal.caseworker.challenges import deciding, entering, lines, matching, restricted, together  # noqa: F401

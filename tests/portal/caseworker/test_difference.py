"""What an entry says beside what it should say: words that stay, go and come, in reading order."""

from __future__ import annotations

import pytest

from portal.caseworker.challenges.difference import MOST_WORDS, difference

SIGNS = {"same": "{}", "gone": "[-{}]", "new": "[+{}]"}


@pytest.mark.parametrize(
    ("before", "after", "reads"),
    [
        ("as it was", "as it was", "as it was"),
        ("", "now there", "[+now there]"),
        ("once there", "", "[-once there]"),
        ("Ahead of what is usual.", "As is usual.", "[-Ahead of what][+As] is usual."),
        ("seen by a nurse today", "seen by the doctor today", "seen by [-a nurse][+the doctor] today"),
        ("Kiln Lane Primary", "Larkfield House Infants", "[-Kiln Lane Primary][+Larkfield House Infants]"),
        ("one  two", "one two", "one[-  ][+ ]two"),
    ],
)
def test_what_goes_and_what_comes_is_marked(before: str, after: str, reads: str) -> None:
    assert "".join(SIGNS[one.kind].format(one.text) for one in difference(before, after)) == reads


def test_of_a_very_long_text_the_whole_goes_and_the_whole_comes() -> None:
    before, after = "a " * MOST_WORDS, "b"
    assert [one.kind for one in difference(before, after)] == ["gone", "new"]

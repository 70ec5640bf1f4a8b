"""The stricter checker, in its own environment, finds nothing in a copy or a letter."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from portal.documents import render
from tests.portal.documents.packs import rich_pack

CHECKER = Path(__file__).resolve().parents[3] / "build" / "pdf-check" / "bin" / "outloud"


@pytest.fixture(scope="module")
def checker() -> Path:
    if not CHECKER.exists():
        if os.environ.get("CI"):
            pytest.fail("run `make test`, which installs the PDF/UA checker")
        pytest.skip("the PDF/UA checker is not installed: `make test` does it")
    return CHECKER


def findings(checker: Path, pdf: bytes, folder: Path) -> list[str]:
    path = folder / "copy.pdf"
    path.write_bytes(pdf)
    done = subprocess.run([checker, path, "--json", "-"], capture_output=True, text=True, check=False)
    told = json.loads(done.stdout[done.stdout.index("{") :])
    return sorted(_found(told))


def _found(told: object) -> list[str]:
    """Every finding, wherever the report keeps it."""
    if isinstance(told, dict):
        if "severity" in told:
            return [f"{told['rule']}: {told['message']}"]
        return [one for part in told.values() for one in _found(part)]
    return [one for part in told for one in _found(part)] if isinstance(told, list) else []


def test_a_copy_has_nothing_that_a_reader_aloud_would_stumble_over(checker: Path, tmp_path: Path) -> None:
    made = render.pdf(render.pack_html(rich_pack(), for_screen=False))
    assert findings(checker, made, tmp_path) == []


def test_the_checker_does_find_what_is_wrong(checker: Path, tmp_path: Path) -> None:
    html = "<html lang=en><title>x</title><h1>One</h1><h4>Two</h4><p>someone@example.org"
    assert findings(checker, render.letter_pdf(html), tmp_path)

"""Files for the tests of the family's door."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image


@pytest.fixture
def picture() -> Callable[..., tuple[io.BytesIO, str]]:
    """A small photo as a form sends it."""

    def make(name: str = "paper.png") -> tuple[io.BytesIO, str]:
        data = io.BytesIO()
        Image.new("RGB", (20, 20), "teal").save(data, "PNG")
        data.seek(0)
        return data, name

    return make

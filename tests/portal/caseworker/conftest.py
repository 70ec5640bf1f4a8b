"""An office of the staff's door for each test, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.client import app  # noqa: F401
from tests.portal.caseworker.desk import Office, Seat


@pytest.fixture
def office(app: Flask) -> Office:  # noqa: F811
    return Office(app)


@pytest.fixture
def seat(office: Office) -> Seat:
    """A caseworker of the records team."""
    return office.seat()

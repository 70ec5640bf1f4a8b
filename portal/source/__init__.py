"""The door for bodies outside: a link from a mail, a code given by another way, one entry and one answer."""

from flask import Blueprint

blueprint = Blueprint("source", __name__)

# Each module registers its pages with the gate.
from portal.source import answering, entering, passing_on  # noqa: E402, F401

"""The staff's door: caseworkers and approvers."""

from flask import Blueprint

blueprint = Blueprint("caseworker", __name__, url_prefix="/staff")

# Each module registers its pages with the gate.
from portal.caseworker import (  # noqa: E402, F401
    approving,
    cases,
    consulting,
    entering,
    evidence,
    finding,
    furniture,
    mentioned,
    messages,
    packing,
    people,
    review_entry,
    reviewing,
    search_plan,
    sign_in,
    steps,
    waiting,
    worklist,
)

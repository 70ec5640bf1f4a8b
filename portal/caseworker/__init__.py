"""The staff's door: caseworkers and approvers."""

from flask import Blueprint

blueprint = Blueprint("caseworker", __name__, url_prefix="/staff")

# Each module registers its pages with the gate.
from portal.caseworker import (  # noqa: E402, F401
    answering,
    approving,
    bodies,
    breaches,
    cases,
    challenges,
    clashes,
    consulting,
    copies,
    entering,
    evidence,
    finding,
    furniture,
    mentioned,
    messages,
    packing,
    people,
    recipients_telling,
    recipients_told,
    review_entry,
    reviewing,
    search_plan,
    sign_in,
    sources,
    statistics,
    steps,
    voice,
    voice_ask,
    waiting,
    worklist,
)

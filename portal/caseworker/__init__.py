"""The staff's door: caseworkers and approvers."""

from flask import Blueprint

blueprint = Blueprint("caseworker", __name__, url_prefix="/staff")

# Each module registers its pages with the gate.
from portal.caseworker import (  # noqa: E402, F401
    answering,
    approving,
    authority,
    arriving,
    bodies,
    breaches,
    cases,
    challenges,
    clashes,
    consulting,
    copies,
    entering,
    evidence,
    family,
    finding,
    furniture,
    mentioned,
    messages,
    openid,
    packing,
    paper,
    people,
    reaching,
    recipients_telling,
    recipients_told,
    review_entry,
    reviewing,
    sealing,
    search_plan,
    seats,
    seats_closing,
    seats_confirming,
    seats_invited,
    sign_in,
    sources,
    statistics,
    steps,
    teams,
    waiting,
    worklist,
)

"""The family's door: children, young people, parents, and whoever acts for them."""

from flask import Blueprint

blueprint = Blueprint("requester", __name__)

# Each module registers its pages with the gate.
from portal.requester import (  # noqa: E402, F401
    app_codes,
    ask,
    cases,
    challenge_answer,
    challenge_case,
    challenge_copy,
    challenge_files,
    challenge_words,
    frame,
    help_pages,
    later,
    letters,
    own_voice,
    papers,
    reading,
    sign_in,
    voice,
    voice_answer,
    writing,
)

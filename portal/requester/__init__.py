"""The family's door: children, young people, parents, and whoever acts for them."""

from flask import Blueprint

blueprint = Blueprint("requester", __name__)

# Each module registers its pages with the gate.
from portal.requester import (  # noqa: E402, F401
    app_codes,
    ask,
    card_sign_in,
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
    lost,
    my,
    openid,
    own_voice,
    papers,
    passkeys,
    reaching,
    reading,
    sign_in,
    signing,
    telephone_codes,
    typed_code,
    voice,
    voice_answer,
    writing,
)

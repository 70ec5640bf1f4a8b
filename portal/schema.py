"""Every table of the portal, in one place to import before the schema is asked for."""

import portal.audit.models
import portal.cases.authority_models
import portal.cases.corrections.models
import portal.cases.models
import portal.cases.posting
import portal.cases.voice_models
import portal.documents.models
import portal.jobs
import portal.once
import portal.people.cards
import portal.people.contact_models
import portal.people.kept_forms
import portal.people.models
import portal.people.openid_models
import portal.people.seat_models
import portal.people.spoken_codes
import portal.records.models
import portal.review.models  # noqa: F401

APPEND_ONLY = ("log", "event")  # triggers and rights keep these from being rewritten

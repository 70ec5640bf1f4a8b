"""Codes and labels of the record in plain words, for families: what a reader of about nine understands.

The words are ours; `tests/portal/records/test_words.py` holds them against the published code sets, so that none is
missing. A code that is not here is shown as the source wrote it. Everything is marked for translation.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from workflows.words import mark as _

YES_NO = {"1": _("Yes"), "true": _("Yes"), "yes": _("Yes"), "0": _("No"), "false": _("No"), "no": _("No")}

_WHO_ASKED = {
    "1A": _("Someone in the family or a carer"),
    "1B": _("Someone who knows the family, like a neighbour or a child minder"),
    "1C": _("The child"),
    "1D": _("Another person"),
    "2A": _("A school"),
    "2B": _("An education service"),
    "3A": _("A family doctor (GP)"),
    "3B": _("A health visitor"),
    "3C": _("A school nurse"),
    "3D": _("Another local health service"),
    "3E": _("A hospital emergency department (A&E)"),
    "3F": _("Another health service"),
    "4": _("A housing service"),
    "5A": _("Another social care team of this council"),
    "5B": _("Another team of this council"),
    "5C": _("Another council"),
    "5D": _("The early help team of this council"),
    "6": _("The police"),
    "7": _("A court, a prison, probation, immigration or another legal body"),
    "8": _("Another group, like a children’s centre or a charity"),
    "9": _("Someone who did not give their name"),
    "10": _("Not known"),
}

_FACTORS = {
    "1A": _("The child may be drinking too much alcohol"),
    "1B": _("A parent or carer may be drinking too much alcohol"),
    "1C": _("Someone else at home may be drinking too much alcohol"),
    "2A": _("The child may be using drugs in a harmful way"),
    "2B": _("A parent or carer may be using drugs in a harmful way"),
    "2C": _("Someone else at home may be using drugs in a harmful way"),
    "3A": _("Someone at home or a partner may be hurting, scaring or controlling the child"),
    "3B": _("Someone at home or a partner may be hurting, scaring or controlling a parent or carer"),
    "3C": _("Someone at home or a partner may be hurting, scaring or controlling another person at home"),
    "4A": _("The child’s mental health"),
    "4B": _("The mental health of a parent or carer"),
    "4C": _("The mental health of someone else at home or in the family"),
    "5A": _("The child has a learning disability"),
    "5B": _("A parent or carer has a learning disability"),
    "5C": _("Someone else at home or in the family has a learning disability"),
    "6A": _("The child has a physical disability or is ill"),
    "6B": _("A parent or carer has a physical disability or is ill"),
    "6C": _("Someone else at home or in the family has a physical disability or is ill"),
    "7A": _("The child looks after someone else and may need help because of that"),
    "8A": _("The child lives with someone who is not close family, by a private agreement"),
    "8B": _("The child came from another country, lives with someone who is not close family, and means to go back"),
    "8C": _("The child came from another country, lives with someone who is not close family, and means to stay"),
    "8D": _("The child lives away from home for school, with someone who is not close family"),
    "8E": _("The child’s family has arranged for them to live with someone who is not close family"),
    "8F": _("The child lives with someone who is not close family, for another reason"),
    "9A": _("The child came to this country without a parent and asked to be kept safe here"),
    "10A": _("The child goes missing, or has been missing"),
    "11A": _("Someone may be using the child for sex"),
    "12A": _("Someone may be moving the child from place to place to use or harm them"),
    "13A": _("The child may be in danger because of a gang"),
    "14A": _("The child behaves in ways that other people find hard to accept"),
    "15A": _("The child may be hurting themselves"),
    "16A": _("The child may not be looked after as they should be (neglect)"),
    "17A": _("The child’s feelings may be badly hurt by how someone treats them (emotional abuse)"),
    "18A": _("Someone may be hurting the child’s body (physical abuse)"),
    "18B": _("Another child may be hurting the child’s body (physical abuse)"),
    "18C": _("An adult may be hurting the child’s body (physical abuse)"),
    "19A": _("Someone may be harming the child in a sexual way (sexual abuse)"),
    "19B": _("Another child may be harming the child in a sexual way (sexual abuse)"),
    "19C": _("An adult may be harming the child in a sexual way (sexual abuse)"),
    "20": _("Something else"),
    "21": _("No worries were found"),
    "22A": _("The child may be in danger of being cut in her private parts (female genital mutilation)"),
    "23A": _("Someone may be harming the child because of a belief or a religion"),
    "24A": _("Someone may be making the child take part in crime"),
}

_MAIN_NEED = {
    "N0": _("Not written down"),
    "N1": _("The child may be hurt or not looked after as they should be"),
    "N2": _("The child has a disability"),
    "N3": _("A parent is ill or has a disability"),
    "N4": _("The family is going through a very hard time"),
    "N5": _("The family finds it hard to live well together"),
    "N6": _("The child behaves in ways that other people find hard to accept"),
    "N7": _("The family has too little money"),
    "N8": _("No parent is there to look after the child"),
    "N9": _("The child was not counted as a child in need"),
}

_WHY_CLOSED = {
    "RC1": _("The child was adopted"),
    "RC2": _("The child died"),
    "RC3": _("A court decided who the child lives with or spends time with"),
    "RC4": _("A court made someone the child’s special guardian"),
    "RC5": _("Another council took over"),
    "RC6": _("The adult care team took over"),
    "RC7": _("Help ended, for example because the child no longer needed it"),
    "RC8": _("After the assessment, nothing more was needed"),
    "RC9": _("After the assessment, the early help team took over"),
}

_ABUSE = {
    "NEG": _("Not being looked after as the child should be (neglect)"),
    "PHY": _("Being hurt in the body (physical abuse)"),
    "SAB": _("Being harmed in a sexual way (sexual abuse)"),
    "EMO": _("Being badly hurt in their feelings (emotional abuse)"),
    "MUL": _("More than one kind of harm"),
}

_DISABILITY = {
    "NONE": _("No disability was written down"),
    "MOB": _("Moving around"),
    "HAND": _("Using their hands"),
    "PC": _("Washing, dressing, eating and other care of their body"),
    "INC": _("Going to the toilet in time"),
    "COMM": _("Talking with others or understanding them"),
    "LD": _("Learning"),
    "HEAR": _("Hearing"),
    "VIS": _("Seeing"),
    "BEH": _("Behaviour"),
    "CON": _("Fits or passing out"),
    "AUT": _("Autism"),
    "DDA": _("Another disability that the law counts"),
}

_ETHNICITY = {
    "WBRI": _("White British"),
    "WIRI": _("White Irish"),
    "WIRT": _("Irish Traveller"),
    "WROM": _("Gypsy or Roma"),
    "WOTH": _("Another White background"),
    "MWBC": _("Mixed: White and Black Caribbean"),
    "MWBA": _("Mixed: White and Black African"),
    "MWAS": _("Mixed: White and Asian"),
    "MOTH": _("Another mixed background"),
    "AIND": _("Indian"),
    "APKN": _("Pakistani"),
    "ABAN": _("Bangladeshi"),
    "AOTH": _("Another Asian background"),
    "BCRB": _("Black Caribbean"),
    "BAFR": _("Black African"),
    "BOTH": _("Another Black background"),
    "CHNE": _("Chinese"),
    "OOTH": _("Another ethnic group"),
    "REFU": _("The family did not want to say"),
    "NOBT": _("Not asked yet"),
}

_NO_PUPIL_NUMBER = {
    "UN1": _("The child is under 6 and has not been given one yet"),
    "UN2": _("The child is in care and does not go to school"),
    "UN3": _("The child has just come into care and it is not known yet"),
    "UN4": _("The child comes from outside England"),
    "UN5": _("Different places gave different numbers"),
    "UN6": _("The school or the council could not give it"),
    "UN7": _("Someone asked for help for the child and nothing more was needed"),
}

_MALE, _FEMALE, _NOT_KNOWN, _NOT_STATED = _("Male"), _("Female"), _("Not known"), _("Not stated")
_SEX = {
    "1": _MALE,
    "2": _FEMALE,
    "0": _NOT_KNOWN,
    "9": _NOT_STATED,
    "M": _MALE,
    "F": _FEMALE,
    "U": _NOT_KNOWN,
    "I": _NOT_STATED,
    "MALE": _MALE,
    "FEMALE": _FEMALE,
    "UNKNOWN": _NOT_KNOWN,
    "NOTSPECIFIED": _NOT_STATED,
}

# Codes of the directory's CSV, which are ours (docs/directory-csv.md).
_ADDRESS = {
    "current": _("Where the child lives"),
    "last-known": _("Where the child lived last, as far as we know"),
    "none-known": _("We do not know where the child lives"),
    "left-england": _("The child left England"),
}
_RETURNS = {
    "yes": _("The child means to come back within three years"),
    "no": _("The child does not mean to come back"),
    "unknown": _("We do not know if the child means to come back"),
}
_RESPONSIBLE = {"yes": _("Yes"), "no": _("No"), "unknown": _("Not known")}
_CONSENT = {
    "child": _("The child said yes"),
    "parent": _("A parent said yes for the child"),
    "harm": _("The child may be in serious danger"),
}

CODES: Mapping[str, Mapping[str, str]] = {
    "address_kind": _ADDRESS,
    "assessment_factors": _FACTORS,
    "category_of_abuse": _ABUSE,
    "consent_ground": _CONSENT,
    "contact_source": _WHO_ASKED,
    "disability": _DISABILITY,
    "ethnicity": _ETHNICITY,
    "gender": {"0": _("Not born yet"), "1": _MALE, "2": _FEMALE, "9": _NOT_STATED},
    "parental_responsibility": _RESPONSIBLE,
    "primary_need": _MAIN_NEED,
    "reason_for_closure": _WHY_CLOSED,
    "referral_source": _WHO_ASKED,
    "returns": _RETURNS,
    "sex": _SEX,
    "sex_current": {"0": _NOT_KNOWN, "1": _MALE, "2": _FEMALE, "9": _NOT_STATED},
    "upn_unknown": _NO_PUPIL_NUMBER,
    "yes_no": YES_NO,
}

# Why a value that was kept looks wrong. Staff see these, and a family beside the entry it concerns.
FLAGS: Mapping[str, str] = {
    "unknown-code": _("We do not know what this code means. It is shown as it came to us."),
    "unknown-element": _("We do not know this kind of information. It is shown as it came to us."),
    "unreadable-date": _("This is not a date we can read. It is shown as it came to us."),
    "unreadable-number": _("This is not a number we can read. It is shown as it came to us."),
    "implausible-date": _("This date does not look right."),
    "before-birth": _("This date is before the birth."),
    "invalid-upn": _("This pupil number does not look right."),
    "invalid-nhs-number": _("This NHS number does not look right."),
    "invalid-postcode": _("This postcode does not look right."),
}


@functools.lru_cache(maxsize=1 << 10)
def plain(code_set: str, code: str) -> str:
    """A code in plain words, capitals and blanks aside; "" for a code that is not known."""
    known = CODES.get(code_set, {})
    squeezed = "".join(code.split())
    return known.get(squeezed) or known.get(squeezed.upper()) or known.get(squeezed.lower()) or ""

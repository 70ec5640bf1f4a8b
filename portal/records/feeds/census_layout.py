"""The children-in-need census by element name: what each element says, in plain words.

One table for the layouts of 2021 to 2026. They differ in the element for the child's sex, in code sets and in how
lists are wrapped; the names of elements never changed their meaning, so no layout needs a table of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workflows.words import mark as _

Form = Literal["date", "birth", "text", "number", "upn", "code", "flag", "unknown"]


@dataclass(frozen=True)
class Leaf:
    """An element with a value. `many`: it stands once for each value. `day`: the sibling whose day it is about,
    where that is not the day on which its group begins. `key`: the name it keeps while layouts change.
    `identifies`: what it tells of who the child is (`portal.records.identities.KINDS`)."""

    label: str
    form: Form
    code_set: str = ""
    category: str = "social care"
    many: bool = False
    day: str = ""
    key: str = ""
    identifies: str = ""


@dataclass(frozen=True)
class Group:
    """Elements that belong together. `start` is the element with the day on which it begins, which names it."""

    name: str
    start: str = ""


CHILD = Group("child")
_REFERRAL = Group("referral", "cinreferraldate")
_ASSESSMENT = Group("assessment", "assessmentactualstartdate")
_PLAN = Group("plan", "cinplanstartdate")
_ENQUIRY = Group("section 47 enquiry", "s47actualstartdate")
_PROTECTION = Group("child protection plan", "cppstartdate")

# By element name without case. A group that stands inside an element of the same group is wrapped, not nested.
GROUPS: Mapping[str, Group] = {
    "cindetails": _REFERRAL,
    "cindetail": _REFERRAL,
    "assessments": _ASSESSMENT,
    "assessment": _ASSESSMENT,
    "cinplandates": _PLAN,
    "cinplandate": _PLAN,
    "cinplans": _PLAN,
    "cinplan": _PLAN,
    "section47": _ENQUIRY,
    "section47s": _ENQUIRY,
    "childprotectionplans": _PROTECTION,
    "childprotectionplan": _PROTECTION,
}

LEAVES: Mapping[str, Leaf] = {
    "lachildid": Leaf(_("The council’s number for the child"), "text", category="identity", identifies="local_id"),
    "upn": Leaf(_("Pupil number (UPN)"), "upn", category="identity", identifies="upn"),
    "formerupn": Leaf(_("Earlier pupil number (UPN)"), "upn", category="identity", many=True),
    "upnunknown": Leaf(_("Why there is no pupil number"), "code", "upn_unknown", category="identity"),
    "personbirthdate": Leaf(_("Date of birth"), "birth", category="identity", identifies="birth_date"),
    "expectedpersonbirthdate": Leaf(_("The birth was expected on"), "birth", category="identity"),
    "persondeathdate": Leaf(_("Date of death"), "date", category="identity"),
    "gendercurrent": Leaf(_("Sex"), "code", "sex_current", category="identity", key="sex", identifies="sex"),
    "gender": Leaf(_("Sex"), "code", "gender", category="identity", key="sex", identifies="sex"),
    "sex": Leaf(_("Sex"), "code", "sex", category="identity", key="sex", identifies="sex"),
    "ethnicity": Leaf(_("Ethnic background"), "code", "ethnicity", category="identity"),
    "disability": Leaf(_("Disability"), "code", "disability", category="health", many=True),
    "cinreferraldate": Leaf(_("Someone asked us to help the child (referral)"), "date"),
    "referralsource": Leaf(_("Who asked us to help"), "code", "referral_source"),
    "primaryneedcode": Leaf(_("The main reason the child may need help"), "code", "primary_need"),
    "referralnfa": Leaf(_("We decided to do nothing more after the referral"), "flag", "yes_no"),
    "cinclosuredate": Leaf(_("Our help ended"), "date"),
    "reasonforclosure": Leaf(_("Why our help ended"), "code", "reason_for_closure", day="cinclosuredate"),
    "dateofinitialcpc": Leaf(_("First meeting about keeping the child safe (child protection conference)"), "date"),
    "assessmentactualstartdate": Leaf(_("We began to find out what help is needed (assessment)"), "date"),
    "assessmentinternalreviewdate": Leaf(_("We looked again at how the assessment was going"), "date"),
    "assessmentauthorisationdate": Leaf(_("The assessment was finished"), "date"),
    "assessmentfactors": Leaf(
        _("A worry found in the assessment"),
        "code",
        "assessment_factors",
        many=True,
        day="assessmentauthorisationdate",
    ),
    "cinplanstartdate": Leaf(_("A plan to help the child began (child in need plan)"), "date"),
    "cinplanenddate": Leaf(_("The plan to help the child ended (child in need plan)"), "date"),
    "s47actualstartdate": Leaf(_("We began to check if the child was being harmed (section 47 enquiry)"), "date"),
    "initialcpctarget": Leaf(_("The first child protection conference was due by"), "date"),
    "icpcnotrequired": Leaf(_("We decided that no child protection conference was needed"), "flag", "yes_no"),
    "cppstartdate": Leaf(_("A plan to keep the child safe began (child protection plan)"), "date"),
    "cppenddate": Leaf(_("The plan to keep the child safe ended (child protection plan)"), "date"),
    "initialcategoryofabuse": Leaf(_("What we kept the child safe from, at first"), "code", "category_of_abuse"),
    "latestcategoryofabuse": Leaf(_("What we kept the child safe from, last"), "code", "category_of_abuse"),
    "numberofpreviouscpp": Leaf(_("How many child protection plans there were before"), "number"),
    "cppreviewdate": Leaf(_("A meeting looked at how the plan was going (child protection review)"), "date", many=True),
}

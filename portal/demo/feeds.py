"""The files the demo imports, as an authority's systems would give them: the directory's CSV (docs/directory-csv.md)
and a children-in-need census that knows some of the same children by number alone."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from portal.demo.families import Child, Family, Note
from portal.demo.notes import SOCIAL_CARE
from portal.records.feeds.directory_rows import COLUMNS

Row = dict[str, str]
IN_NEED = 3  # every third child is in the census
_FACTORS = ("3B", "4B", "7A", "16A", "20")


def write_directory(path: Path, families: Iterable[Family], today: datetime.date) -> None:
    """Writes the directory's file."""
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, sorted(COLUMNS), restval="")
        rows.writeheader()
        for family in families:
            for child in family.children:
                rows.writerows({"local_id": child.local_id, **row} for row in _rows(family, child, today))


def _rows(family: Family, child: Child, today: datetime.date) -> Iterator[Row]:
    yield _identity(child)
    yield from _homes(family, child, today)
    yield from _carers(family)
    begun = (child.born + datetime.timedelta(days=min(1600, (today - child.born).days // 2))).isoformat()
    yield {"record": "school", "name": child.school, "phone": "01632 960140", "from": begun, "source": child.school}
    yield {"record": "gp", "name": child.surgery, "phone": "01632 960150", "from": begun, "source": child.surgery}
    yield from _help(family, child, begun)
    for note in child.notes:
        yield _note(family, child, note)


def _identity(child: Child) -> Row:
    return {
        "record": "child",
        "directory_id": f"D-{100_000 + child.number}",
        "upn": child.upn,
        "nhs_number": child.nhs_number,
        "surname": child.surname,
        "forenames": child.forenames,
        "former_names": child.former_name,
        "birth_date": child.born.isoformat(),
        "sex": child.sex,
    }


def _homes(family: Family, child: Child, today: datetime.date) -> Iterator[Row]:
    address, postcode = family.carers[0].home
    since = child.born + (today - child.born) / 3
    yield {"record": "address", "kind": "current", "address": address, "postcode": postcode, "from": since.isoformat()}
    if family.apart:
        address, postcode = family.carers[-1].home
        until = (since - datetime.timedelta(days=1)).isoformat()
        period = {"from": child.born.isoformat(), "to": until}
        yield {"record": "address", "kind": "last-known", "address": address, "postcode": postcode, **period}


def _carers(family: Family) -> Iterator[Row]:
    for carer in family.carers:
        reach = {"phone": carer.phone, "email": carer.email, "address": carer.home[0], "postcode": carer.home[1]}
        told = {"name": carer.name, "relationship": carer.relation, "parental_responsibility": carer.responsible}
        yield {"record": "carer", **told, **reach}


def _help(family: Family, child: Child, begun: str) -> Iterator[Row]:
    if child.service:
        yield {"record": "service", "kind": "targeted", "name": child.service, "phone": "01632 960170", "from": begun}
    if child.sensitive:
        told = {"name": child.sensitive, "contact": "Laurel Finchley", "consent": "child", "consent_on": begun}
        yield {"record": "service", "kind": "sensitive", **told, "phone": "01632 960180", "from": begun}
    if child.notes:
        reach = {"phone": "01632 960190", "email": f"{family.worker.lower().replace(' ', '.')}@example.org"}
        yield {"record": "lead", "name": family.worker, "role": "social worker", **reach, "from": begun}
        yield {"record": "lead", "name": family.doctor, "role": "family doctor", "phone": "01632 960150", "from": begun}
        yield {"record": "assessment", "name": "Early Help Team", "on": begun, "phone": "01632 960160"}
    if child.number % 25 == 3:
        yield {"record": "flag", "name": "Youth Justice Team", "phone": "01632 960175", "from": begun}


def _note(family: Family, child: Child, note: Note) -> Row:
    category = note.text.category
    return {
        "record": "note",
        "text": note.words,
        "author": {"health": family.doctor, "education": ""}.get(category, family.worker),
        "on": note.on.isoformat(),
        "opinion": "yes" if note.text.opinion else "no",
        "category": category,
        "people": "; ".join(f"{name} = {relation}" for name, relation in note.people),
        "source": {"education": child.school, "health": child.surgery}.get(category, SOCIAL_CARE),
    }


def write_census(path: Path, families: Iterable[Family], today: datetime.date) -> None:
    """Writes the census: children without names, with what was done for them and when."""
    reference = datetime.date(today.year - (today < datetime.date(today.year, 4, 1)), 3, 31)
    children = [child for family in families for child in family.children if child.number % IN_NEED == 1]
    told = "".join(_in_need(child, reference) for child in children if (reference - child.born).days > 400)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Message><Header><CollectionDetails><Collection>CIN</Collection>'
        f"<Year>{reference.year}</Year><ReferenceDate>{reference}</ReferenceDate></CollectionDetails>"
        f"<Source><SourceLevel>L</SourceLevel><LEA>999</LEA></Source></Header>\n<Children>\n{told}</Children></Message>\n",
        encoding="utf-8",
    )


def _in_need(child: Child, reference: datetime.date) -> str:
    referred = reference - datetime.timedelta(days=60 + child.number % 150)
    begun, done = referred + datetime.timedelta(days=3), referred + datetime.timedelta(days=38)
    sex = "F" if child.sex == "female" else "M"
    plan = f"<CINPlanDates><CINPlanStartDate>{done}</CINPlanStartDate></CINPlanDates>" if child.number % 2 else ""
    return (
        f"<Child><ChildIdentifiers><LAchildID>{escape(child.local_id)}</LAchildID><UPN>{child.upn}</UPN>"
        f"<PersonBirthDate>{child.born}</PersonBirthDate><Sex>{sex}</Sex></ChildIdentifiers>"
        "<ChildCharacteristics><Ethnicity>REFU</Ethnicity><Disabilities><Disability>NONE</Disability></Disabilities>"
        f"</ChildCharacteristics><CINdetails><CINreferralDate>{referred}</CINreferralDate>"
        f"<ReferralSource>{'2A' if child.number % 4 else '9'}</ReferralSource><PrimaryNeedCode>N4</PrimaryNeedCode>"
        f"<Assessments><AssessmentActualStartDate>{begun}</AssessmentActualStartDate>"
        f"<AssessmentAuthorisationDate>{done}</AssessmentAuthorisationDate><FactorsIdentifiedAtAssessment>"
        f"<AssessmentFactors>{_FACTORS[child.number % len(_FACTORS)]}</AssessmentFactors>"
        f"</FactorsIdentifiedAtAssessment></Assessments>{plan}<ReferralNFA>0</ReferralNFA></CINdetails></Child>\n"
    )

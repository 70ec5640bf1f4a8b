"""Writes a children-in-need census of invented children, as large as wished, without holding it in memory.

    python -m tests.bench.make_census 100000 /tmp/census.xml

The same number and seed give the same file.
"""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

REFERENCE = datetime.date(2026, 3, 31)
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_ETHNICITIES = ("WBRI", "WIRT", "WOTH", "MWBC", "MWAS", "AIND", "APKN", "BCRB", "BAFR", "CHNE", "OOTH", "REFU")
_DISABILITIES = ("NONE", "NONE", "NONE", "MOB", "COMM", "LD", "HEAR", "AUT")
_SOURCES = ("1A", "1B", "2A", "3A", "3B", "3E", "4", "5A", "6", "7", "8", "9")
_FACTORS = ("1B", "2B", "3A", "3B", "4A", "4B", "5A", "6B", "7A", "10A", "16A", "17A", "18C", "20", "24A")
_ABUSE = ("NEG", "PHY", "SAB", "EMO", "MUL")

HEADER = f"""<?xml version="1.0" encoding="UTF-8"?>
<Message>
  <Header>
    <CollectionDetails>
      <Collection>CIN</Collection><Year>2026</Year><ReferenceDate>{REFERENCE}</ReferenceDate>
    </CollectionDetails>
    <Source><SourceLevel>L</SourceLevel><LEA>999</LEA><SoftwareCode>Invented</SoftwareCode></Source>
  </Header>
  <Children>
"""
FOOTER = "  </Children>\n</Message>\n"


def write(out: TextIO, children: int, *, seed: int = 1) -> None:
    """Writes a census of `children` invented children."""
    chance = random.Random(seed)
    out.write(HEADER)
    for number in range(1, children + 1):
        out.writelines(f"    {line}\n" for line in _child(chance, number))
    out.write(FOOTER)


def _child(chance: random.Random, number: int) -> Iterator[str]:
    born = REFERENCE - datetime.timedelta(days=chance.randrange(200, 17 * 365))
    yield "<Child>"
    yield f"  <ChildIdentifiers><LAchildID>INV{number:07}</LAchildID><UPN>{_upn(number)}</UPN>"
    yield f"  <PersonBirthDate>{born}</PersonBirthDate><Sex>{chance.choice('MF')}</Sex></ChildIdentifiers>"
    yield f"  <ChildCharacteristics><Ethnicity>{chance.choice(_ETHNICITIES)}</Ethnicity>"
    yield f"  <Disabilities><Disability>{chance.choice(_DISABILITIES)}</Disability></Disabilities>"
    yield "  </ChildCharacteristics>"
    for _episode in range(chance.choice((1, 1, 1, 2))):
        yield from _episode_of(chance, born)
    yield "</Child>"


def _episode_of(chance: random.Random, born: datetime.date) -> Iterator[str]:
    referred = born + (REFERENCE - born) * chance.random()
    closes = chance.random() < 0.6
    yield f"  <CINdetails><CINreferralDate>{referred}</CINreferralDate>"
    yield f"    <ReferralSource>{chance.choice(_SOURCES)}</ReferralSource>"
    yield f"    <PrimaryNeedCode>N{chance.randrange(1, 9)}</PrimaryNeedCode>"
    if closes:
        yield f"    <CINclosureDate>{_after(referred, chance, 300)}</CINclosureDate>"
        yield f"    <ReasonForClosure>RC{chance.randrange(1, 10)}</ReasonForClosure>"
    yield from _assessment(chance, referred)
    if chance.random() < 0.5:
        planned = _after(referred, chance, 90)
        yield f"    <CINPlanDates><CINPlanStartDate>{planned}</CINPlanStartDate>"
        yield f"      <CINPlanEndDate>{_after(planned, chance, 200)}</CINPlanEndDate></CINPlanDates>"
    if chance.random() < 0.4:
        yield from _protection(chance, referred)
    yield "    <ReferralNFA>0</ReferralNFA></CINdetails>"


def _assessment(chance: random.Random, referred: datetime.date) -> Iterator[str]:
    begun = _after(referred, chance, 10)
    yield f"    <Assessments><AssessmentActualStartDate>{begun}</AssessmentActualStartDate>"
    yield f"      <AssessmentAuthorisationDate>{_after(begun, chance, 60)}</AssessmentAuthorisationDate>"
    yield "      <FactorsIdentifiedAtAssessment>"
    for factor in chance.sample(_FACTORS, chance.randrange(1, 5)):
        yield f"        <AssessmentFactors>{factor}</AssessmentFactors>"
    yield "      </FactorsIdentifiedAtAssessment></Assessments>"


def _protection(chance: random.Random, referred: datetime.date) -> Iterator[str]:
    asked = _after(referred, chance, 40)
    planned = _after(asked, chance, 15)
    yield f"    <Section47><S47ActualStartDate>{asked}</S47ActualStartDate>"
    yield f"      <InitialCPCtarget>{asked + datetime.timedelta(days=15)}</InitialCPCtarget>"
    yield f"      <DateOfInitialCPC>{planned}</DateOfInitialCPC><ICPCnotRequired>false</ICPCnotRequired></Section47>"
    yield f"    <ChildProtectionPlans><CPPstartDate>{planned}</CPPstartDate>"
    yield f"      <InitialCategoryOfAbuse>{chance.choice(_ABUSE)}</InitialCategoryOfAbuse>"
    yield f"      <LatestCategoryOfAbuse>{chance.choice(_ABUSE)}</LatestCategoryOfAbuse>"
    yield "      <NumberOfPreviousCPP>0</NumberOfPreviousCPP>"
    yield f"      <Reviews><CPPreviewDate>{_after(planned, chance, 90)}</CPPreviewDate></Reviews>"
    yield "    </ChildProtectionPlans>"


def _after(day: datetime.date, chance: random.Random, most: int) -> datetime.date:
    return day + datetime.timedelta(days=chance.randrange(1, most))


def _upn(number: int) -> str:
    digits = f"999{number:09}"
    return _LETTERS[sum(weight * int(digit) for weight, digit in enumerate(digits, start=2)) % 23] + digits


def main() -> None:
    children, path = int(sys.argv[1]), Path(sys.argv[2])
    with path.open("w", encoding="utf-8") as out:
        write(out, children)


if __name__ == "__main__":
    main()

"""Figures on challenges of the last twelve months: by what is wrong, by what became of it, by source."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask_babel import gettext as _
from sqlmodel import Session

from portal import audit, gate
from portal.cases import clocking
from portal.cases.corrections import statistics
from portal.cases.corrections.statistics import Count, Figures, SourceCount
from portal.caseworker import blueprint, desk
from portal.gate import page
from portal.records import bodies
from portal.records.bodies import BodyNotFound
from workflows.lines import LineKind, Outcome


@dataclass(frozen=True)
class Row:
    """One row of a table, in words."""

    name: str
    lines: str
    more: str


@page(
    blueprint,
    "/statistics",
    who=desk.STAFF,
    why="how many challenges there were, what became of them, and which source was wrong most often",
)
def statistics_page() -> str:
    with gate.runtime().database.write() as session:
        audit.append(session, gate.act("statistics"))
    with gate.runtime().database.read() as session:
        figures = statistics.figures(session, clocking.uk_today())
        sources = _sources(session, figures)
    return render_template(
        "caseworker/statistics/page.html",
        figures=figures,
        kinds=[_count(one, LineKind(one.what).words) for one in figures.kinds],
        outcomes=[_count(one, Outcome(one.what).label) for one in figures.outcomes],
        sources=sources,
        most=statistics.MOST_LINES,
    )


def _count(one: Count, words: str) -> Row:
    if one.lines is None:
        return Row(_(words), _("Too few to say"), "–")
    return Row(_(words), str(one.lines), str(one.days))


def _sources(session: Session, figures: Figures) -> list[Row]:
    return [_source(one, _name(session, one)) for one in figures.sources]


def _source(one: SourceCount, name: str) -> Row:
    return Row(name, str(one.challenged), str(one.upheld) if one.upheld is not None else _("Too few to say"))


def _name(session: Session, one: SourceCount) -> str:
    try:
        return bodies.body(session, one.source_id).reach.name
    except BodyNotFound:
        return _("A body that is no longer in the register")

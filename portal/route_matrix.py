"""The route matrix in words: role by page by state by class of data (ASVS V8.1.1).

It is read from the rows that the pages themselves gave the gate, and from the workflows' own tables: there is no second
list. `tests/portal/test_route_matrix.py` tries each row."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from portal import gate, shell
from portal.gate import Row

HEAD = ("Page", "Methods", "Who", "Shows", "In states", "Asks again", "Why")


def rows() -> list[Row]:
    """Every row, by door and address. The doors register their pages when they are imported."""
    for door in shell.DOORS:
        if find_spec(f"portal.{door}"):
            import_module(f"portal.{door}")
    return sorted(gate.MATRIX.values(), key=lambda row: (row.endpoint.partition(".")[0], row.rule, row.methods))


def printed() -> list[str]:
    """The matrix as a table in Markdown."""
    lines = [HEAD, tuple("---" for _column in HEAD), *(_line(row) for row in rows())]
    return [f"| {' | '.join(line)} |" for line in lines]


def _line(row: Row) -> tuple[str, ...]:
    prefix = "/staff" if row.endpoint.startswith("caseworker.") else ""
    states = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in row.in_states().items())
    return (
        f"`{prefix}{row.rule}`",
        ", ".join(row.methods),
        ", ".join(row.who),
        ", ".join(row.opens),
        states or "any",
        "yes" if row.step_up else "",
        row.why,
    )

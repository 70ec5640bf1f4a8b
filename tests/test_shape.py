"""The house keeps its shape: who may import whom, one way in and one way out, nothing unnamed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from portal import processing, schema, settings

ROOT = Path(__file__).resolve().parent.parent
_ARTICLE_30 = (" | for: ", " | about: ", " | kept: ", " | seen by: ")
DOORS = ("requester", "caseworker", "source", "oversight")
ORDER = (*DOORS, "documents", "review", "cases", "records", "people", "vault", "audit")
GLUE = {  # of the application itself: above the domain, below the doors
    *("__init__", "gate", "forms", "widgets", "shell", "security_headers"),
    *("cli", "demo", "demo_pages", "work", "checking"),
    *("ceremony", "device_words", "going_on", "route_matrix"),
}


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package(path: Path) -> str:
    relative = path.relative_to(ROOT / "portal")
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources("workflows"), ids=str)
def test_the_law_imports_the_standard_library_only(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert top == "workflows" or top in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", sources("portal"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_uses_only_what_stands_to_its_right(path: Path) -> None:
    here = package(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "portal" or len(parts) < 2 or parts[1] not in ORDER or here == parts[1]:
            continue
        if here in ORDER:
            assert ORDER.index(here) < ORDER.index(parts[1]), f"{here} must not import {parts[1]}"
        if here in DOORS:
            assert parts[1] not in DOORS, f"the doors {here} and {parts[1]} must not know each other"


@pytest.mark.parametrize("path", sources("portal"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_domain_package_knows_no_request_and_no_door(path: Path) -> None:
    here = package(path)
    if here in DOORS or here in GLUE or here not in ORDER:
        return
    for name in imports(path):
        assert name.split(".")[0] not in {"flask", "flask_wtf"}, f"{path.name} imports {name}"
        assert name.split(".")[:2] not in [["portal", glue] for glue in GLUE - {"__init__"}], (
            f"{path.name} imports {name}"
        )


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_only_cases_gives_the_right_to_look_into_a_record() -> None:
    makers = {package(path) for path in sources("portal") if any(call.endswith("Looking") for call in calls(path))}
    assert makers == {"cases"}


def test_only_records_opens_what_belongs_to_a_child() -> None:
    opening = re.compile(r"look\s*=\s*True")
    openers = {package(path) for path in sources("portal") if opening.search(path.read_text(encoding="utf-8"))}
    assert openers == {"records"}


def test_only_the_database_commits() -> None:
    committing = {
        str(path.relative_to(ROOT))
        for path in sources("portal")
        if any(call.endswith(".commit") for call in calls(path))
    }
    assert committing == {"portal/db.py"}


def test_only_the_ledger_sets_a_case_state() -> None:
    setter = re.compile(r"\bcase\.state\s*=[^=]")
    setters = {
        str(path.relative_to(ROOT)) for path in sources("portal") if setter.search(path.read_text(encoding="utf-8"))
    }
    assert setters <= {"portal/cases/ledger.py"}


def test_every_column_says_what_it_holds() -> None:
    assert schema
    unsaid = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if not column.comment
    ]
    assert unsaid == []


def test_every_table_says_why_about_whom_how_long_and_who_sees_it() -> None:
    tables = SQLModel.metadata.sorted_tables
    assert [table.name for table in tables if processing.activity_of(table) is None] == []
    assert all(word in (column.comment or "") for table in tables for column in table.columns for word in _ARTICLE_30)


def test_every_setting_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in settings.told() if name != "demo" and f"`{name.upper()}`" not in readme] == []


def test_every_command_is_named_in_the_readme() -> None:
    from portal.cli import cli

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in cli.commands if f"portal {name}" not in readme] == []


def test_every_template_is_used() -> None:
    """A template is used when its path stands in a source or another template, or its folder is chosen by name."""
    by_name = ("letters/", "emails/", "texts/", "errors/")
    templates = sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*"))
    files = [*sources("portal"), *(ROOT / "templates").rglob("*.html")]
    words = "\n".join(path.read_text(encoding="utf-8") for path in files)
    unused = [
        name
        for name in templates
        if not name.startswith(by_name) and f'"{name}"' not in words and f"'{name}'" not in words
    ]
    assert unused == []

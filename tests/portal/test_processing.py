"""The record of processing activities (UK GDPR Article 30) comes from the schema, so nothing can be missing in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlmodel import SQLModel

from portal import processing, schema
from portal.cli import cli
from portal.settings import Secrets

assert schema


def test_the_record_names_every_table_and_every_column_once() -> None:
    lines = list(processing.record(controller="the council"))
    for table in SQLModel.metadata.sorted_tables:
        assert lines.count(f"### {table.name}") == 1
        start = lines.index(f"### {table.name}")
        held = [line.split(" | ")[0].removeprefix("| ") for line in lines[start + 4 : start + 4 + len(table.columns)]]
        assert held == [column.name for column in table.columns]


def test_a_column_says_the_five_things_in_the_database_too() -> None:
    comment = SQLModel.metadata.tables["message"].columns["sealed"].comment
    assert comment == processing.CASE.comment("the words; case key; R-150")


def test_the_command_prints_the_record_for_this_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Secrets.make(tmp_path / "keys")
    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path))
    monkeypatch.setenv("AUTHORITY_NAME", "Meadowvale Council")
    printed = CliRunner().invoke(cli, ["docs", "processing-record"])
    assert printed.exit_code == 0
    assert printed.output.startswith("# Record of processing activities of Meadowvale Council\n")

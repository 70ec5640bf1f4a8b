"""Fixtures: one portal per test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from portal import wiring
from portal.runtime import Runtime
from portal.settings import Secrets, Settings
from tests.databases import Templates

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files made by others; a test that needs them is skipped where they are missing, but never in CI."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} is missing")
        pytest.skip(f"{SHARED} is missing: real sample files are not part of the project")
    return SHARED


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    made = Templates(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_urls(request: pytest.FixtureRequest, templates: Templates) -> Iterator[tuple[str, str]]:
    """(owner url, app url) of an empty migrated database of each kind."""
    with getattr(templates, request.param)() as urls:
        yield urls


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key files for all installations of a test process, so that one can be copied into another."""
    folder = tmp_path_factory.mktemp("keys")
    Secrets.make(folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path, database_urls: tuple[str, str], keys: Path) -> Settings:
    """Settings of one throw-away installation."""
    owner, own = database_urls
    shutil.copytree(keys, tmp_path / "keys")
    environ = {"PORTAL_INSTANCE": str(tmp_path), "DATABASE_URL": own, "OWNER_DATABASE_URL": owner}
    ways_out = {"mail_url": f"folder:{tmp_path / 'mail'}", "telephone_url": f"folder:{tmp_path / 'telephone'}"}
    return Settings.load(environ, authority_name="Example Council", **ways_out)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """The parts of a running portal, without the web."""
    wiring.connect_packages()
    opened = Runtime.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def session(runtime: Runtime) -> Iterator[Session]:
    """A write transaction that is committed when the test ends well."""
    with runtime.database.write() as opened:
        yield opened


from tests.client import (  # noqa: E402  fixtures of the whole application
    app,  # noqa: F401
    compiled_templates,  # noqa: F401
    family,  # noqa: F401
    staff,  # noqa: F401
    visitor,  # noqa: F401
)

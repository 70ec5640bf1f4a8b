"""Both databases for tests: a migrated template once per test process, a clone of it for each test.

PostgreSQL is started here in a temporary folder, with an owner role that migrates and an app role for the rest.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from portal.migrate import migrate

OWNER, APP = "portal_owner", "portal_app"


class Cluster:
    """A PostgreSQL server of our own on a unix socket, stopped and deleted afterwards."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
        self.port = _free_port()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = f"-k {self.folder} -p {self.port} -c listen_addresses='' -c fsync=off -c full_page_writes=off"
        self._run("pg_ctl", "-D", str(data), "-l", str(self.folder / "log"), "-o", options, "-w", "start")
        self.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB", f"CREATE ROLE {APP} LOGIN")

    def url(self, role: str, name: str) -> str:
        return f"postgresql+psycopg://{role}@/{name}?host={self.folder}&port={self.port}"

    def execute(self, *statements: str) -> None:
        """As the superuser, over one connection that stays open: a clone for each test is made over it."""
        if self._connection is None:
            where = f"host={self.folder} port={self.port} user=postgres dbname=postgres"
            self._connection = psycopg.connect(where, autocommit=True)
        for statement in statements:
            self._connection.execute(statement)

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(_program(program)), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


class Templates:
    """Migrated empty databases to clone from. `current` are those of this process."""

    current: Templates | None = None

    def __init__(self, folder: Path) -> None:
        Templates.current = self
        self._folder = folder
        self._cluster: Cluster | None = None
        self._sqlite: Path | None = None

    @contextmanager
    def sqlite(self) -> Iterator[tuple[str, str]]:
        """(owner url, app url) of a fresh SQLite database."""
        if self._sqlite is None:
            self._sqlite = self._folder / "template.db"
            url = f"sqlite:///{self._sqlite}"
            migrate(url, url)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copy(self._sqlite, folder / "portal.db")
        url = f"sqlite:///{folder / 'portal.db'}"
        yield url, url
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def postgresql(self) -> Iterator[tuple[str, str]]:
        """(owner url, app url) of a fresh PostgreSQL database."""
        cluster = self.cluster()
        name = f"t{uuid.uuid4().hex[:12]}"
        # Copied as files: nothing is lost without a log of what is thrown away, and it takes a tenth of the time.
        cluster.execute(f"CREATE DATABASE {name} TEMPLATE portal_template OWNER {OWNER} STRATEGY file_copy")
        yield cluster.url(OWNER, name), cluster.url(APP, name)
        cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def copy_postgresql(self, name: str) -> str:
        """Keeps this database as it is now, under the name that is answered; nobody may be connected to it."""
        kept = f"k{uuid.uuid4().hex[:12]}"
        self.cluster().execute(f"CREATE DATABASE {kept} TEMPLATE {name} OWNER {OWNER} STRATEGY file_copy")
        return kept

    def replace_postgresql(self, name: str, kept: str) -> None:
        """Puts a kept database in the place of this one."""
        self.cluster().execute(
            f"DROP DATABASE {name} WITH (FORCE)",
            f"CREATE DATABASE {name} TEMPLATE {kept} OWNER {OWNER} STRATEGY file_copy",
        )

    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._cluster = Cluster()
            self._cluster.execute(f"CREATE DATABASE portal_template OWNER {OWNER}")
            migrate(self._cluster.url(OWNER, "portal_template"), self._cluster.url(APP, "portal_template"))
        return self._cluster

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.stop()


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found:
        return Path(found)
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    if not versions:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, or apt-get install postgresql")
    return versions[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

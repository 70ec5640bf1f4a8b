"""How fast a census comes in, and in how much memory.

    python -m tests.bench.import_bench [CHILDREN] [sqlite|postgresql]

The import runs in a process of its own, so that its peak memory is that of nothing else; it is run twice: the second
time the same file changes nothing. Prints one JSON object for each run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portal.records.feeds import importing
from portal.runtime import Runtime
from portal.settings import Secrets, Settings
from tests.bench import make_census
from tests.databases import Templates

CHILDREN = 100_000


def main() -> None:
    """Makes the file, then imports it twice into a fresh database."""
    children = int(sys.argv[1]) if len(sys.argv) > 1 else CHILDREN
    kind = sys.argv[2] if len(sys.argv) > 2 else "sqlite"
    with tempfile.TemporaryDirectory() as folder:
        census = Path(folder) / "census.xml"
        with census.open("w", encoding="utf-8") as out:
            make_census.write(out, children)
        Secrets.make(Path(folder) / "keys")
        templates = Templates(Path(folder))
        with getattr(templates, kind)() as (owner, app):
            environ = {"PORTAL_INSTANCE": folder, "DATABASE_URL": app, "OWNER_DATABASE_URL": owner}
            for _run in range(2):
                command = [sys.executable, "-m", __spec__.name, "--import", str(census)]
                subprocess.run(command, check=True, env={**os.environ, **environ})
        templates.close()


def measured(census: Path) -> dict[str, object]:
    """One import with its figures: children a second, peak memory of this process in MiB."""
    runtime = Runtime.open(Settings.load())
    began = time.perf_counter()
    report = importing.run(runtime.database, "cin-census", census, progress=sys.stderr.isatty())
    seconds = time.perf_counter() - began
    runtime.close()
    told = report.as_json()
    children = sum(told["children"].values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"seconds": round(seconds, 1), "children_a_second": round(children / seconds), "peak_mib": round(peak)}
    return {"database": runtime.database.engine.dialect.name, **figures, **told["children"], "entries": told["entries"]}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(measured(Path(sys.argv[2]))))
    else:
        main()

"""Seconds and peak memory of a pack of about a hundred pages: as the portal makes it, against one plain call of the
renderer on the same HTML, both in children of their own and in the same run."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from portal.documents import render
from portal.documents.pack import Category
from tests.portal.documents.packs import entry, pack

ENTRIES = 620
NOTE = (
    "Visit at home. Everybody was in. We spoke about school, about the dog, and about the summer. "
    "The child showed a drawing of a boat and said that the sea is far away. "
) * 3


def big_pack():
    entries = tuple(entry(number, NOTE, label="Note of a visit") for number in range(1, ENTRIES + 1))
    return pack(*entries, categories=(Category(name="Contacts and notes", entries=entries),))


def plain_call() -> None:
    import weasyprint

    html = render.pack_html(big_pack(), for_screen=False)
    css = "\n".join((render.SHEETS / f"{name}.css").read_text() for name in ("page", "pack"))
    weasyprint.HTML(string=html).write_pdf(stylesheets=[weasyprint.CSS(string=css)], pdf_variant="pdf/ua-1")


def ours() -> None:
    render.preload()
    render.pdf(render.pack_html(big_pack(), for_screen=False), pages=120)


def measured(way: str) -> dict[str, float]:
    """Wall seconds and peak memory (MiB) of one way, in a process of its own."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.pack_bench", way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"seconds": round(time.perf_counter() - begun, 1), **json.loads(done.stdout)}


def peak() -> float:
    """MiB of the largest process of this run: this one or a child of it."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(most / 1024)


def pages() -> int:
    import io

    import pikepdf

    with pikepdf.open(io.BytesIO(render.pdf(render.pack_html(big_pack(), for_screen=False), pages=120))) as made:
        return len(made.pages)


if __name__ == "__main__":
    {"plain": plain_call, "ours": ours}[sys.argv[1]]()
    print(json.dumps({"peak_mib": peak()}))

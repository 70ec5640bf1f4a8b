"""`make bench`: the figures of docs/performance.md, in the same words."""

from __future__ import annotations

import subprocess
import sys

from tests.bench import pack_bench


def main() -> None:
    children = sys.argv[1] if len(sys.argv) > 1 else "100000"
    subprocess.run([sys.executable, "-m", "tests.bench.import_bench", children], check=True)
    print(f"pack of {pack_bench.pages()} pages")
    for way in ("plain", "ours"):
        print(f"  {way}: {pack_bench.measured(way)}")


if __name__ == "__main__":
    main()

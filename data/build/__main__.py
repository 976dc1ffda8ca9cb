"""Derive every table of ``data/`` that is derived, in order: ``python -m data.build [sources]``.

``sources`` is the folder of raw inputs, ``../shared/sources`` beside the checkout unless given.
The steps are deterministic: run again on the same inputs and packages, they write the same tables.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

STEPS = ("roads", "zones", "sites", "bases", "waters", "places")


def main(sources: Path, out: Path) -> None:
    """Run all steps in order; each reads ``sources`` and earlier tables of ``out``, and writes to ``out``."""
    for step in STEPS:
        started = time.perf_counter()
        print(f"== {step}", flush=True)
        importlib.import_module(f"data.build.{step}").main(sources, out)
        print(f"== {step}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared" / "sources"
    if not folder.is_dir():
        sys.exit(f"{folder}: no such folder. Give the folder of raw sources: python -m data.build PATH")
    main(folder, root / "data")

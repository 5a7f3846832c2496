"""Measures which engine runs each release cheapest on this machine, and remembers it:

python -m detector.inference.measure --choices engines.json models/street models/covers

A process of its own: what it costs is its CPU time, which looks that go on beside it do not change,
and an engine that this CPU makes crash takes nothing else along.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detector.inference.model import load_model

_NICE: Final = 5  # looks come first


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="of releases")
    parser.add_argument("--choices", type=Path, required=True, help="file where they are kept")
    parser.add_argument("--threads", type=int, default=1, help="of a pass")
    args = parser.parse_args(arguments)
    os.nice(_NICE)
    for folder in args.folders:
        load_model(folder, threads=args.threads, choices=args.choices)


if __name__ == "__main__":
    main()

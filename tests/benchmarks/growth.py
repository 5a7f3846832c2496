"""Draws what cameras cost as they grow in number.

python -m tests.benchmarks.cameras | python -m tests.benchmarks.growth docs/growth.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

_FIGURES = (
    ("looks_a_second", "looks a second"),
    ("core_ms_a_look", "core-ms a look, no network"),
    ("mib_a_camera", "MiB a camera"),
    ("first_look_s", "seconds to the first look"),
)


def main() -> None:
    rows = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    cameras = [row["cameras"] for row in rows]
    figure, axes = pyplot.subplots(2, 2, figsize=(8, 5.5))
    for plot, (key, title) in zip(axes.flat, _FIGURES, strict=True):
        plot.plot(cameras, [row[key] for row in rows], "o-", color="#33658a")
        if key == "looks_a_second":
            wanted = [row["wanted_a_second"] for row in rows]
            plot.plot(cameras, wanted, "--", color="#999999", label="wanted")
            plot.legend(frameon=False)
        plot.set_title(title, fontsize=10)
        plot.set_ylim(bottom=0)
        plot.set_xlabel("cameras", fontsize=8)
        plot.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(Path(sys.argv[1]), dpi=110)


if __name__ == "__main__":
    main()

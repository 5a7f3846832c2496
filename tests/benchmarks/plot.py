"""Draws what a look costs.

python -m tests.benchmarks.look | python -m tests.benchmarks.plot docs/look-cost.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

_SUMS = ("look, decoded", "still look, decoded", "over floor")


def main() -> None:
    text = sys.stdin.read()
    costs: dict[str, float] = json.loads(text[text.index("{\n") : text.rindex("}") + 1])
    steps = {name: cost for name, cost in costs.items() if name not in _SUMS}
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    axes.barh(list(steps), list(steps.values()), color="#33658a")
    axes.invert_yaxis()
    for row, cost in enumerate(steps.values()):
        axes.text(cost + 0.5, row, f"{cost:.1f}", va="center", fontsize=8)
    axes.set_xlabel("core-milliseconds of one look at a 1080p camera")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(Path(sys.argv[1]), dpi=110)


if __name__ == "__main__":
    main()

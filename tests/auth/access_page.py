"""The table of docs/access.md: `python -m tests.auth.access_page` prints it anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from api.auth.access_table import ACCESS, Gate, Needs
from api.auth.role import KEY_SCOPES, PERMISSIONS, Permission, Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
COLUMNS = ("method", "route", "asks for", "anonymous", *(role.value for role in Role), "key")
_ROW = re.compile(r"^\| (GET|POST|PUT|PATCH|DELETE) \|.*\|$", re.M)


def rows() -> list[tuple[str, ...]]:
    return [
        (method, f"`{path}`", needs.value, *(_sign(needs, who) for who in (None, *Role, "key")))
        for (method, path), needs in sorted(ACCESS.items(), key=lambda item: item[0][::-1])
    ]


def written_rows() -> list[tuple[str, ...]]:
    found = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    lines = [m.group(0) for m in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert len(found) == len(lines)
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def _sign(needs: Needs, who: Role | str | None) -> str:
    if needs is Gate.OPEN:
        return "yes"
    if needs in (Gate.READY, Gate.METRICS):
        if needs is Gate.READY or who == "key":
            return "yes"
        needs = Permission.OPERATE
    if who is None:
        return "no"
    if needs is Gate.SIGNED_IN:
        return "no" if who == "key" else "yes"
    if who == "key":
        return "yes" if needs in KEY_SCOPES else "no"
    return "yes" if needs in PERMISSIONS[Role(who)] else "no"


def table() -> str:
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")

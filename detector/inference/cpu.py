"""What this machine's CPU is, and which small number formats it computes in."""

from __future__ import annotations

import math
import os
import platform
from functools import cache
from pathlib import Path
from typing import Final

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
_CPUINFO: Final = Path("/proc/cpuinfo")
_BF16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16"})
_INT8_FLAGS: Final = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})

SUMMED_IN_16_BITS: Final = 64
"""Largest INT8 weight of which two products with 8-bit inputs fit into 16 bits: 2 * 255 * 64."""


def usable_cores() -> int:
    """Cores that this process may use: those it is bound to, or fewer where its container has a
    quota of CPU time (cgroup v2's `cpu.max`: microseconds in a period, or `max`)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = _QUOTA.read_text(encoding="utf-8").split()
        return max(1, min(cores or 1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no quota, or no such file
        return cores or 1


def cpu_name() -> str:
    """As the system names it; else its architecture."""
    return _field("model name") or platform.processor() or platform.machine()


def computes_in_bf16() -> bool:
    """Elsewhere bf16 is left out by the engines, or emulated: a training step takes eleven times as
    long then."""
    return bool(_BF16_FLAGS & _flags())


def computes_in_int8(largest_weight: int) -> bool:
    """Whether sums of INT8 products do not overflow, weights being -`largest_weight` to that.

    Without VNNI an x86 CPU gathers two products in 16 bits, which saturate: with larger weights
    other boxes come out.
    """
    vnni = bool(_INT8_FLAGS & _flags())
    return vnni or ("avx2" in _flags() and largest_weight <= SUMMED_IN_16_BITS)


@cache
def _flags() -> frozenset[str]:
    return frozenset(_field("flags").split())


def _field(name: str) -> str:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")

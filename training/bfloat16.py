"""Whether a network is trained in bfloat16 on this CPU."""

from __future__ import annotations


def cpu_computes_in_bfloat16() -> bool:
    """Elsewhere it is emulated, and a step takes eleven times as long."""
    import torch

    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())

"""Which small number formats a CPU computes in, by its flags."""

import pytest

from detector.inference import cpu
from detector.inference.cpu import SUMMED_IN_16_BITS, computes_in_bf16, computes_in_int8


@pytest.fixture
def flags(monkeypatch):
    def has(*names: str) -> None:
        monkeypatch.setattr(cpu, "_flags", lambda: frozenset(names))

    return has


@pytest.mark.parametrize("flag", ["avx512_vnni", "avx_vnni", "amx_int8"])
def test_vnni_takes_any_weights(flags, flag: str):
    flags("avx2", flag)
    assert computes_in_int8(127)


def test_without_vnni_two_products_have_to_fit_into_16_bits(flags):
    flags("avx2", "avx512f")
    assert 2 * 255 * SUMMED_IN_16_BITS < 2**15 <= 2 * 255 * (SUMMED_IN_16_BITS + 1)
    assert computes_in_int8(SUMMED_IN_16_BITS)
    assert not computes_in_int8(SUMMED_IN_16_BITS + 1)


def test_other_cpus_take_none(flags):
    flags("sse4_2")
    assert not computes_in_int8(SUMMED_IN_16_BITS)
    assert not computes_in_bf16()

"""Weights that compute in float32 what a CPU with bf16 would compute: every number rounded to it.

OpenVINO keeps in float32 what follows the last convolution or matrix product on the way to an
output; all before that is stored in bf16, with sums in float32. So it is here: each float tensor
that a convolution or matrix product needs, however far back, is rounded after it is computed, and
so are weights. An activation that OpenVINO fuses into the convolution before it is rounded once
more here, so that this finds rather less than the real thing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

_HEAVY: Final = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})
_FUSED: Final = frozenset({"Sigmoid"})
"""Half of a SiLU, which is stored nowhere."""
_SUFFIX: Final = ".bf16"


def rounded_to_bf16(weights: Path, target: Path) -> Path:
    """Writes weights in which each number is cast to BFLOAT16 and back where OpenVINO would store
    it so."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(str(weights)))
    graph = model.graph
    rounded = _stored(graph) & _floats(graph)
    given = [one.name for one in (*graph.input, *graph.initializer) if one.name in rounded]
    nodes = [cast for name in given for cast in _casts(name)]
    for node in graph.node:
        node.input[:] = [f"{n}{_SUFFIX}" if n in rounded else n for n in node.input]
        nodes.append(node)
        nodes += [cast for name in node.output if name in rounded for cast in _casts(name)]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
    return target


def _stored(graph: GraphProto) -> set[str]:
    """Tensors from which a heavy operator follows, but for those that are fused away."""
    needed: set[str] = set()
    for node in reversed(graph.node):  # ONNX keeps them in the order of computing
        if node.op_type in _HEAVY or needed & set(node.output):
            needed |= set(node.input)
    fused = {name for node in graph.node if node.op_type in _FUSED for name in node.output}
    return needed - fused


def _floats(graph: GraphProto) -> set[str]:
    from onnx import TensorProto

    values = (*graph.input, *graph.value_info, *graph.output)
    told = {one.name for one in values if one.type.tensor_type.elem_type == TensorProto.FLOAT}
    return told | {one.name for one in graph.initializer if one.data_type == TensorProto.FLOAT}


def _casts(name: str) -> tuple[NodeProto, NodeProto]:
    from onnx import TensorProto, helper

    small = f"{name}{_SUFFIX}.small"
    return (
        helper.make_node("Cast", [name], [small], to=TensorProto.BFLOAT16),
        helper.make_node("Cast", [small], [f"{name}{_SUFFIX}"], to=TensorProto.FLOAT),
    )

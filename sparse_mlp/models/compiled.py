"""The bridge from layer objects to the compiled step: flat tables of the whole network, and its workspaces."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    Dropout,
    LeakyReLU,
    MeanSquaredError,
    MotifLinear,
    Pad,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.layers.activations import Activation
from sparse_mlp.layers.base import Array, Layer
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models.store import Linear, ParameterStore
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.kernels.network import Network

MAX_GROUPS = 8  # gradient buffers, hence threads that can work at once; part of what a result's bytes depend on
WIDEST, NARROW = 64, 32
LINE = 64  # bytes of a cache line
SCORING_BYTES = 2**27  # workspace of a prediction; large networks are predicted by fewer threads
# Subclasses of these may compute otherwise.
COMPILED_LAYERS = (SparseLinear, MotifLinear, Dense, ReLU, LeakyReLU, AllReLU, Sigmoid, Tanh)
READOUT_LINKS = 2**20  # a dense layer above this is a matrix product, better done by BLAS


def why_not_compiled(layers: Sequence[Layer], backend: str) -> str:
    """Return the reason for which a network must be computed layer by layer, or an empty string."""
    if backend != "numba":
        return f"the backend is {backend}"
    for i, layer in enumerate(layers):
        if isinstance(layer, Dropout) and layer.rate > 0:
            return "it has dropout"
        if isinstance(layer, Dense) and (i == 0 or layer.weight.size > READOUT_LINKS):
            return f"dense layer {layer.name!r} is a matrix product"
        if isinstance(layer, Dense) and any(isinstance(later, (Dense, SparseLinear)) for later in layers[i + 1 :]):
            return f"dense layer {layer.name!r} is not the read-out"
    for before, layer, behind in _neighbours(layers):
        if type(layer) not in COMPILED_LAYERS:
            return f"layer {layer.name!r} is of a kind of its own"
        if isinstance(layer, Activation) and (not isinstance(before, SparseLinear | Dense) or behind is None):
            return f"activation {layer.name!r} does not stand between two linear layers"
    return ""


def has_compiled_loss(loss: Loss) -> bool:
    """Tell whether the compiled step knows a loss; others are computed behind the layers, one by one."""
    return type(loss) in (SoftmaxCrossEntropy, MeanSquaredError)


def _neighbours(layers: Sequence[Layer]) -> list[tuple[Layer | None, Layer, Layer | None]]:
    """Return each layer with the ones before and behind it, None at the ends.

    Dropout, idle here, is left out, and so is padding at the front, which is done when samples are loaded.
    """
    kept = [layer for i, layer in enumerate(layers) if not isinstance(layer, Dropout if i else (Dropout, Pad))]
    return list(zip([None, *kept], kept, [*kept[1:], None], strict=False))


def _pairs(layers: Sequence[Layer]) -> list[tuple[Linear, Any]]:
    """Pair each linear layer with the activation behind it, or None."""
    return [
        (layer, behind if isinstance(behind, Activation) else None)
        for _, layer, behind in _neighbours(layers)
        if isinstance(layer, SparseLinear | Dense)
    ]


def structure_of(layer: Linear) -> SparseStructure:
    """Return the links of a layer, between motifs where it has them; a dense one has all links."""
    return layer.structure if isinstance(layer, SparseLinear) else SparseStructure.complete(layer.weight.shape)


def padding_of(layers: Sequence[Layer]) -> int:
    """Return how many features the network adds to those that it is given."""
    first = layers[0]
    return first.columns if isinstance(first, Pad) else 0


class CompiledNetwork:
    """Run the compiled step and the compiled prediction of one network in one wiring.

    Parameters
    ----------
    layers : sequence of Layer
        For which `why_not_compiled` is empty.
    store : ParameterStore
        Of the same layers. A topology update needs a new `CompiledNetwork`.
    """

    def __init__(self, layers: Sequence[Layer], store: ParameterStore) -> None:
        self.store = store
        self.net, self.rows = _tables(_pairs(layers), store)
        self.n_features = int(self.net.sizes[0]) - padding_of(layers)
        self._lock = threading.Lock()  # the workspace serves one call at a time, kernels run without the interpreter's
        self._work: dict[tuple[int, int], Array] = {}
        self._partial: Array = np.empty((0, 0), store.values.dtype)

    def gradient(self, x: Array, samples: NDArray[np.int64], target: Array, loss: Loss) -> float:
        """Return the mean loss of the batch `x[samples]` and leave its gradient in the store.

        Raises
        ------
        InvalidInputError
            If arrays do not fit the network, or a sample or a label is out of range.
        """
        from sparse_mlp.kernels.step import network_gradient

        if x.ndim != 2 or x.shape[1] != self.n_features or x.dtype != self.store.values.dtype:
            raise invalid(f"x of {x.dtype} {x.shape}", f"{self.store.values.dtype} (n_samples, {self.n_features})")
        if not x.flags.c_contiguous:
            raise invalid("x with other strides", "C-contiguous", "use np.ascontiguousarray(x)")
        if len(target) != len(x) or len(samples) == 0:
            found = f"{len(x)} inputs, {len(target)} targets, {len(samples)} samples"
            raise invalid(found, "as many targets as inputs, and at least one sample")
        width = WIDEST if len(samples) >= 2 * WIDEST else NARROW
        work = self.workspace(len(samples), width)
        if self._partial.shape[0] < len(work):
            self._partial = np.empty((len(work), len(self.store.values)), self.store.values.dtype)
        labels, targets, kind, smoothing = _loss_arguments(loss, target, self.store.values.dtype)
        with self._lock:
            value = network_gradient(
                self.net, self.store.values, x, samples, labels, targets, kind, smoothing, work,
                self._partial[: len(work)], self.store.gradient,
            )  # fmt: skip
        if np.isnan(value):
            _check_batch(samples, len(x), labels, int(self.net.sizes[-1]))
        return value

    def scores(self, x: Array) -> Array:
        """Return the scores (n_samples, n_out) of all rows of x."""
        from sparse_mlp.kernels.step import network_scores

        scores = np.empty((len(x), int(self.net.sizes[-1])), self.store.values.dtype)
        group_bytes = self.rows * WIDEST * scores.itemsize
        most = min(MAX_GROUPS, max(1, SCORING_BYTES // group_bytes))  # grouping does not change a score
        with self._lock:
            network_scores(self.net, self.store.values, x, self.workspace(len(x), WIDEST, most), scores)
        return scores

    def workspace(self, samples: int, width: int, most: int = MAX_GROUPS) -> Array:
        """Return memory (groups, rows, width) for a batch: a group for each tile, but no more than `most`."""
        groups = max(1, min(most, -(-samples // width)))
        if (groups, width) not in self._work:
            self._work[groups, width] = aligned_zeros((groups, self.rows, width), self.store.values.dtype)
        return self._work[groups, width]


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that start on a cache line, so that sixteen floats never lie across two of them."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def _check_batch(samples: Array, n_samples: int, labels: Array, n_out: int) -> None:
    """Say what is wrong with a batch that the kernel refused; a loss may also be NaN for its own reasons."""
    if samples.min() < 0 or samples.max() >= n_samples:
        raise invalid(f"samples from {samples.min()} to {samples.max()}", f"in [0, {n_samples})")
    chosen = labels[samples] if len(labels) else labels
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= n_out):
        raise invalid(f"labels from {chosen.min()} to {chosen.max()}", f"in [0, {n_out})")


def _loss_arguments(loss: Loss, target: Array, dtype: Any) -> tuple[Array, Array, int, float]:
    from sparse_mlp.kernels.tile_losses import MEAN_SQUARED_ERROR, SOFTMAX_CROSS_ENTROPY

    if isinstance(loss, SoftmaxCrossEntropy):
        return target, np.empty((0, 0), dtype), SOFTMAX_CROSS_ENTROPY, float(loss.label_smoothing)
    return np.empty(0, np.int64), target, MEAN_SQUARED_ERROR, 0.0


def _tables(pairs: list[tuple[Linear, Any]], store: ParameterStore) -> tuple[Network, int]:
    from sparse_mlp.kernels.network import IDENTITY, PIECEWISE_LINEAR, SIGMOID, TANH, Network

    kinds = {"piecewise-linear": PIECEWISE_LINEAR, "sigmoid": SIGMOID, "tanh": TANH}
    layers = [layer for layer, _ in pairs]
    structures = [structure_of(layer) for layer in layers]
    modes = np.array([_mode(layer) for layer in layers], np.int64)
    sizes = np.array([layers[0].shape[0], *(layer.shape[1] for layer in layers)], np.int64)
    activations = [activation for _, activation in pairs]
    slopes = np.array([getattr(a, "slope", 0.0) for a in activations])
    activation_start = np.concatenate(([0], np.cumsum(sizes)))
    rows, raw_start = int(activation_start[-1]), activation_start[:-1].copy()
    for i in np.flatnonzero(slopes < 0):  # the sign of z cannot be told from the output
        raw_start[i + 1] = rows
        rows += int(sizes[i + 1])
    sums_start = rows + int(sizes.max())
    net = Network(
        sizes=sizes,
        modes=modes if modes.any() else None,
        motif_sizes=np.array([_motif_size(layer) for layer in layers], np.int64),
        weight_start=np.array([0, *(part.stop for part in store.weight_parts)], np.int64),
        bias_start=np.array([*(p.start for p in store.bias_parts), len(store.values)], np.int64),
        kinds=np.array([IDENTITY if a is None else kinds[a.kind] for a in activations], np.int64),
        slopes=slopes,
        link_start=_starts([s.nnz for s in structures]),
        by_input_start=_starts([s.n_in + 1 for s in structures]),
        by_output_start=_starts([s.n_out + 1 for s in structures]),
        by_input=np.concatenate([s.indptr for s in structures]).astype(np.int64),
        by_output=np.concatenate([s.by_output.indptr for s in structures]).astype(np.int64),
        indices=np.concatenate([s.indices for s in structures]),
        rows=np.concatenate([s.by_output.indices for s in structures]),
        order=np.concatenate([s.by_output.order for s in structures]),
        activation_start=activation_start[:-1],
        raw_start=raw_start,
        spare_start=rows,
        sums_start=sums_start,
    )
    return net, sums_start + _most_sums(structures, modes)


def _motif_size(layer: Linear) -> int:
    return layer.motif_size if isinstance(layer, SparseLinear) else 1


def _mode(layer: Linear) -> int:
    from sparse_mlp.kernels.network import BLOCK, SHARED, SINGLE

    if not isinstance(layer, MotifLinear) or layer.motif_size == 1:
        return SINGLE
    return SHARED if layer.mode == "shared" else BLOCK


def _most_sums(structures: list[SparseStructure], modes: Array) -> int:
    """Return the motifs of the widest side of a layer whose links share their weight."""
    from sparse_mlp.kernels.network import SHARED

    return max((max(s.shape) for s, mode in zip(structures, modes, strict=True) if mode == SHARED), default=0)


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    """Return where parts of these lengths begin that lie one behind the other, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)

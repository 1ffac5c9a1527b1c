"""The truly sparse linear layer: z = a W + b over the links only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp import link_prediction
from sparse_mlp.errors import invalid
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.dispatch import choose_backend, linear_ops
from sparse_mlp.layers._checks import check_dtype, checked_features
from sparse_mlp.layers.base import Array, Gradients, Layer, Part
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.link_prediction.predictors import Links, Predictor
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import initial_weights
from sparse_mlp.topology.initial_weights import Distribution

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class SparseLinear(Layer):
    """Connect n_in inputs with n_out outputs through the links of a structure.

    Parameters
    ----------
    structure : SparseStructure
        Who is linked to whom; nothing is stored for absent links.
    weights : str, callable or float array (nnz,)
        An initial distribution, see `topology.initial_weights`, or the weights themselves in the order of the links.
    rng : None, int or numpy.random.Generator
        Draws the initial weights.
    dtype : float32 or float64
    backend : str, optional
        `reference`, `scipy` or `numba`; see `kernels.dispatch.choose_backend`.
    name : str
        How logs and errors call the layer.

    Attributes
    ----------
    structure : SparseStructure
    weight : float (nnz,)
    bias : float (n_out,)
    recorded : (float (n_in, batch), float (n_out, batch)) or None
        Inputs and deltas of a batch, for rules that want them; see `signals`.
    motif_size : int
        1: links join single neurons; see `MotifLinear`.

    Examples
    --------
    >>> structure = SparseStructure.from_coo([0, 1, 1], [0, 0, 1], shape=(2, 2))
    >>> layer = SparseLinear(structure, [2.0, -1.0, 3.0], dtype="float64", backend="reference")
    >>> y, cache = layer.forward(np.array([[1.0, 10.0]]))
    >>> y
    array([[-8., 30.]])
    >>> dx, grads = layer.backward(np.array([[1.0, 0.5]]), cache)
    >>> dx, grads["weight"]
    (array([[2. , 0.5]]), array([ 1., 10.,  5.]))
    """

    motif_size = 1
    link_size = 1
    rounding = 1.0
    taps = 1
    ends = "neuron", "neuron"
    note = ""
    block_shape: tuple[int, ...] = ()  # of the weights that one link has
    recorded: tuple[Array, Array] | None = None
    evolves = True  # whether a rule may change the wiring; a network may forbid it
    decayed = ("weight",)
    takes_relu = True
    takes_rectified = True
    keeps_dy = True
    replays = True
    bears_links = True
    splits = True  # whether its passes can be done for some neurons at a time
    dtype: np.dtype[Any]

    def __init__(
        self, structure: SparseStructure, weights: str | Any = "swi", *, rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "sparse",
    ) -> None:  # fmt: skip
        self.name, self.backend = name, choose_backend(backend).name
        self.structure = structure
        self.dtype = check_dtype(dtype)
        if isinstance(weights, str) or callable(weights):
            weights = self.draw(weights, structure, structure.nnz, rng)
        self.weight = _checked(f"weights of layer {name!r}", weights, (structure.nnz, *self.block_shape), self.dtype)
        self.bias = np.zeros(self.shape[1], self.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out), in neurons."""
        return self.structure.n_in * self.motif_size, self.structure.n_out * self.motif_size

    @property
    def weights(self) -> csr_array:
        """The weights as a `scipy.sparse.csr_array` (n_in, n_out) that shares memory with `weight`."""
        from scipy.sparse import csr_array

        matrix = csr_array(self.structure.shape, dtype=self.dtype)
        matrix.data, matrix.indices, matrix.indptr = self.weight, self.structure.indices, self.structure.indptr
        return matrix

    def n_out(self, n_in: int) -> int:
        """Return the number of outputs."""
        checked_features(self, n_in)
        return self.shape[1]

    def n_in(self, n_out: int) -> int:
        """Return the number of inputs."""
        return self.shape[0]

    def forward_tiles(self, x: Array, batch: Batch, relu: bool = False) -> tuple[Array, Array]:
        """Return x W + b on tiles (n_tiles, n_out, lanes) and, as cache, the inputs."""
        y = batch.empty((len(x), len(self.bias), x.shape[2]), x.dtype)
        if batch.spread and self.splits:
            batch.over_neurons(self.structure.by_output.indptr, lambda part: self._outputs(x, relu, y, part))
        else:
            self._outputs(x, relu, y)
        return y, x

    def backward_tiles(
        self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True, rectified: bool = False
    ) -> Any:
        """Add the gradients by weight and bias and return that by the input, (n_tiles, n_in, lanes)."""
        if batch.signals is not None:
            batch.record(self, cache, dy)
        dx = batch.for_dx(cache, rectified) if wants_dx else None
        args = cache, dy, dx, rectified, grads["weight"]
        if batch.spread and self.splits:
            linear_ops(self.backend).bias_grad(dy, add_to=grads["bias"])
            batch.over_neurons(self.structure.indptr, lambda part: self._back(*args, None, part))
        else:
            self._back(*args, grads["bias"])
        return dx

    def _outputs(self, x: Array, relu: bool, y: Array, part: Part | None = None) -> None:
        """Write z, or max(z, 0), into y (n_tiles, n_out, lanes), for some outputs or for all."""
        links = self.structure.by_output
        linear_ops(self.backend).spmm(*links, self.weight, self.bias, x, relu, out=y, part=part)

    def _back(
        self, x: Array, dy: Array, dx: Array | None, rectified: bool, dweight: Array, dbias: Array | None,
        part: Part | None = None,
    ) -> None:  # fmt: skip
        """Add the gradients by the weights and, where they are wanted, by the bias, and write that by the inputs."""
        ops, links = linear_ops(self.backend), (self.structure.indptr, self.structure.indices)
        to: dict[str, Any] = {"add_to": dweight, "bias_to": dbias, "part": part}
        if dx is None:
            ops.sddmm(*links, x, dy, **to)
        else:
            ops.linear_backward(*links, self.weight, x, dy, rectified, out=dx, **to)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Be part of a chain of evolving layers, or read what comes."""
        if self.evolves:
            return trace.evolving(self, flow)
        trace.read(flow)
        if self.structure.density < 1:  # else it is a dense one
            trace.fixed.append(self.name)
        return Flow()

    def parameters(self) -> dict[str, Array]:
        """Return `weight` and `bias`."""
        return {"weight": self.weight, "bias": self.bias}

    def expanded(self) -> SparseLinear:
        """Return the same layer with links between single neurons, which this one has."""
        return self

    def input_strength(self) -> NDArray[np.float64]:
        """Return the sum of the links' |weights| of each input neuron."""
        single = self.expanded()
        return np.bincount(single.structure.rows(), np.abs(single.weight), self.shape[0]).astype(np.float64)

    def weights_to_judge(self) -> Array:
        """Return one number for each link, float (nnz,): here its weight."""
        return self.weight

    def draw(self, distribution: str | Distribution, structure: SparseStructure, count: int, rng: RandomState) -> Array:
        """Draw the weights of `count` links of a structure, see `topology.initial_weights`."""
        shape = count, *self.block_shape
        # A weight that a motif shares carries the sum of its inputs, which begin nearly equal: each counts.
        density = structure.density * (1 if self.block_shape else self.motif_size)
        return initial_weights(
            distribution, math.prod(shape), fan_in=self.shape[0], fan_out=self.shape[1], density=density, rng=rng,
            dtype=self.dtype,
        ).reshape(shape)  # fmt: skip

    def signals(self) -> tuple[Array, Array]:
        """Return inputs (n_in, batch) and deltas (n_out, batch) whose product is the gradient of every possible link.

        Raises
        ------
        InvalidInputError
            If nothing was recorded.
        """
        if self.recorded is None:
            remedy = "let Trainer.fit do the updates; it has the batch"
            raise invalid(f"no signals of layer {self.name!r}", "the inputs and deltas of a batch", remedy)
        return self.recorded

    def gradient_magnitudes(self, first: int, last: int) -> Array:
        """Return the magnitude of the gradient of all possible links of rows `first` to `last - 1`.

        Returns
        -------
        float (last - first, n_out)
        """
        inputs, deltas = self.signals()
        return np.abs(matmul(inputs[first:last], deltas.T))

    def units(self, structure: SparseStructure | None = None) -> tuple[SparseStructure, NDArray[np.int64]]:
        """Return the structure that percolation sees, and the place of each link in it: here the wiring itself."""
        wiring = self.structure if structure is None else structure
        return wiring, np.arange(wiring.nnz)

    def check_scores(self, predictor: str | Predictor, graph: str | None = None) -> None:
        """Refuse the graph of a kernel."""
        if graph not in (None, "layer"):
            raise invalid(f"graph={graph!r} for linear layer {self.name!r}", "'layer'", "it has no kernels")

    def link_scores(
        self, predictor: str | Predictor, structure: SparseStructure, *, graph: str = "layer"
    ) -> NDArray[np.float64]:
        """Return the scores (n_in, n_out) of the absent links of a wiring; see `link_prediction.score_matrix`."""
        self.check_scores(predictor, graph)
        return link_prediction.score_matrix(structure, predictor, backend=self.backend)

    def top_links(
        self, structure: SparseStructure, predictor: str | Predictor, k: int, *, rng: RandomState, ties: str = "index"
    ) -> Links:
        """Return rows and columns of the k absent links of highest score; see `link_prediction.top_links`."""
        return link_prediction.top_links(structure, predictor, k, rng=rng, ties=ties, backend=self.backend)

    def sample_links(
        self, structure: SparseStructure, predictor: str | Predictor, k: int, *, rng: RandomState
    ) -> Links:
        """Return rows and columns of k absent links drawn by score; see `link_prediction.sample_links`."""
        return link_prediction.sample_links(structure, predictor, k, rng=rng, backend=self.backend)

    def growable(self) -> NDArray[np.int64] | None:
        """Return None: every row may bear links."""
        return None

    def rewire(self, structure: SparseStructure, carry: Array, new_weights: Array) -> None:
        """Take a new wiring; surviving links keep their weights.

        Parameters
        ----------
        structure : SparseStructure
            The new links, of the layer's shape.
        carry : int64 (structure.nnz,)
            Where each new link stood among the old ones, -1 if it is new; see `SparseStructure.positions_in`.
        new_weights : float array
            Weight of each new link, or block of weights, in the order of the links.

        Raises
        ------
        InvalidInputError
            If shapes or counts do not agree.
        """
        if structure.shape != self.structure.shape:
            raise invalid(
                f"new structure of shape {structure.shape} for layer {self.name!r}", f"{self.structure.shape}"
            )
        new = np.flatnonzero(np.asarray(carry) < 0)
        if len(carry) != structure.nnz or len(new) != len(new_weights):
            raise invalid(
                f"carry of {len(carry)} links with {len(new)} new ones and {len(new_weights)} new weights",
                f"{structure.nnz} links, and one new weight for each new link",
            )
        known = self.weight if len(self.weight) else np.empty((1, *self.block_shape), self.dtype)
        weight = known[carry]  # a new link, of carry -1, gets the last weight for a moment
        weight[new] = new_weights
        self.structure, self.weight = structure, weight

    def kind(self) -> str:
        """Return the class and the neurons of the layer."""
        return f"SparseLinear({self.shape[0]} x {self.shape[1]})"

    def __repr__(self) -> str:
        return f"SparseLinear({self.name!r}, {self.structure!r}, {self.dtype})"


def _checked(name: str, values: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    array = np.array(values, dtype)
    if array.shape != shape:
        raise invalid(f"{name} of shape {array.shape}", f"{shape}")
    if not np.all(np.isfinite(array)):
        raise invalid(f"{name} with infinite or missing numbers", "finite numbers")
    return array

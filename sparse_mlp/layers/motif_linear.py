"""The sparse linear layer whose links join motifs: groups of m adjacent neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.dispatch import linear_ops, motif_ops
from sparse_mlp.layers.base import Array, Part
from sparse_mlp.layers.sparse_linear import SparseLinear
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from scipy.sparse import bsr_array, csr_array

MOTIF_MODES = ("shared", "block")


class MotifLinear(SparseLinear):
    """Connect motifs of m inputs with motifs of m outputs through the links of a structure over the motifs.

    Parameters
    ----------
    structure : SparseStructure
        Of shape (n_in / m, n_out / m): which motif is linked to which. Each link stands for m * m between neurons.
    motif_size : int
        m, 1 or more.
    mode : {"shared", "block"}
        Whether the m * m links of a pair of motifs share one weight, or have a weight each.
    weights, rng, dtype, backend, name
        As in `SparseLinear`.

    Attributes
    ----------
    shape : (int, int)
        Neurons: (n_in, n_out).
    weight : float (nnz,), or (nnz, m, m) in mode "block"
        `weight[k, p, q]` leads from input p of a motif to output q of the other.
    bias : float (n_out,)
        One for each neuron.

    Notes
    -----
    Mode "shared": :math:`z_v = b_v + \\sum_g V_{g h(v)} \\sum_{u \\in g} a_u`, the layer of m * m times fewer weights
    that the text of [Chen2025] describes; the outputs of a motif differ by their biases alone. Its gradient is the
    sum of the expanded layer's over each block. Mode "block" is block sparsity. Nothing is expanded to single links.

    Initial weights have the distribution of the expanded layer, n counted in neurons: U(-sqrt(6 / n), sqrt(6 / n)) for
    "he-uniform", the bound of [Chen2025], and as in a SparseLinear of the same density. The fan-in in motifs, n / m,
    would make them sqrt(m) times larger. In mode "shared", behind another such layer, the activations of a motif begin
    nearly equal, so the variance grows by a factor of up to m from layer to layer; "swi" alone makes up for it.

    For m = 1 both modes compute what SparseLinear computes, to the byte.

    Differences from the original
    -----------------------------
    The equations and listings printed in [Chen2025] slice an ordinary layer into columns: nothing is shared, and the
    published code only needs fewer slices when motifs are larger. We build what the text says.

    Examples
    --------
    >>> structure = SparseStructure.complete((2, 1))
    >>> layer = MotifLinear(structure, [2.0, -1.0], motif_size=2, dtype="float64", backend="reference")
    >>> y, cache = layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]))
    >>> y
    array([[-1., -1.]])
    >>> dx, grads = layer.backward(np.array([[0.5, 0.25]]), cache)
    >>> dx, grads["weight"]
    (array([[ 1.5 ,  1.5 , -0.75, -0.75]]), array([2.25, 5.25]))
    """

    def __init__(
        self,
        structure: SparseStructure,
        weights: str | Any = "swi",
        *,
        motif_size: int,
        mode: str = "shared",
        rng: RandomState = None,
        dtype: DTypeLike = np.float32,
        backend: str | None = None,
        name: str = "motif",
    ) -> None:
        self.motif_size = self.link_size = m = check_integer("motif_size", motif_size)
        self.ends = ("group", "group") if m > 1 else ("neuron", "neuron")
        self.note = f"links join motifs of {m} neurons, each stands for {m**2} single ones" if m > 1 else ""
        self.mode = check_choice("mode", mode, MOTIF_MODES)
        self.splits = False  # the kernels of motifs take all neurons
        self.block_shape = () if mode == "shared" else (self.motif_size, self.motif_size)
        super().__init__(structure, weights, rng=rng, dtype=dtype, backend=backend, name=name)

    @property
    def weights(self) -> csr_array | bsr_array:
        """`weight` as a SciPy array: a `csr_array` over motifs in mode "shared", a `bsr_array` (n_in, n_out) else."""
        if self.mode == "shared":
            return super().weights
        from scipy.sparse import bsr_array

        return bsr_array((self.weight, self.structure.indices, self.structure.indptr), shape=self.shape, copy=False)

    def expanded(self) -> SparseLinear:
        """Return the same layer over single links, m * m for each of these; with copies of the weights, to compare."""
        m, size = self.motif_size, self.structure.nnz
        inputs = m * self.structure.rows().astype(np.int64)[:, None, None] + np.arange(m)[:, None]
        outputs = m * self.structure.indices.astype(np.int64)[:, None, None] + np.arange(m)
        keys = (inputs * self.shape[1] + outputs).ravel()
        values = self.weight if self.mode == "block" else np.broadcast_to(self.weight[:, None, None], (size, m, m))
        order = np.argsort(keys)
        structure = SparseStructure.from_keys(keys[order], self.shape)
        layer = SparseLinear(structure, values.ravel()[order], dtype=self.dtype, backend=self.backend, name=self.name)
        layer.bias[:] = self.bias
        return layer

    def weights_to_judge(self) -> Array:
        """Return for each link its weight, or the Frobenius norm of its block; of a single weight with its sign."""
        if self.mode == "shared":
            return self.weight
        if self.motif_size == 1:
            return self.weight.reshape(-1)
        return np.sqrt(np.square(self.weight).sum(axis=(1, 2)))

    def signals(self) -> tuple[Array, Array]:
        """Return inputs and deltas whose product is the gradient of every possible link; see `SparseLinear.signals`.

        In mode "shared" they are summed over motifs, (n_in / m, batch) and (n_out / m, batch), for the gradient of a
        shared weight is the sum over its single links. In mode "block" they are those of all neurons.
        """
        inputs, deltas = super().signals()
        if self.mode == "block":
            return inputs, deltas
        sums = motif_ops(self.backend).motif_sums
        return sums(inputs[None], self.structure.n_in)[0], sums(deltas[None], self.structure.n_out)[0]

    def gradient_magnitudes(self, first: int, last: int) -> Array:
        """Return the gradients' magnitudes of rows `first` to `last - 1`; of a block it is the Frobenius norm."""
        if self.mode == "shared":
            return super().gradient_magnitudes(first, last)
        (inputs, deltas), m = self.signals(), self.motif_size
        gradient = matmul(inputs[first * m : last * m], deltas.T)
        return np.sqrt(np.square(gradient).reshape(last - first, m, -1, m).sum(axis=(1, 3)))

    def _outputs(self, x: Array, relu: bool, y: Array, part: Part | None = None) -> None:
        links, ops = self.structure.by_output, motif_ops(self.backend)
        if self.motif_size == 1:  # the bytes of a SparseLinear, not only its numbers
            linear_ops(self.backend).spmm(*links, self.weight.reshape(-1), self.bias, x, relu, out=y)
        elif self.mode == "shared":
            ops.shared_forward(*links, self.weight, self.bias, x, relu, out=y)
        else:
            ops.block_forward(*links, self.weight, self.bias, x, relu, out=y)

    def _back(
        self, x: Array, dy: Array, dx: Array | None, rectified: bool, dweight: Array, dbias: Array | None,
        part: Part | None = None,
    ) -> None:  # fmt: skip
        links, ops = (self.structure.indptr, self.structure.indices), motif_ops(self.backend)
        linear_ops(self.backend).bias_grad(dy, add_to=dbias)
        if self.motif_size == 1:
            one, total, ops = self.weight.reshape(-1), dweight.reshape(-1), linear_ops(self.backend)
            if dx is None:
                ops.sddmm(*links, x, dy, add_to=total)
            else:
                ops.linear_backward(*links, one, x, dy, rectified, out=dx, add_to=total)
        elif dx is None:
            getattr(ops, f"{self.mode}_sddmm")(*links, x, dy, add_to=dweight)
        else:
            getattr(ops, f"{self.mode}_backward")(*links, self.weight, x, dy, rectified, out=dx, add_to=dweight)

    def kind(self) -> str:
        """Return class, neurons, size of a motif and mode."""
        return f"MotifLinear({self.shape[0]} x {self.shape[1]}, {self.motif_size}, {self.mode})"

    def __repr__(self) -> str:
        size = f"motif_size={self.motif_size}, mode={self.mode!r}"
        return f"MotifLinear({self.name!r}, {self.structure!r}, {size}, {self.dtype})"

"""The truly sparse two-dimensional convolution: kernels with some links instead of k x k weights for each channel."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp import link_prediction
from sparse_mlp.convolution import conv_geometry
from sparse_mlp.errors import invalid
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.conv_offsets import spacing
from sparse_mlp.kernels.dispatch import conv_ops
from sparse_mlp.kernels.flattening import zero_border
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.listed_links import ListedLinks
from sparse_mlp.layers.map_flow import Image
from sparse_mlp.layers.maps import MapLayer
from sparse_mlp.layers.sparse_linear import SparseLinear
from sparse_mlp.layers.unfolded import Unfolded, pixel_links
from sparse_mlp.link_prediction.conv_scores import check_conv_predictor
from sparse_mlp.link_prediction.predictors import Links, Predictor
from sparse_mlp.measures import group_rows
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure

UNFOLDED = 2**22  # numbers that the inputs of some taps may have, while the gradients of all links are computed


class SparseConv2d(MapLayer, SparseLinear):
    """Slide kernels over images, each kernel made of the links that a structure has in its column.

    Parameters
    ----------
    structure : SparseStructure
        Of shape (channels_in * kernel * kernel, channels_out), see `ConvGeometry`: tap (c, a, b) is row
        (c * kernel + a) * kernel + b. Nothing is stored for absent links.
    input_shape : (int, int, int)
        Channels, height and width of the images.
    weights : str, callable or float array (nnz,)
        As for `SparseLinear`; the fan-in is channels_in * kernel * kernel.
    kernel, stride : int
    padding : int, optional
        Zeros around the image; (kernel - 1) / 2 if not given.
    bias : bool
        Whether each kernel has one; not needed in front of batch normalisation, which takes it off again.
    rng : None, int or numpy.random.Generator
    dtype : float32 or float64
    backend : str, optional
        `reference`, `scipy` or `numba`; see `kernels.dispatch.choose_backend`.
    name : str

    Attributes
    ----------
    geometry : ConvGeometry
    structure : SparseStructure
    weight : float (nnz,)
    bias : float (channels_out,), or (0,) without
    input_shape, output_shape : (int, int, int)

    Warns
    -----
    UserWarning
        If there are links on taps that see no pixel.

    Notes
    -----
    A cross-correlation as in PyTorch, see `ConvGeometry`. The kernels compute on 16 samples side by side: a batch of
    one image takes as long as one of 16.

    Examples
    --------
    A kernel that subtracts a pixel from its neighbour on the upper left:

    >>> structure = SparseStructure.from_coo([0, 4], [0, 0], shape=(9, 1))
    >>> layer = SparseConv2d(structure, (1, 3, 3), [1.0, -1.0], kernel=3, dtype="float64", backend="reference")
    >>> layer.forward(np.arange(9.0).reshape(1, 1, 3, 3))[0][0, 0]
    array([[ 0., -1., -2.],
           [-3., -4., -4.],
           [-6., -4., -4.]])
    """

    replays = True
    ends = "tap", "channel"

    def __init__(
        self, structure: SparseStructure, input_shape: Image, weights: str | Any = "swi", *, kernel: int,
        stride: int = 1, padding: int | None = None, bias: bool = True, rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "conv",
    ) -> None:  # fmt: skip
        self.geometry = g = conv_geometry(input_shape, structure.n_out, kernel, stride, padding)
        if structure.shape != g.structure_shape:
            wanted = f"{g.structure_shape} for {g.channels_in} channels and kernel {g.kernel}"
            raise invalid(f"structure of shape {structure.shape}", wanted)
        super().__init__(structure, weights, rng=rng, dtype=dtype, backend=backend, name=name)
        self.needed_border, self.gradient_border = g.padding, g.gradient_border
        self.set_shapes((g.channels_in, g.height, g.width), (g.channels_out, g.out_height, g.out_width))
        for maps in (self.input_map, self.output_map) if self.backend == "numba" else ():
            spacing(*maps)  # refuses maps that are too large
        self.rounding = max(1.0, g.channels_out / 2)
        self.note = f"kernels of {g.kernel} x {g.kernel} on maps of {g.height} x {g.width}"
        self._no_bias = np.zeros(g.channels_out, self.dtype)
        if not bias:
            self.bias = np.zeros(0, self.dtype)
        self._listed: ListedLinks | None = None
        self._warn_of_dead_taps()

    def _warn_of_dead_taps(self) -> None:
        rows = self.growable()
        count = 0 if rows is None else self.structure.nnz - np.isin(self.structure.rows(), rows).sum()
        if count:
            what = f"{count} of {self.structure.nnz} links of layer {self.name!r} are on taps that see no pixel"
            warnings.warn(f"{what}; they will never learn anything", UserWarning, stacklevel=3)

    @classmethod
    def from_dense(cls, array: Any, input_shape: Image, mask: Any = None, **options: Any) -> SparseConv2d:
        """Return a layer with the weights of a dense one.

        Parameters
        ----------
        array : float (channels_out, channels_in, kernel, kernel)
            As in PyTorch.
        input_shape : (int, int, int)
        mask : bool, the shape of the array, optional
            Which weights are links; those that are not 0 if not given.
        **options
            As for the class: stride, padding, bias, dtype, backend, name.
        """
        dense = np.asarray(array)
        links = dense != 0 if mask is None else np.asarray(mask, bool)
        if dense.ndim != 4 or dense.shape[2] != dense.shape[3] or links.shape != dense.shape:
            found = f"weights of shape {dense.shape} with links of shape {links.shape}"
            raise invalid(found, "(channels_out, channels_in, kernel, kernel) for both")
        matrix, linked = (each.reshape(len(dense), -1).T for each in (dense, links))
        structure = SparseStructure.from_keys(np.flatnonzero(linked), matrix.shape)
        return cls(structure, input_shape, matrix[linked], kernel=dense.shape[2], **options)

    def to_dense(self) -> Array:
        """Return all weights, (channels_out, channels_in, kernel, kernel) as in PyTorch; 0 where there is no link."""
        g, matrix = self.geometry, np.zeros(self.structure.shape, self.dtype)
        matrix[self.structure.rows(), self.structure.indices] = self.weight
        return np.ascontiguousarray(matrix.T).reshape(g.channels_out, g.channels_in, g.kernel, g.kernel)

    def parameters(self) -> dict[str, Array]:
        """Return `weight`, and `bias` if there is one."""
        return {"weight": self.weight, "bias": self.bias} if len(self.bias) else {"weight": self.weight}

    def prepare(self) -> None:
        """List the links for the kernels where wiring or borders are new."""
        if self.backend != "numba":
            return
        borders = self.input_map.border, self.output_map.border
        if self._listed is None or not self._listed.fit(self.structure, borders):
            self._listed = ListedLinks(self.structure, self.geometry, borders)

    def forward_tiles(self, x: Array, batch: Batch, relu: bool = False) -> tuple[Array, Array]:
        """Return the convolution of maps in tiles and, as cache, the inputs."""
        taken, given = self.input_map, self.output_map
        if self.clears_border and self.needed_border:
            zero_border(taken.bordered(x))
        y = batch.empty((len(x), given.features, x.shape[2]), x.dtype)
        zero_border(given.bordered(y))
        bias = self.bias if len(self.bias) else self._no_bias
        if self._listed is not None:
            self._listed.forward(self.weight, bias, taken.maps(x), given.maps(y), relu, batch)
            return y, x
        images, links = taken.nchw(x, x.shape[2]), (self.structure.indptr, self.structure.indices)
        found = conv_ops(self.backend).conv_forward(*links, self.weight, bias, images, self.geometry)
        given.nchw(y, x.shape[2])[:] = np.maximum(found, 0) if relu else found
        return y, x

    def backward_tiles(
        self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True, rectified: bool = False
    ) -> Any:
        """Add the gradients by weight and bias and return that by the input, zero in its border."""
        if batch.signals is not None:
            batch.record(self, cache, dy)
        taken, given, dx = self.input_map, self.output_map, None
        if wants_dx:
            dx = batch.empty_like(cache)
            zero_border(taken.bordered(dx))
        if self._listed is not None:
            maps = taken.maps(cache), given.maps(dy), None if dx is None else taken.maps(dx)
            self._listed.backward(self.weight, *maps, rectified, batch, grads)
        else:
            size = cache.shape[2]
            images = taken.nchw(cache, size), given.nchw(dy, size), None if dx is None else taken.nchw(dx, size)
            self._back_images(*images, rectified, grads)
        return dx

    def _back_images(self, x: Array, dy: Array, dx: Array | None, rectified: bool, grads: Gradients) -> None:
        """Go back with functions on images, of which one tile holds the batch."""
        ops, links = conv_ops(self.backend), (self.structure.indptr, self.structure.indices)
        if "bias" in grads:
            grads["bias"] += ops.bias_grad(dy)
        if dx is None:
            grads["weight"] += ops.conv_weight_gradient(*links, x, dy, self.geometry)
            return
        found, dweight = ops.conv_backward(*links, self.weight, x, dy, self.geometry)
        grads["weight"] += dweight
        dx[:] = np.where(x <= 0, 0, found) if rectified else found

    def expanded(self) -> SparseLinear:
        """Return a layer with the links of each window, between pixels; with copies of the weights, to look at."""
        structure, link = pixel_links(self.structure, self.geometry)
        layer = SparseLinear(structure, self.weight[link], dtype=self.dtype, backend=self.backend, name=self.name)
        windows = self.geometry.out_height * self.geometry.out_width
        layer.bias[:] = np.repeat(self.bias if len(self.bias) else self._no_bias, windows)
        return layer

    def signals(self) -> tuple[Any, Array]:
        """Return what all taps saw, an `Unfolded` (taps, windows), and the deltas (channels_out, windows)."""
        recorded, deltas = super().signals()
        maps, g = self.output_map, self.geometry
        inside = maps.maps(deltas[None])[0][:, *(slice(maps.border, maps.border + n) for n in maps.image[1:])]
        return Unfolded(recorded, self.input_map, g), inside.reshape(g.channels_out, -1)

    def gradient_magnitudes(self, first: int, last: int) -> Array:
        """Return the gradients' magnitudes of all possible links of taps `first` to `last - 1`."""
        inputs, deltas = self.signals()
        step = max(1, UNFOLDED // max(1, inputs.shape[1]))
        blocks = [(start, min(start + step, last)) for start in range(first, last, step)]
        return np.concatenate([np.abs(matmul(inputs[start:stop], deltas.T)) for start, stop in blocks])

    @property
    def taps(self) -> int:  # type: ignore[override]
        """Rows of the structure for each input channel."""
        return self.geometry.kernel**2

    def units(self, structure: SparseStructure | None = None) -> tuple[SparseStructure, NDArray[np.int64]]:
        """Return which channels are linked, by any of their taps, and where each link's pair stands among them."""
        return group_rows(self.structure if structure is None else structure, self.taps)

    def input_strength(self) -> NDArray[np.float64]:
        """Refuse: all pixels of a channel share its weights."""
        found = f"convolution {self.name!r} as the first layer, whose weights all pixels share"
        raise invalid(found, "a layer with links of its own for each input", "train a network of model mlp")

    def growable(self) -> NDArray[np.int64] | None:
        """Return the rows of taps that some window has inside of the image; None if all are."""
        rows = self.geometry.live_taps()
        return None if len(rows) == self.geometry.taps else rows

    def check_scores(self, predictor: str | Predictor, graph: str | None = None) -> None:
        """Refuse predictors that convolutions do not have."""
        check_conv_predictor(predictor)

    def link_scores(
        self, predictor: str | Predictor, structure: SparseStructure, graph: str = "kernel"
    ) -> NDArray[np.float64]:
        """Return the scores (taps, channels_out) of absent links; see `link_prediction.conv_score_matrix`."""
        return link_prediction.conv_score_matrix(structure, self.geometry, predictor, graph=graph, backend=self.backend)

    def top_links(
        self, structure: SparseStructure, predictor: str | Predictor, k: Any, *, rng: RandomState, ties: str = "index",
        graph: str = "kernel",
    ) -> Links:  # fmt: skip
        """Return rows and columns of the absent links of highest score; see `link_prediction.conv_top_links`.

        `k` is a number of links, or one for each kernel.
        """
        return link_prediction.conv_top_links(
            structure, self.geometry, predictor, k, graph=graph, rng=rng, ties=ties, backend=self.backend
        )

    def sample_links(
        self, structure: SparseStructure, predictor: str | Predictor, k: Any, *, rng: RandomState,
        graph: str = "kernel",
    ) -> Links:  # fmt: skip
        """Return rows and columns of absent links drawn by score; see `link_prediction.conv_sample_links`."""
        return link_prediction.conv_sample_links(
            structure, self.geometry, predictor, k, graph=graph, rng=rng, backend=self.backend
        )

    def rewire(self, structure: SparseStructure, carry: Array, new_weights: Array) -> None:
        """Take a new wiring; see `SparseLinear.rewire`. The lists of links are made anew when they are needed."""
        super().rewire(structure, carry, new_weights)
        self._listed = None

    def kind(self) -> str:
        """Return the class and the numbers of the convolution."""
        numbers = ", ".join(f"{name}={value}" for name, value in self.geometry._asdict().items())
        return f"SparseConv2d({numbers}{'' if len(self.bias) else ', bias=False'})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listed": None}

    def __repr__(self) -> str:
        g = self.geometry
        return f"SparseConv2d({self.name!r}, {g.kernel} x {g.kernel}, {self.structure!r}, {self.dtype})"

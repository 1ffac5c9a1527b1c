"""What a rule, a measure or a plot asks of a layer that bears links."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.layers.base import Array
from sparse_mlp.link_prediction.predictors import Links, Predictor
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.initial_weights import Distribution


class Linked(Protocol):
    """A layer whose wiring can be looked at and changed, whatever its links join: neurons, motifs or taps of a kernel.

    Rows of `structure` are what links start from, its columns what they lead to. Everything that runs parallel to the
    links is in their row-major order.
    """

    @property
    def name(self) -> str:
        """The name by which logs, checkpoints and updates know the layer."""

    @property
    def structure(self) -> SparseStructure:
        """The wiring."""

    @property
    def weight(self) -> Array:
        """The weights, float (nnz, …): a link may have a block of them."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out), in neurons; of a convolution, whose links every pixel uses, that of the structure."""

    @property
    def ends(self) -> tuple[str, str]:
        """What a link leads from and to, in the singular: ("neuron", "neuron"), or ("tap", "channel")."""

    @property
    def taps(self) -> int:
        """How many neighbouring rows of the structure start from one unit; 1 where each row is a unit."""

    @property
    def link_size(self) -> int:
        """How many neurons a link joins on either side; 1 for a link between two neurons."""

    @property
    def rounding(self) -> float:
        """By how many links the layer may miss a density: whoever shares links among kernels rounds for each."""

    @property
    def note(self) -> str:
        """One line for the summary of a network; empty if there is nothing to say."""

    def expanded(self) -> Any:
        """Return a `SparseLinear` that computes the same with links between single neurons, to look at."""

    def input_strength(self) -> NDArray[np.float64]:
        """Return the sum of the links' |weights| of each input neuron, float64 (n_in,).

        Raises
        ------
        InvalidInputError
            If inputs share their links, so that it says nothing about them.
        """

    def weights_to_judge(self) -> Array:
        """Return one number for each link, float (nnz,), by whose magnitude a rule judges it."""

    def draw(
        self, distribution: str | Distribution, structure: SparseStructure, count: int, rng: np.random.Generator
    ) -> Array:
        """Draw the weights of new links.

        Parameters
        ----------
        distribution : str or callable
            As in `topology.initial_weights`.
        structure : SparseStructure
            The wiring that the links will be part of; its density matters to "swi".
        count : int
            How many links.
        rng : numpy.random.Generator

        Returns
        -------
        float (count, …)
            Of the shape and dtype of `weight`.
        """

    def signals(self) -> tuple[Array, Array]:
        """Return what the gradients of all possible links are made of, as recorded before an update.

        Returns
        -------
        inputs : float (k * structure.n_in, batch)
        deltas : float (k * structure.n_out, batch)
            Gradient of the loss by the outputs. The product `inputs @ deltas.T` holds the gradient of every possible
            link, as a number (k = 1) or as a block of k * k numbers.

        Raises
        ------
        InvalidInputError
            If nothing was recorded.
        """

    def gradient_magnitudes(self, first: int, last: int) -> Array:
        """Return how large the gradient of each possible link is, present or absent.

        Parameters
        ----------
        first, last : int
            Rows `first` to `last - 1` of the structure.

        Returns
        -------
        float (last - first, structure.n_out)
            The magnitude, of a block the Frobenius norm; 0 or more.

        Raises
        ------
        InvalidInputError
            If no signals were recorded.
        """

    def units(self, structure: SparseStructure | None = None) -> tuple[SparseStructure, NDArray[np.int64]]:
        """Return what percolation and measures of paths see.

        Parameters
        ----------
        structure : SparseStructure, optional
            Another wiring of the layer's shape; its own if not given.

        Returns
        -------
        structure : SparseStructure
            The wiring between units: neurons, motifs or channels, those of its columns being the ones from which the
            links of the next layer start. Two units are linked if any link joins them.
        unit_link : int64 (nnz,)
            Where the link between its units stands, for each link of the wiring.
        """

    def check_scores(self, predictor: str | Predictor, graph: str | None = None) -> None:
        """Refuse what `link_scores` would, before a training begins; graph None is the one that is the default.

        Raises
        ------
        InvalidInputError
            If the layer has no such graph or no such predictor.
        """

    def link_scores(
        self, predictor: str | Predictor, structure: SparseStructure, *, graph: str = ...
    ) -> NDArray[np.float64]:
        """Score all absent links, to look at or to choose by: so many of each output, or none that just went.

        Parameters
        ----------
        predictor : str or callable
            As in `link_prediction.score_matrix`.
        structure : SparseStructure
            The wiring that is scored, of the layer's shape; not necessarily its own.
        graph : {"layer", "kernel"}
            Which links a link is judged by: all links of the layer, or those of its own kernel. The kind of layer
            decides which it is by default.

        Returns
        -------
        float64 structure.shape
            0 on links of the structure and where no link may ever be.

        Raises
        ------
        InvalidInputError
            If the layer has no such graph or no such predictor.
        """

    def top_links(
        self,
        structure: SparseStructure,
        predictor: str | Predictor,
        k: int,
        *,
        rng: np.random.Generator,
        ties: str = "index",
    ) -> Links:
        """Return rows and columns, int64 (k,), of the k absent links of highest score; see `link_prediction`."""

    def sample_links(
        self, structure: SparseStructure, predictor: str | Predictor, k: int, *, rng: np.random.Generator
    ) -> Links:
        """Return rows and columns, int64 (k,), of k absent links drawn in proportion to their scores."""

    def growable(self) -> NDArray[np.int64] | None:
        """Return the ascending rows of the structure that may bear links, None for all of them."""

    def rewire(self, structure: SparseStructure, carry: NDArray[np.int64], new_weights: Array) -> Any:
        """Take a new wiring.

        Parameters
        ----------
        structure : SparseStructure
            The new links, of the same shape.
        carry : int64 (structure.nnz,)
            Where each link stood before, -1 for a new one; survivors keep their weights.
        new_weights : float (new links, …)
            For the links whose `carry` is -1, in their order.
        """

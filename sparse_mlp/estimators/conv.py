"""The classifier of images by a network of truly sparse convolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sparse_mlp.errors import check_fraction, check_integer, invalid
from sparse_mlp.estimators.classification import SparseClassifier
from sparse_mlp.evolution import Rule
from sparse_mlp.models.vgg import stages_of
from sparse_mlp.training import RandomFlip

AUTO_DENSITY = 0.3

Image = tuple[int, int, int]


class SparseConvClassifier(SparseClassifier):
    """Classify images with a VGG network of truly sparse convolutions whose wiring evolves while it trains.

    Inputs are used as they come: scale them to about unit size, channel by channel.

    Parameters
    ----------
    plan : str or sequence
        Output channels of each convolution, and "M" where maxima of 2 x 2 pixels are taken, such as "16-M-32-M"; or one
        of the names of `models.vgg`.
    image_shape : (int, int, int) or (int, int), optional
        Channels, height and width, or height and width, of the images that rows of X hold channel by channel; one of
        them may be -1, for what is left. Not needed where X is not flat.
    head : sequence of int
        Neurons of dense hidden layers between the convolutions and the scores.
    first : {"sparse", "dense"}
        Whether the first convolution is sparse as well; a dense one does not evolve.
    batch_norm : bool
        Whether batch normalisation stands behind each convolution.
    per_kernel : bool
        Whether each kernel of a layer gets as many links, where the topology is "erdos-renyi".
    flip : float
        Probability that an image is mirrored left to right, in each epoch.
    density : "auto" or float
        Fraction of the possible links that the convolutions have, in (0, 1]; "auto" is 0.3.
    topology : str
        One of `topology.TOPOLOGIES`, but for "correlated" and "snip".
    topology_params : mapping, optional
        Options of that topology.
    rule : str or Rule
        One of `evolution.RULES`, or a rule of `evolution.make_rule`; those that predict links need a predictor that
        convolutions have. "static" keeps the first wiring, "dense" makes all convolutions dense.
    zeta : float
        Fraction of the links that the rule replaces after each epoch.
    solver, alpha, batch_size, learning_rate, learning_rate_init, max_iter, shuffle, random_state, tol, verbose, \
warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, beta_1, beta_2, epsilon, \
n_iter_no_change, backend, dtype
        As in `SparseMLPClassifier`.

    Attributes
    ----------
    model_ : Network
    image_shape_ : (int, int, int)
        Channels, height and width.
    classes_, history_, loss_curve_, loss_, n_iter_, ...
        As in `SparseMLPClassifier`; `n_features_in_` counts pixels, `n_layers_` convolutions among the layers.

    Notes
    -----
    Images X are of shape (n_samples, channels, height, width) or, of one channel, (n_samples, height, width). By
    default the wiring evolves by CHT-Conv [Li2025], on networks after [Simonyan2015].

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> X, y = digits.images / 16 - 0.3, digits.target
    >>> network = SparseConvClassifier("8-M-16-M", tol=0.1, n_iter_no_change=2, random_state=0)
    >>> network.fit(X[:1400], y[:1400]).score(X[1400:], y[1400:]) > 0.85
    True
    >>> network.model_.sparse_layers[1].structure
    SparseStructure(72 x 16, 352 links, density 0.3056)
    """

    def __init__(
        self, plan: str | Sequence[int | str] = "vgg8s", *, image_shape: Sequence[int] | None = None,
        head: Sequence[int] = (), first: str = "sparse", batch_norm: bool = True, per_kernel: bool = True,
        flip: float = 0.0, density: float | str = "auto", topology: str = "erdos-renyi",
        topology_params: Mapping[str, Any] | None = None, rule: str | Rule = "cht-conv", zeta: float = 0.3,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.005, max_iter: int = 100, shuffle: bool = True, random_state: Any = None,
        tol: float = 1e-4, verbose: bool = False, warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1,
        beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: int = 10,
        backend: str | None = None, dtype: str = "float32",
    ) -> None:  # fmt: skip
        self.plan, self.image_shape, self.head, self.first = plan, image_shape, head, first
        self.batch_norm, self.per_kernel, self.flip = batch_norm, per_kernel, flip
        self.density, self.topology, self.topology_params = density, topology, topology_params
        self.rule, self.zeta = rule, zeta
        self.solver, self.alpha, self.batch_size = solver, alpha, batch_size
        self.learning_rate, self.learning_rate_init = learning_rate, learning_rate_init
        self.max_iter, self.shuffle, self.random_state, self.tol = max_iter, shuffle, random_state, tol
        self.verbose, self.warm_start = verbose, warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.backend, self.dtype = n_iter_no_change, backend, dtype

    def _check_parameters(self) -> None:
        stages_of(self.plan)
        check_fraction("flip", self.flip, zero=True)
        super()._check_parameters()

    def _rows(self, X: Any, reset: bool) -> Any:
        """Return images as rows; what is no image is left to the checks that follow."""
        self._seen = None
        images = X if hasattr(X, "ndim") else np.asarray(X)
        if images.ndim <= 2:
            return X
        images = np.asarray(images)
        self._seen = found = (1, *images.shape[1:])[-3:] if images.ndim <= 4 else images.shape[1:]
        wanted = None if reset else self.image_shape_
        if len(found) != 3 or wanted not in (None, found):
            shape = "(channels, height, width)" if wanted is None else str(wanted)
            raise invalid(f"images of shape {images.shape[1:]}", shape, "channels come first")
        return images.reshape(len(images), math.prod(found))

    def _image_shape(self) -> Image:
        self.image_shape_ = shape = self._shape_of(self.n_features_in_)
        return shape

    def _shape_of(self, n_features: int) -> Image:
        """Return channels, height and width: what the images had, or what the parameter says of rows."""
        given = self._seen if self.image_shape is None else (1, *self.image_shape)[-3:]
        if given is None:
            remedy = "set image_shape=(channels, height, width)"
            raise invalid(f"flat X of {n_features} features", "images (n_samples, channels, height, width)", remedy)
        left = n_features // max(1, math.prod(size for size in given if size != -1))
        sizes = [check_integer("image_shape", left if size == -1 else size) for size in given]
        if len(sizes) != 3 or math.prod(sizes) != n_features or self._seen not in (None, tuple(sizes)):
            found = self._seen or f"{n_features} features"
            raise invalid(f"image_shape={self.image_shape} for {found}", "the shape of an image")
        channels, height, width = sizes
        return channels, height, width

    def _augmentation(self) -> RandomFlip | None:
        return RandomFlip(self.image_shape_, self.flip) if self.flip else None

    def _sizes(self, n_outputs: int) -> list[Any]:
        return [self.n_features_in_, *stages_of(self.plan), *self.head, n_outputs]

    def _model(self) -> dict[str, Any]:
        return {
            "name": "vgg", "plan": self.plan, "head": self.head, "first": self.first, "batch_norm": self.batch_norm,
            "per_kernel": self.per_kernel, "weights": "swi",
        }  # fmt: skip

    def _auto_density(self) -> float:
        return AUTO_DENSITY

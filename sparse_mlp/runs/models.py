"""Models by name: functions that build a network for given data, by the options that a user sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.models import Network, SparseMLP, SparseTransformer
from sparse_mlp.models import vgg as vgg_network
from sparse_mlp.options import extends


class Fitting(NamedTuple):
    """Hold what a model has to fit.

    Attributes
    ----------
    n_features, n_outputs : int
    samples : (x, target) or None
        Training samples, where the wiring looks at them.
    image_shape : tuple of int or None
        (height, width) or (channels, height, width) of a sample that is an image.
    kind : str
        What is trained on: "samples", or "pairs of sentences", whose features and outputs are words.
    """

    n_features: int
    n_outputs: int
    samples: tuple[Any, Any] | None = None
    image_shape: tuple[int, ...] | None = None
    kind: str = "samples"

    def check(self, kind: str, model: str) -> None:
        """Refuse data of another kind than a model takes."""
        if self.kind != kind:
            others = "--model transformer translates" if self.kind != "samples" else "--dataset multi30k has some"
            raise invalid(f"{self.kind} for model {model}", kind, others)


@extends(
    SparseMLP, "density", "epsilon", "topology", "topology_params", "data", "allocation", "dense_readout", "rng",
    "dtype", "backend",
)  # fmt: skip
def mlp(
    fitting: Fitting, wiring: Mapping[str, Any] | None, common: Mapping[str, Any], *,
    hidden: Sequence[int] = (1000, 1000, 1000), **shared: Any,
) -> SparseMLP:  # fmt: skip
    """Build a multilayer perceptron with sparse hidden layers and a dense read-out.

    Parameters
    ----------
    fitting : Fitting
    wiring : mapping or None
        Density, topology and their options, as `SparseMLP` takes them; None for a dense network.
    common : mapping
        Options of all models: rng, backend and, where it is not float32, dtype.
    hidden : sequence of int
        Neurons of each hidden layer.
    """
    fitting.check("samples", "mlp")
    sizes = [fitting.n_features, *(check_integer("hidden", size) for size in hidden), fitting.n_outputs]
    if wiring is not None:
        return SparseMLP(sizes, **wiring, data=fitting.samples, **shared, **common)
    size, _, _ = (shared.pop(name) for name in ("motif_size", "motif_mode", "pad"))
    if size > 1:
        raise invalid(f"motif_size={size} with a rule for dense layers", "1", "dense layers have no links to group")
    return SparseMLP.dense(sizes, **shared, **common)


@extends(
    vgg_network, "plan", "input_shape", "n_classes", "density", "epsilon", "topology", "topology_params", "allocation",
    "dense", "rng", "dtype", "backend",
)  # fmt: skip
def vgg(
    fitting: Fitting, wiring: Mapping[str, Any] | None, common: Mapping[str, Any], *, plan: str = "vgg16", **shared: Any
) -> Network:
    """Build a VGG network for images: truly sparse convolutions and a dense head.

    Parameters
    ----------
    fitting : Fitting
    wiring : mapping or None
        Density, topology and their options; None for convolutions with all links.
    common : mapping
        Options of all models: rng, backend and, where it is not float32, dtype.
    plan : str
        "vgg16", "vgg16/4", "vgg8s", or channels and poolings such as "16-M-32-M".
    """
    fitting.check("samples", "vgg")
    if fitting.image_shape is None:
        raise invalid("samples that are not images", "images", "model mlp takes all samples")
    channels, height, width = (1, *fitting.image_shape)[-3:]
    options = {**(wiring or {}), "dense": wiring is None, **shared, **common}
    return vgg_network(plan, (channels, height, width), fitting.n_outputs, **options)


@extends(
    SparseTransformer, "density", "epsilon", "topology", "topology_params", "rng", "dtype", "backend",
)  # fmt: skip
def transformer(
    fitting: Fitting, wiring: Mapping[str, Any] | None, common: Mapping[str, Any], **shared: Any
) -> SparseTransformer:
    """Build a Transformer that translates: truly sparse attention and feed-forward blocks.

    Parameters
    ----------
    fitting : Fitting
    wiring : mapping or None
        Density, topology and their options; None for a dense network.
    common : mapping
        Options of all models: rng, backend and, where it is not float32, dtype.
    """
    fitting.check("pairs of sentences", "transformer")
    if wiring is None:
        return SparseTransformer.dense(fitting.n_features, fitting.n_outputs, **shared, **common)
    if wiring["allocation"] != "uniform":
        raise invalid(
            f"allocation={wiring['allocation']} for a Transformer", "uniform", "its matrices have one density"
        )
    links = {name: value for name, value in wiring.items() if name != "allocation"}
    return SparseTransformer(fitting.n_features, fitting.n_outputs, **links, **shared, **common)


MODELS: dict[str, Callable[..., Network]] = {"mlp": mlp, "vgg": vgg, "transformer": transformer}

"""What a layer is: an explicit forward and an explicit backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import describe
from sparse_mlp.kernels.tiles import unpack
from sparse_mlp.layers._checks import checked_gradients, checked_output, checked_pair
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.map_flow import MapFlow, MapTrace, map_ends
from sparse_mlp.layers.packing import checked_array, lanes_of, packed, retiled, unpacked

Array = NDArray[Any]
Gradients = dict[str, Any]
Part = tuple[int, int]  # neurons, from the first to before the last


class Layer:
    """Map activations to activations, and gradients back.

    A layer has two pairs of passes. `forward` and `backward` are for people, on arrays (batch, features). A network
    uses `forward_tiles` and `backward_tiles`, on tiles (n_tiles, features, lanes), where a feature's samples lie side
    by side. Write one pair; the other follows from it.

    Attributes
    ----------
    name : str
    children : mapping of str to Layer
        The layers that this one is made of, by the name that stands in the keys of their parameters.
    decayed : tuple of str
        Names of those parameters on which weight decay pulls.
    needs_batch : bool
        Whether a part of a batch is not enough for it, as for batch normalisation.
    takes_relu : bool
        Whether `forward_tiles` takes `relu=True`, to apply a ReLU to its output at once.
    takes_rectified : bool
        Whether `backward_tiles` takes `rectified=True`: its input was the output of such a ReLU, whose derivative it
        multiplies into dx. The input is then nobody else's, and dx may be written over it.
    derives_relu : bool
        Whether `backward_tiles` takes the derivative of such a ReLU itself; asked of a layer that `takes_relu`.
    keeps_dy : bool
        Whether `backward_tiles` leaves dy as it is.
    reads_output : bool
        Whether `backward_tiles` reads what `forward_tiles` has returned; asked of a layer that `keeps_dy`.
    uses_blas : bool
        Whether its passes call BLAS, which a network then keeps to one thread.
    bears_links : bool
        Whether it answers what `layers.linked.Linked` asks.
    is_relu : bool
        Whether it is max(x, 0), which the layer before it may take over.
    keeps_relu : bool
        Whether what is 0 at its input is 0 at its output, and `backward_tiles` takes `masked=True`: dy is 0 already
        wherever its output is.
    elementwise : bool
        Whether it treats all numbers of a sample alike, wherever they stand. It then takes maps as well.
    keeps_zero : bool
        Whether it gives 0 where it gets 0, so that the border of a map stays 0; asked of an `elementwise` layer.
    lanes : int or None
        Width of the tiles that it takes; None where any will do.
    replays : bool
        Whether its passes on tiles do nothing but call kernels (`kernels.tape.launch`) with arguments that a network
        finds at the same places in each step: parameters, memory from `batch.empty`, draws, numbers that never change.
        A network of such layers walks through them once and then repeats the calls. A class says so for itself; a class
        derived from it does not inherit it.
    dtype : numpy dtype or None
        Of parameters and activations; None where it follows the input.
    backend : str
        What computes it. Any but "numba" puts a batch into a single tile.
    """

    name: str = ""
    decayed: tuple[str, ...] = ()
    needs_batch = False
    takes_relu = False
    takes_rectified = False
    derives_relu = False
    keeps_dy = False
    reads_output = False
    bears_links = False
    uses_blas = False
    is_relu = False
    keeps_relu = False
    elementwise = False
    keeps_zero = False
    lanes: int | None = None
    replays = False
    dtype: np.dtype[Any] | None = None
    backend: str = "numba"

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a pass that a network would not use."""
        super().__init_subclass__(**options)
        if "replays" not in vars(cls):
            cls.replays = False
        for name in ("forward", "backward"):
            tiles = f"{name}_tiles"
            if name in vars(cls) and tiles not in vars(cls) and getattr(cls, tiles) is not getattr(Layer, tiles):
                raise TypeError(describe(f"{cls.__name__}.{name} with an inherited {tiles}", f"{tiles} of the class"))

    @property
    def children(self) -> Mapping[str, Layer]:
        """The layers inside this one, none for most."""
        return {}

    def parameters(self) -> dict[str, Array]:
        """Return the layer's own trainable arrays by name; they share memory with the layer."""
        return {}

    def set_parameter(self, name: str, array: Array) -> None:
        """Let the layer use another array for a parameter, such as a view of a network's flat store."""
        setattr(self, name, array)

    def kind(self) -> str:
        """Describe what two layers share whose states fit each other; the wiring may differ."""
        return repr(self)

    def state(self) -> dict[str, Array]:
        """Return arrays that a checkpoint must hold although nothing trains them, such as running means."""
        return {}

    def n_out(self, n_in: int) -> int:
        """Return how many features leave the layer where `n_in` enter it.

        Raises
        ------
        InvalidInputError
            If it takes another number of them.
        """
        return n_in

    def n_in(self, n_out: int) -> int:
        """Return how many features enter the layer where `n_out` leave it; `n_out` is 0 where nobody knows."""
        return n_out

    def n_stored(self, n_in: int) -> int:
        """Return how many features all arrays together have that a pass leaves behind."""
        return self.n_out(n_in)

    def draw_masks(self, n_in: int, batch: Batch, rng: np.random.Generator) -> None:
        """Draw the random numbers of a whole batch into `batch.draws`, in the order of the forward pass."""
        for child in self.children.values():
            child.draw_masks(n_in, batch, rng)

    def prepare(self) -> None:
        """Do what is to be done once before each batch; it is called for every layer of a tree."""

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Follow which evolving layers feed which; a layer that keeps its features apart passes the flow on."""
        return flow

    def map_flow(self, flow: MapFlow, trace: MapTrace) -> MapFlow:
        """Say what maps it reads and writes; see `layers.maps`. Maps pass through an `elementwise` layer."""
        if self.elementwise:
            return flow._replace(zero=flow.zero and self.keeps_zero)
        trace.read_flat(self, flow)
        return MapFlow.flat()

    def outputs(self, x: Array) -> Iterator[tuple[Layer, Array]]:
        """Pass x (batch, n_in) through and yield each simple layer with its output, to look for where a net fails."""
        yield self, self.forward(x)[0]

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Return the layer's output and what its backward pass needs.

        Parameters
        ----------
        x : float (batch, n_in)
            Or images (batch, channels, height, width) where it takes maps; so for y and the gradients.
        rng : numpy.random.Generator, optional
            Given while training; only layers that are random in training draw from it.

        Returns
        -------
        y : float (batch, n_out)
        cache : object
            To be handed to `backward`.
        """
        if type(self).forward_tiles is Layer.forward_tiles:
            raise TypeError(f"found {type(self).__name__} without a forward pass; expected forward or forward_tiles")
        if self.elementwise and np.ndim(x) > 2:
            y, cache = self.forward(np.reshape(x, (len(x), -1)), rng)
            return y.reshape(np.shape(x)), cache
        taken, given = map_ends(self)
        x = checked_array(f"input of layer {self.name!r}", x, taken)
        n_in = x.shape[1] if taken is None else taken.features
        self.n_out(n_in)  # refuses what does not fit
        batch = Batch(len(x), training=rng is not None, keep=True)
        if rng is not None:
            self.draw_masks(n_in, batch, rng)
        for layer in nodes(self):
            layer.prepare()
        y, cache = self.forward_tiles(packed(x, taken, lanes_of(self, len(x)), self.dtype or x.dtype), batch)
        return unpacked(y, len(x), given), (cache, batch, taken, given, y.shape[2])

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Gradients]:
        """Return the gradient by the input and by each parameter.

        Parameters
        ----------
        dy : float (batch, n_out)
            Gradient of the loss by the output.
        cache : object
            What `forward` returned.

        Returns
        -------
        dx : float (batch, n_in)
        grads : dict of str to float arrays
            One entry for each entry of `parameters`, and a dict for each of `children`.
        """
        if type(self).backward_tiles is Layer.backward_tiles:
            raise TypeError(f"found {type(self).__name__} without a backward pass; expected backward or backward_tiles")
        dy = np.asarray(dy)
        if self.elementwise and dy.ndim > 2:
            dx, grads = self.backward(dy.reshape(len(dy), -1), cache)
            return dx.reshape(dy.shape), grads
        inner, batch, taken, given, lanes = cache
        if given is not None:
            checked_array(f"gradient by the output of layer {self.name!r}", dy, given)
        grads = zero_gradients(self)
        dx = self.backward_tiles(packed(dy, given, lanes, self.dtype or dy.dtype), inner, batch, grads)
        return unpacked(dx, batch.n_samples, taken), grads

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Any]:
        """Return the layer's output on tiles and what its backward pass needs.

        Parameters
        ----------
        x : float (n_tiles, n_in, lanes)
            Not to be changed.
        batch : Batch

        Returns
        -------
        y : float (n_tiles, n_out, lanes)
        cache : object
        """
        y, cache = checked_pair(self, "forward", self.forward(unpack(x, batch.n_samples)))
        y = checked_output(self, "forward", y, (batch.n_samples, self.n_out(x.shape[1])))
        return retiled(y, x), (cache, x.shape[1])

    def backward_tiles(self, dy: Array, cache: Any, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Add the gradients of the parameters to `grads` and return the gradient by the input.

        Parameters
        ----------
        dy : float (n_tiles, n_out, lanes)
            Zero in empty lanes. It may be written over.
        cache : object
            What `forward_tiles` returned.
        batch : Batch
        grads : dict
            As `backward` returns it.
        wants_dx : bool
            Whether anybody needs the gradient by the input.

        Returns
        -------
        float (n_tiles, n_in, lanes), or None where nobody needs it
        """
        inner, n_in = cache
        dx, own = checked_pair(self, "backward", self.backward(unpack(dy, batch.n_samples), inner))
        dx = checked_output(self, "backward", dx, (batch.n_samples, n_in))
        for name, grad in checked_gradients(self, own).items():
            grads[name] += grad
        return retiled(dx, dy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def nodes(layer: Layer) -> Iterator[Layer]:
    """Yield all layers of a tree, each before its children."""
    yield layer
    for child in layer.children.values():
        yield from nodes(child)


def leaves(layer: Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the path and the layer of everything in a tree that has parameters or a state of its own, in order."""
    if layer.parameters() or layer.state():
        yield path, layer
    for name, child in layer.children.items():
        yield from leaves(child, f"{path}.{name}" if path else name)


def zero_gradients(layer: Layer) -> Gradients:
    """Return zeros for the gradient of each parameter of a tree of layers, as `Layer.backward` returns them."""
    own = {name: np.zeros_like(array) for name, array in layer.parameters().items()}
    return {**own, **{name: zero_gradients(child) for name, child in layer.children.items()}}

"""Layers between maps: images of some channels, kept in tiles of sixteen samples with a border of zeros.

Who writes a map writes its border too, as zeros; so does who writes the gradient by a map. A layer that reads beyond
the edge of its input clears the border first where something in between, such as a sigmoid, may have spoilt it. The
gradient's border stays 0 on its way back: layers in between multiply it with a derivative.
"""

from __future__ import annotations

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.bordered import Bordered
from sparse_mlp.kernels.flattening import zero_border
from sparse_mlp.layers.base import Array, Layer
from sparse_mlp.layers.map_flow import Image, MapFlow, Maps, MapShape, MapTrace, map_ends

__all__ = ["LANES", "MapLayer", "MapShape", "assign_borders", "check_flat_ends", "checked_image"]

LANES = 16  # samples of a tile of maps: one vector


class MapLayer(Layer):
    """Be a layer that reads or writes maps.

    Its public passes take and give images (batch, channels, height, width). `forward_tiles` and `backward_tiles` get
    tiles (n_tiles, features, lanes), which `input_map` and `output_map` view as maps. Both write all of their result,
    zeros into its border.

    Attributes
    ----------
    input_map, output_map : MapShape
        With the borders of the network that the layer is in; alone, with those that it needs itself. Activations and
        their gradients have the same.
    needed_border : int
        How far beyond the edge of its input the forward pass reads.
    gradient_border : int
        How far beyond the edge of dy the backward pass reads.
    clears_border : bool
        Whether the border of the input may hold something else than 0; see `cleared_input`.
    reads_maps, writes_maps : bool
        Whether there are maps on that side of the layer; else there are flat features.
    """

    lanes = LANES
    needed_border = 0
    gradient_border = 0
    clears_border = True
    reads_maps = True
    writes_maps = True
    input_map: MapShape
    output_map: MapShape

    @property
    def input_shape(self) -> Image:
        """Channels, height and width of the images that it takes."""
        return self.input_map.image

    @property
    def output_shape(self) -> Image:
        """Channels, height and width of the images that it gives."""
        return self.output_map.image

    def set_shapes(self, taken: Image, given: Image) -> None:
        """Begin with the borders that the layer needs by itself; to be called when the layer is made."""
        self.input_map = MapShape(*taken, self.needed_border if self.reads_maps else 0)
        self.output_map = MapShape(*given, self.gradient_border if self.writes_maps else 0)

    def cleared_input(self, x: Array) -> Bordered:
        """View the input as kernels take maps; its border is cleared first where that is needed."""
        maps = self.input_map.bordered(x)
        return zero_border(maps) if self.needed_border and self.clears_border else maps

    def n_out(self, n_in: int) -> int:
        """Return the number of features of the output, with border.

        Raises
        ------
        InvalidInputError
            If the input has another number of them.
        """
        if n_in != self.input_map.features:
            wanted = f"{self.input_map.features}, for maps of {self.input_shape}"
            raise invalid(f"{n_in} features at the input of layer {self.name!r}", wanted)
        return self.output_map.features

    def n_in(self, n_out: int) -> int:
        """Return the number of features of the input, with border."""
        return self.input_map.features

    def map_flow(self, flow: MapFlow, trace: MapTrace) -> MapFlow:
        """Read what comes, and write something else."""
        if self.reads_maps:
            trace.read(self, flow)
        else:
            trace.read_flat(self, flow)
        return trace.written(self) if self.writes_maps else MapFlow.flat()


def assign_borders(root: Layer) -> None:
    """Give each map between two layers of a tree one shape, with a border that is wide enough for both of them.

    The border is what the layer behind reads around an activation, or what the layer before reads around its gradient,
    whichever is more. The maps that a residual block adds have the same.

    Raises
    ------
    InvalidInputError
        If a layer finds other maps than it takes.
    """
    trace = MapTrace()
    root.map_flow(MapFlow(Maps()), trace)
    trace.assign()


def check_flat_ends(root: Layer) -> None:
    """Refuse a network that begins or ends with maps, since samples and scores are rows.

    Raises
    ------
    InvalidInputError
        Naming the layer to put there.
    """
    taken, given = map_ends(root)
    if taken is not None:
        remedy = f"put Unflatten({taken.image}) first"
        raise invalid(f"a network that begins with maps of {taken.image}", "flat features", remedy)
    if given is not None:
        remedy = "put Flatten or GlobalAveragePool before the last layers"
        raise invalid(f"a network that ends with maps of {given.image}", "flat features", remedy)


def checked_image(name: str, shape: Image) -> Image:
    """Return channels, height and width of a layer's input as integers, or say why they are not."""
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise invalid(f"input_shape={shape} of layer {name!r}", "three numbers: channels, height and width")
    channels, height, width = map(check_integer, ("channels", "height", "width"), shape)
    return channels, height, width

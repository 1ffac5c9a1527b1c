"""Maps in tiles: their shape, and which layers share one, so that its border is wide enough for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.bordered import Bordered
from sparse_mlp.kernels.tiles import aligned_empty

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer
    from sparse_mlp.layers.maps import MapLayer

Array = NDArray[Any]
Image = tuple[int, int, int]


class MapShape(NamedTuple):
    """Say how the maps of some channels lie in tiles (n_tiles, features, lanes).

    Around each map is a border of zeros, so that kernels which look beyond its edge need no tests. Features are channel
    by channel, then row by row, those of the border among them.

    Attributes
    ----------
    channels, height, width : int
        Without border.
    border : int
        Rows above and below, columns on the left and right.

    Examples
    --------
    >>> import numpy as np
    >>> shape = MapShape(3, 8, 8, border=1)
    >>> shape.features, shape.image, shape.maps(np.zeros((2, 300, 16))).shape
    (300, (3, 8, 8), (2, 3, 10, 10, 16))
    """

    channels: int
    height: int
    width: int
    border: int = 0

    @property
    def image(self) -> Image:
        """Channels, height and width, without border."""
        return self.channels, self.height, self.width

    @property
    def padded_height(self) -> int:
        """Rows with border."""
        return self.height + 2 * self.border

    @property
    def padded_width(self) -> int:
        """Columns with border."""
        return self.width + 2 * self.border

    @property
    def features(self) -> int:
        """Numbers of a sample, with border."""
        return self.channels * self.padded_height * self.padded_width

    def maps(self, tiles: Array) -> Array:
        """View tiles (n_tiles, features, lanes) as maps (n_tiles, channels, padded height, padded width, lanes)."""
        return tiles.reshape(len(tiles), self.channels, self.padded_height, self.padded_width, tiles.shape[2])

    def bordered(self, tiles: Array) -> Bordered:
        """View tiles (n_tiles, features, lanes) as kernels take maps."""
        return Bordered(self.maps(tiles), self.border)

    def interior(self, tiles: Array) -> Array:
        """View tiles (n_tiles, features, lanes) as maps without border, (n_tiles, channels, height, width, lanes)."""
        return self.bordered(tiles).inside

    def nchw(self, tiles: Array, n_samples: int) -> Array:
        """Return the images (n_samples, channels, height, width) of tiles; a view where there is a single tile."""
        inside = self.interior(tiles).transpose(0, 4, 1, 2, 3)
        return (inside[0] if len(tiles) == 1 else inside.reshape(-1, *self.image))[:n_samples]

    def tiles(self, images: Array, lanes: int) -> Array:
        """Copy images (n, channels, height, width) into tiles (n_tiles, features, lanes); all other numbers are 0."""
        lanes = max(1, lanes)
        tiles = aligned_empty((max(1, -(-len(images) // lanes)), self.features, lanes), images.dtype)
        tiles[:] = 0
        for tile, start in zip(self.interior(tiles), range(0, len(images), lanes), strict=False):
            samples = images[start : start + lanes]
            tile[..., : len(samples)] = samples.transpose(1, 2, 3, 0)
        return tiles


@dataclass(eq=False)
class Maps:
    """What lies between two layers: maps of a shape, flat features, or what no layer has said yet.

    Attributes
    ----------
    image : (int, int, int) or None
        Channels, height and width of the maps.
    is_flat : bool
        Whether there are flat features.
    border : int
        The widest that a layer asks for.
    joined : Maps or None
        What it has become one with.
    """

    image: Image | None = None
    is_flat: bool = False
    border: int = 0
    joined: Maps | None = None

    def found(self) -> Maps:
        """Return what it has become in the end."""
        return self if self.joined is None else self.joined.found()


class MapFlow(NamedTuple):
    """What a place in the network holds, and whether the border is known to be 0 where it holds maps."""

    maps: Maps
    zero: bool = True

    @classmethod
    def flat(cls) -> MapFlow:
        """Return the place behind a layer that gives flat features."""
        return cls(Maps(is_flat=True))


@dataclass
class MapTrace:
    """Who reads and who writes which maps: layer, name of its attribute, maps, and whether their border is 0."""

    held: list[tuple[MapLayer, str, Maps, bool]] = field(default_factory=list)

    def read(self, layer: MapLayer, flow: MapFlow) -> None:
        """Take note that a layer reads the maps of a place.

        Raises
        ------
        InvalidInputError
            If there are no maps, or others.
        """
        maps, image = flow.maps.found(), layer.input_map.image
        if maps.is_flat:
            remedy = f"put Unflatten({image}) before it"
            raise invalid(f"flat features at the input of layer {layer.name!r}", f"maps of {image}", remedy)
        if maps.image not in (None, image):
            raise invalid(f"maps of {maps.image} at the input of layer {layer.name!r}", f"{image}")
        maps.image, maps.border = image, max(maps.border, layer.needed_border)
        self.held.append((layer, "input_map", maps, flow.zero))

    def written(self, layer: MapLayer) -> MapFlow:
        """Return the place behind a layer that writes maps, with their border."""
        maps = Maps(layer.output_map.image, border=layer.gradient_border)
        self.held.append((layer, "output_map", maps, True))
        return MapFlow(maps)

    def read_flat(self, layer: Layer, flow: MapFlow) -> None:
        """Take note that a layer reads flat features.

        Raises
        ------
        InvalidInputError
            If there are maps.
        """
        maps = flow.maps.found()
        if maps.image is not None:
            what = f"maps of {maps.image} at the input of layer {layer.name or type(layer).__name__!r}"
            remedy = "put Flatten before it; a layer of yours that treats all numbers alike says elementwise = True"
            raise invalid(what, "flat features", remedy)
        maps.is_flat = True

    def sum(self, layer: Layer, flow: MapFlow, other: MapFlow) -> MapFlow:
        """Let two places hold the same, since a layer adds them, and return the place of the sum.

        Raises
        ------
        InvalidInputError
            If they do not.
        """
        one, two = flow.maps.found(), other.maps.found()
        if one is not two:
            unknown = [maps for maps in (one, two) if maps.image is None and not maps.is_flat]
            if not unknown and (one.image, one.is_flat) != (two.image, two.is_flat):
                found, wanted = (str(maps.image or "flat features") for maps in (two, one))
                raise invalid(f"{found} from the branch of residual block {layer.name!r}", f"{wanted}, as it takes")
            one.image, one.is_flat = one.image or two.image, one.is_flat or two.is_flat
            one.border, two.joined = max(one.border, two.border), one
        return MapFlow(one, flow.zero and other.zero)

    def shape_of(self, flow: MapFlow) -> MapShape | None:
        """Return the shape of the maps of a place, as a layer knows it; None where there are none."""
        maps = flow.maps.found()
        found = (getattr(layer, name) for layer, name, held, _ in self.held if held.found() is maps)
        return next(found, None)

    def assign(self) -> None:
        """Tell all layers the shapes with their borders, and whether they have to clear them."""
        for layer, name, held, zero in self.held:
            maps = held.found()
            if maps.image is not None:
                setattr(layer, name, MapShape(*maps.image, maps.border))
            if name == "input_map":
                layer.clears_border = not zero


def map_ends(root: Layer) -> tuple[MapShape | None, MapShape | None]:
    """Return the shapes of the maps that a tree of layers takes and gives; None for flat features."""
    trace, start = MapTrace(), MapFlow(Maps())
    end = root.map_flow(start, trace)
    return trace.shape_of(start), trace.shape_of(end)

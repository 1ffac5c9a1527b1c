"""Why a link deserves to exist: the paths of length three around an absent one, and their local community."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._layout import column_places
from sparse_mlp.plotting._style import INK, NEGATIVE, POSITIVE, root_figure, single_axes, style
from sparse_mlp.structure import SparseStructure

MAX_NEURONS = 12  # a side; more cannot be distinguished
PITCH, GAP = 0.42, 2.2
OTHER = "#C9C9C9"
LOOKS: dict[str, dict[str, Any]] = {  # in drawing order
    "other": {"colors": OTHER, "linewidths": 1.0},
    "external": {"colors": NEGATIVE, "linewidths": 1.6, "linestyles": [(0, (1.2, 1.6))]},
    "ends": {"colors": INK, "linewidths": 1.6},
    "internal": {"colors": POSITIVE, "linewidths": 2.6},
}
WORDS = {
    "ends": "from u or v to the community",
    "internal": "inside the community (i)",
    "external": "from the community to others (e)",
    "other": "other links",
}


class Links(NamedTuple):
    """Rows and columns of some links, int64 (k,) each."""

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]


@dataclass(eq=False, repr=False)
class LocalCommunityDisplay(Display):
    """Hold the links of a small layer, sorted by what they are to one absent link (u, v).

    Attributes
    ----------
    shape : (int, int)
        (n_in, n_out).
    u, v : int
        Input and output neuron of the absent link.
    inputs, outputs : int64 arrays
        Neurons of the local community: those on a path u – output – input – v.
    internal, external, ends, other : (rows, cols)
        Links between two neurons of the community, each the middle of one path; from the community to neurons that
        are neither in it nor u or v; from u or v to the community; all others.

    Notes
    -----
    Local community, internal and external links as in [Zhang2024]: a link in the making is likely where the
    community has many internal and few external links.
    """

    shape: tuple[int, int]
    u: int
    v: int
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]
    internal: Links
    external: Links
    ends: Links
    other: Links

    @classmethod
    def from_structure(cls, structure: SparseStructure, u: int, v: int) -> Self:
        """Find the local community of the absent link from input u to output v, of at most 12 inputs and outputs."""
        if max(structure.shape) > MAX_NEURONS:
            found = f"a layer of {structure.n_in} x {structure.n_out}"
            raise invalid(found, f"at most {MAX_NEURONS} neurons a side", "cut a small layer out of it")
        u, v = check_integer("u", u, minimum=0), check_integer("v", v, minimum=0)
        if structure.contains([u], [v])[0]:
            raise invalid(f"the present link ({u}, {v})", "an absent one")
        links = structure.to_scipy().toarray()
        inner = links & links[:, [v]] & links[u]
        inputs, outputs = inner.any(axis=1), inner.any(axis=0)
        ends = np.zeros_like(links)
        ends[u], ends[:, v] = outputs, inputs
        touching = links & (inputs[:, None] | outputs) & ~inner & ~ends
        return cls(
            structure.shape, u, v, np.flatnonzero(inputs), np.flatnonzero(outputs),
            *(Links(*np.nonzero(part)) for part in (inner, touching, ends, links & ~inner & ~touching & ~ends)),
        )  # fmt: skip

    @property
    def n_paths(self) -> int:
        """Number of paths of length three from u to v."""
        return len(self.internal.rows)

    def degrees(self) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]]:
        """Return the numbers (internal, external) of links of each input and each output in the community."""
        inside, outside = (
            [np.bincount(ends, minlength=n) for ends, n in zip(links, self.shape, strict=True)]
            for links in (self.internal, self.external)
        )
        return tuple(  # type: ignore[return-value]
            {int(n): (int(inside[side][n]), int(outside[side][n])) for n in neurons}
            for side, neurons in enumerate((self.inputs, self.outputs))
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw inputs on the left, outputs on the right, the absent link dashed.

        Each neuron of the community has its numbers i of internal and e of external links next to it.
        """
        with style():
            axes = single_axes(ax, (6.4, 2.0 + 0.38 * max(self.shape)))
            left, right = column_places(self.shape, PITCH, GAP)
            for z, (kind, look) in enumerate(LOOKS.items(), start=1):
                links: Links = getattr(self, kind)
                segments = np.stack([left[links.rows], right[links.cols]], axis=1)
                axes.add_collection(LineCollection(list(segments), zorder=z, label=kind, **look))
            ends = np.stack([left[self.u], right[self.v]])
            axes.plot(*ends.T, color=INK, linewidth=1.6, linestyle=(0, (6, 4)), zorder=5)
            self._draw_neurons(axes, left, right)
            self._label(axes)
            if ax is None:
                root_figure(axes).legend(handles=self._keys(), loc="outside lower center", ncols=2)
            else:
                axes.legend(handles=self._keys(), loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2)
        return self._drawn_on(axes)

    def _draw_neurons(self, axes: Axes, left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        for side, (xy, end, degrees) in enumerate(zip((left, right), (self.u, self.v), self.degrees(), strict=True)):
            letter, align, shift = (("u", "right", -11), ("v", "left", 11))[side]
            faces = [INK if n == end else POSITIVE if n in degrees else "white" for n in range(len(xy))]
            axes.scatter(xy[:, 0], xy[:, 1], s=130, c=faces, edgecolors=INK, linewidths=1.2, zorder=6)
            for n, place in enumerate(xy):
                words = [f"${letter}_{{{n}}}$"]
                if n in degrees:
                    words.append("i={}, e={}".format(*degrees[n]))
                axes.annotate(
                    "   ".join(words if side else words[::-1]), tuple(place), (shift, 0), textcoords="offset points",
                    ha=align, va="center", color=INK, fontweight="bold" if n == end else "normal",
                )  # fmt: skip

    def _label(self, axes: Axes) -> None:
        height = PITCH * (max(self.shape) - 1) / 2
        axes.set(xlim=(-1.0, GAP + 1.0), ylim=(-height - 0.3, height + 0.3))
        axes.set_axis_off()
        count = "no path" if self.n_paths == 0 else f"{self.n_paths} path" + "s" * (self.n_paths > 1)
        axes.set_title(f"absent link $u_{{{self.u}}}$ – $v_{{{self.v}}}$: {count} of length 3")

    def _keys(self) -> list[Line2D]:
        keys = [Line2D([], [], color=INK, linewidth=1.6, linestyle=(0, (4, 2.5)), label="the absent link")]
        for kind in (kind for kind in WORDS if len(getattr(self, kind).rows)):
            look = LOOKS[kind]
            dash = look.get("linestyles", ["-"])[0]
            width, color = look["linewidths"], look["colors"]
            keys.append(Line2D([], [], color=color, linewidth=width, linestyle=dash, label=WORDS[kind]))
        return keys

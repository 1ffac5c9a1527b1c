"""The shape of a two-dimensional convolution, and where its links stand in a wiring."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid


class ConvGeometry(NamedTuple):
    """Say what a convolution maps to what: images of one size to images of another, by kernels of k x k taps.

    A tap (c, a, b) reads channel c of the input, a rows and b columns from the corner of the window. Tap and output
    channel make a link. The wiring of all links is one `SparseStructure` of shape (channels_in * k * k, channels_out):
    tap (c, a, b) is its row (c * k + a) * k + b, an output channel, or kernel, its column.

    Attributes
    ----------
    channels_in, channels_out : int
    kernel : int
        k, the side of the window.
    stride : int
        Step from one window to the next.
    padding : int
        Zeros on each side of the image.
    height, width : int
        Of the input, without padding.

    Notes
    -----
    With the weights w[r, o] of the links, outside of the image x = 0:

    .. math:: y[n, o, i, j] = bias[o] + \\sum_{c, a, b} w[(c k + a) k + b, o] \\, x[n, c, s i + a - P, s j + b - P].

    This is PyTorch's cross-correlation: a dense weight array of shape (channels_out, channels_in, k, k) is
    `weight.reshape(channels_out, -1).T` here.

    Examples
    --------
    >>> geometry = ConvGeometry(3, 8, kernel=3, stride=1, padding=1, height=32, width=32)
    >>> geometry.structure_shape, geometry.out_height, geometry.row(2, 0, 1)
    ((27, 8), 32, 19)
    """

    channels_in: int
    channels_out: int
    kernel: int
    stride: int
    padding: int
    height: int
    width: int

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return (self.height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return (self.width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def taps(self) -> int:
        """Taps of a kernel: k * k for each channel of the input."""
        return self.channels_in * self.kernel**2

    @property
    def structure_shape(self) -> tuple[int, int]:
        """Rows and columns of the wiring."""
        return self.taps, self.channels_out

    @property
    def gradient_border(self) -> int:
        """How far outside of the output the gradient by the input reads, in rows and columns: ceil((k - 1 - P) / s)."""
        return max(0, -(-(self.kernel - 1 - self.padding) // self.stride))

    def row(self, channel: int, a: int, b: int) -> int:
        """Return the row of a tap in the wiring."""
        return (channel * self.kernel + a) * self.kernel + b

    def tap(self, rows: Any) -> tuple[Any, Any, Any]:
        """Return channel, row and column of the taps that stand in the given rows of the wiring."""
        square, b = np.divmod(rows, self.kernel)
        channel, a = np.divmod(square, self.kernel)
        return channel, a, b

    def live_taps(self) -> NDArray[np.int64]:
        """Return the ascending rows, int64, of the taps that some window has inside of the image.

        The others read zeros only: of a 3 x 3 kernel on an image of one pixel just the middle is alive.
        """
        live = np.outer(self._inside(self.height, self.out_height), self._inside(self.width, self.out_width))
        return np.flatnonzero(np.tile(live.ravel(), self.channels_in))

    def _inside(self, size: int, windows: int) -> NDArray[np.bool_]:
        at = self.stride * np.arange(windows) + np.arange(self.kernel)[:, None] - self.padding
        return np.any((at >= 0) & (at < size), axis=1)


def conv_geometry(
    input_shape: tuple[int, int, int], channels_out: int, kernel: int, stride: int = 1, padding: int | None = None
) -> ConvGeometry:
    """Check the numbers of a convolution and put them together.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of the input.
    channels_out, kernel, stride : int
    padding : int, optional
        Default: (kernel - 1) / 2, which keeps the size of the image at stride 1; only an odd kernel has it.

    Raises
    ------
    InvalidInputError
        If a number is too small, the padding is as large as the kernel, or the kernel larger than the padded image.
    """
    if len(input_shape) != 3:
        raise invalid(f"input_shape={input_shape}", "three numbers: channels, height and width")
    sizes = {"channels": input_shape[0], "height": input_shape[1], "width": input_shape[2]}
    for name, value in {**sizes, "channels_out": channels_out, "kernel": kernel, "stride": stride}.items():
        check_integer(name, value)
    if padding is None:
        if kernel % 2 == 0:
            raise invalid(f"kernel={kernel} without padding", "an explicit padding for an even kernel", "padding=0")
        padding = (kernel - 1) // 2
    if check_integer("padding", padding, minimum=0) >= kernel:
        raise invalid(f"padding={padding}", f"less than kernel={kernel}: such windows would see no pixel")
    smallest = min(input_shape[1:]) + 2 * padding
    if kernel > smallest:
        remedy = "a smaller kernel, more padding, or less pooling before"
        raise invalid(f"kernel={kernel} on a padded image of side {smallest}", "a kernel no larger than that", remedy)
    channels, height, width = map(int, input_shape)
    return ConvGeometry(channels, int(channels_out), int(kernel), int(stride), int(padding), height, width)

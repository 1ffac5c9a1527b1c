"""A whole network on one tile of the batch: all layers forward, all layers backward, over flat arrays.

All weights of the network lie in one array, ordered by layer and inside a layer by input; all biases follow in the
same array. A layer is an offset. The kernels loop over the layers, so one compiled function serves every depth and
width. Links join neurons, or motifs of neurons (see `motif`). A network without motifs has no `modes`; that is a type
of its own, so it does not wait for the kernels of motifs to be compiled. For this, functions get `modes` as an argument
beside the network that holds it: the compiler leaves out branches by what it knows of arguments alone. Parallel drivers
are in `step`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.elementwise import (
    piecewise_linear,
    piecewise_linear_grad,
    sigmoid,
    sigmoid_grad_from_output,
    tanh_grad_from_output,
)
from sparse_mlp.kernels.tile import (
    bias_grad_tile,
    block_backward_tile,
    block_sddmm_tile,
    block_spmm_tile,
    linear_backward_tile,
    load_block,
    motif_sums_tile,
    sddmm_tile,
    shared_backward_tile,
    shared_sddmm_tile,
    shared_spmm_tile,
    spmm_tile,
)

Array = NDArray[Any]

IDENTITY, PIECEWISE_LINEAR, SIGMOID, TANH = range(4)
SINGLE, SHARED, BLOCK = range(3)
Modes = Array | None


class Network(NamedTuple):
    """The wiring of all layers, by input and by output, as flat arrays.

    Attributes
    ----------
    sizes : int64 (layers + 1,)
        Neurons of the input and of each layer.
    modes : int64 (layers,), or None
        What a link has: SINGLE for one weight between neurons, SHARED for one weight between motifs, BLOCK for a block
        of weights between motifs. None means SINGLE for all.
    motif_sizes : int64 (layers,)
        Neurons of each motif that a layer's links join; 1 where they join neurons.
    weight_start : int64 (layers + 1,)
        Where each layer's weights begin in the flat array of values.
    bias_start : int64 (layers + 1,)
        Where each layer's biases begin in that array.
    kinds : int64 (layers,)
        Activation after each layer: IDENTITY, PIECEWISE_LINEAR, SIGMOID or TANH.
    slopes : float64 (layers,)
        Slope below zero of the piecewise linear activations.
    link_start : int64 (layers + 1,)
        Where each layer's links begin in `indices`, `rows` and `order`.
    by_input_start, by_output_start : int64 (layers + 1,)
        Where each layer's row pointers begin.
    by_input, by_output : int64
        Row pointers of all layers, counted in links of the layer.
    indices, rows, order : int32 (links,)
        Output of each link in order by input; input and position of each link in order by output; counted in the layer.
    activation_start, raw_start : int64 (layers + 1,)
        Rows of the workspace where each layer's activations, and its values before the activation, begin.
        They are equal where the activation can be undone from its output.
    spare_start : int64
        Row of the workspace where a block for the widest layer begins.
    sums_start : int64
        Row of the workspace where a block for sums over motifs begins.
    """

    sizes: Array
    modes: Modes
    motif_sizes: Array
    weight_start: Array
    bias_start: Array
    kinds: Array
    slopes: Array
    link_start: Array
    by_input_start: Array
    by_output_start: Array
    by_input: Array
    by_output: Array
    indices: Array
    rows: Array
    order: Array
    activation_start: Array
    raw_start: Array
    spare_start: int
    sums_start: int


@jit
def load_tile(x: Array, samples: Array, first: int, count: int, tile: Array) -> None:
    """Copy `count` samples, from `samples[first]` on, into the columns of tile (n_in, width); the rest is zero.

    So are the rows for which the samples have no features.
    """
    n_in, width = x.shape[1], tile.shape[1]
    done, features = load_block(x, samples, first, count, tile)
    for j in range(count):
        row = x[samples[first + j]]
        for u in range(features if j < done else 0, n_in):
            tile[u, j] = row[u]
    for u in range(n_in):
        for j in range(count, width):
            tile[u, j] = 0
    tile[n_in:] = 0


@jit
def is_batch(samples: Array, n_samples: int, labels: Array, n_out: int) -> bool:
    """Tell whether all samples, and their labels if there are any, are in range: nothing is written for others."""
    for s in samples:
        if s < 0 or s >= n_samples:
            return False
        if len(labels) > 0 and (labels[s] < 0 or labels[s] >= n_out):
            return False
    return True


@jit
def forward_tile(net: Network, values: Array, work: Array) -> None:
    """Compute the activations of all layers in the workspace, the input tile being there already."""
    for layer in range(len(net.kinds)):
        n_in, n_out = net.sizes[layer], net.sizes[layer + 1]
        start, raw = net.activation_start[layer], net.raw_start[layer + 1]
        x, z = work[start : start + n_in], work[raw : raw + n_out]
        relu = net.kinds[layer] == PIECEWISE_LINEAR and net.slopes[layer] == 0
        _product(net.modes, net, layer, values, work, x, z, relu)
        if not relu and net.kinds[layer] != IDENTITY:
            start = net.activation_start[layer + 1]
            _activate(net.kinds[layer], net.slopes[layer], z, work[start : start + n_out])


@jit
def _product(
    modes: Modes, net: Network, layer: int, values: Array, work: Array, x: Array, z: Array, relu: bool
) -> None:
    """Write what a layer makes of x (n_in, width) into z (n_out, width)."""
    pointers = net.by_output[net.by_output_start[layer] : net.by_output_start[layer + 1]]
    rows = net.rows[net.link_start[layer] : net.link_start[layer + 1]]
    order = net.order[net.link_start[layer] : net.link_start[layer + 1]]
    weight = values[net.weight_start[layer] : net.weight_start[layer + 1]]
    bias = values[net.bias_start[layer] : net.bias_start[layer + 1]]
    if modes is None:
        spmm_tile(pointers, rows, order, weight, bias, x, z, relu)
    elif modes[layer] == SHARED:
        sums = _sums(net, layer, x, work)
        shared_spmm_tile(pointers, rows, order, weight, bias, sums, z, relu)
    elif modes[layer] == BLOCK:
        block_spmm_tile(pointers, rows, order, weight, bias, x, z, relu)
    else:
        spmm_tile(pointers, rows, order, weight, bias, x, z, relu)


@jit
def _sums(net: Network, layer: int, x: Array, work: Array) -> Array:
    """Sum x (n, width) over the layer's motifs, in the workspace."""
    sums = work[net.sums_start : net.sums_start + x.shape[0] // net.motif_sizes[layer]]
    motif_sums_tile(x, sums)
    return sums


@jit
def _activate(kind: int, slope: float, z: Array, a: Array) -> None:
    for v in range(z.shape[0]):
        for j in range(z.shape[1]):
            if kind == PIECEWISE_LINEAR:
                a[v, j] = piecewise_linear(z[v, j], slope)
            elif kind == SIGMOID:
                a[v, j] = sigmoid(z[v, j])
            else:
                a[v, j] = np.tanh(z[v, j])


@jit
def backward_tile(net: Network, values: Array, work: Array, gradient: Array) -> None:
    """Add the tile's part of all gradients, the gradient by the scores standing where the scores stood.

    The gradient by a layer's input overwrites that input, row by row, once the row's last use is over.
    """
    for layer in range(len(net.kinds) - 1, -1, -1):
        n_in, n_out = net.sizes[layer], net.sizes[layer + 1]
        start, out = net.activation_start[layer], net.activation_start[layer + 1]
        x, dy = work[start : start + n_in], work[out : out + n_out]
        bias_grad_tile(dy, gradient[net.bias_start[layer] : net.bias_start[layer + 1]])
        if layer == 0:
            _link_gradient(net.modes, net, work, x, dy, gradient)
            return
        kind, slope = net.kinds[layer - 1], net.slopes[layer - 1]
        relu = kind == PIECEWISE_LINEAR and slope == 0
        dx = x if relu or kind == IDENTITY else work[net.spare_start : net.spare_start + n_in]
        _layer_backward(net.modes, net, layer, values, work, x, dy, dx, gradient, relu)
        if not relu and kind != IDENTITY:
            raw = net.raw_start[layer]
            _chain(kind, slope, work[raw : raw + n_in], x, dx)


@jit
def _link_gradient(modes: Modes, net: Network, work: Array, x: Array, dy: Array, gradient: Array) -> None:
    """Add the gradient by the weights of the first layer, of which nobody asks for more."""
    pointers, indices = net.by_input[: net.by_input_start[1]], net.indices[: net.link_start[1]]
    dweight = gradient[: net.weight_start[1]]
    if modes is None:
        sddmm_tile(pointers, indices, x, dy, dweight)
    elif modes[0] == SHARED:
        shared_sddmm_tile(pointers, indices, x, _sums(net, 0, dy, work), dweight)
    elif modes[0] == BLOCK:
        block_sddmm_tile(pointers, indices, x, dy, dweight)
    else:
        sddmm_tile(pointers, indices, x, dy, dweight)


@jit
def _layer_backward(
    modes: Modes, net: Network, layer: int, values: Array, work: Array, x: Array, dy: Array, dx: Array, gradient: Array,
    relu: bool,
) -> None:  # fmt: skip
    """Write the gradient by a layer's input into dx and add the gradient by its weights."""
    pointers = net.by_input[net.by_input_start[layer] : net.by_input_start[layer + 1]]
    indices = net.indices[net.link_start[layer] : net.link_start[layer + 1]]
    weight = values[net.weight_start[layer] : net.weight_start[layer + 1]]
    dweight = gradient[net.weight_start[layer] : net.weight_start[layer + 1]]
    if modes is None:
        linear_backward_tile(pointers, indices, weight, x, dy, dx, dweight, relu)
    elif modes[layer] == SHARED:
        shared_backward_tile(pointers, indices, weight, x, _sums(net, layer, dy, work), dx, dweight, relu)
    elif modes[layer] == BLOCK:
        block_backward_tile(pointers, indices, weight, x, dy, dx, dweight, relu)
    else:
        linear_backward_tile(pointers, indices, weight, x, dy, dx, dweight, relu)


@jit
def _chain(kind: int, slope: float, z: Array, a: Array, da: Array) -> None:
    """Replace the activations a by the gradient by the values before the activation."""
    for v in range(a.shape[0]):
        for j in range(a.shape[1]):
            if kind == PIECEWISE_LINEAR:
                a[v, j] = da[v, j] * piecewise_linear_grad(z[v, j], slope)
            elif kind == SIGMOID:
                a[v, j] = da[v, j] * sigmoid_grad_from_output(a[v, j])
            else:
                a[v, j] = da[v, j] * tanh_grad_from_output(a[v, j])

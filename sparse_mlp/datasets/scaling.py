"""Standardise by the training part alone: all pixels of images together, each feature of a table by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array, issparse

from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.errors import check_choice, invalid

ROWS_AT_A_TIME = 4096


def standardize(dataset: Dataset, by: str = "image") -> Dataset:
    """Subtract the mean and divide by the standard deviation of the training samples.

    Parameters
    ----------
    dataset : Dataset
        Samples as loaded.
    by : {"image", "channel"}
        Whether all pixels of images share one mean and deviation, or those of each colour.

    Returns
    -------
    Dataset
        The same samples. All training pixels of images together have mean 0 and standard deviation 1; in a table
        (`image_shape` None) each feature has. Sparse samples are only divided: without their zeros they would be dense.

    Raises
    ------
    InvalidInputError
        If all training pixels, those of a channel, or all rows of the training table are equal.

    Notes
    -----
    One mean and deviation for all pixels is the recipe of the Cannistraci-Hebb training experiments [Zhang2024]:
    0.1307 and 0.3081 for MNIST, 0.2860 and 0.3530 for Fashion-MNIST. Pixels are not scaled one by one, so border
    pixels stay dark. The features of a table have different units, so each is scaled by itself, as in the experiments
    of [Kichler2021] and [Chen2025]; a constant one becomes zero.
    """
    check_choice("by", by, ("image", "channel"))
    if issparse(dataset.train_x):
        return _scale_sparse(dataset)
    if dataset.image_shape is None:
        return _standardize_features(dataset)
    return _standardize_channels(dataset) if by == "channel" else _standardize_pixels(dataset)


def _standardize_pixels(dataset: Dataset) -> Dataset:
    mean, std = pixel_mean_std(dataset.train_x)
    if std == 0:
        raise invalid("training images of one single grey", "at least two grey values")
    shift, scale = np.float32(mean), np.float32(std)
    return replace(
        dataset,
        train_x=(dataset.train_x - shift) / scale,
        test_x=(dataset.test_x - shift) / scale,
        provenance=f"{dataset.provenance}; standardised by mean {mean:.4f} and standard deviation {std:.4f}",
    )


def _standardize_channels(dataset: Dataset) -> Dataset:
    channels = 1 if dataset.image_shape is None or len(dataset.image_shape) == 2 else dataset.image_shape[0]
    found = [pixel_mean_std(plane) for plane in np.split(dataset.train_x, channels, axis=1)]
    if not all(std for _, std in found):
        raise invalid("training images with a channel of one single value", "at least two values in each channel")
    pixels = dataset.n_features // channels
    shift, scale = (np.repeat(np.array(values, np.float32), pixels) for values in zip(*found, strict=True))
    means, deviations = (", ".join(f"{value:.4f}" for value in values) for values in zip(*found, strict=True))
    return replace(
        dataset,
        train_x=(dataset.train_x - shift) / scale,
        test_x=(dataset.test_x - shift) / scale,
        provenance=f"{dataset.provenance}; channels standardised by means {means} and deviations {deviations}",
    )


def _standardize_features(dataset: Dataset) -> Dataset:
    varies = np.ptp(dataset.train_x, axis=0) > 0
    if not varies.any():
        raise invalid("training samples that are all equal", "at least one feature that varies")
    # In float64: features with values in the thousands would lose half their digits in the squares.
    mean = dataset.train_x.mean(axis=0, dtype=np.float64)
    scale = np.where(varies, dataset.train_x.std(axis=0, dtype=np.float64), np.inf)
    return replace(
        dataset,
        train_x=((dataset.train_x - mean) / scale).astype(np.float32),
        test_x=((dataset.test_x - mean) / scale).astype(np.float32),
        provenance=f"{dataset.provenance}; each feature standardised by its mean and standard deviation in training",
    )


def _scale_sparse(dataset: Dataset) -> Dataset:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(with_mean=False).fit(dataset.train_x.astype(np.float64))
    if not scaler.var_.any():
        raise invalid("training samples that are all equal", "at least one feature that varies")
    # A constant feature is left as it is; made zero, as in a dense table, it would say the same.
    return replace(
        dataset,
        train_x=csr_array(scaler.transform(dataset.train_x), dtype=np.float32),
        test_x=csr_array(scaler.transform(dataset.test_x), dtype=np.float32),
        provenance=f"{dataset.provenance}; each feature divided by its standard deviation in training",
    )


def pixel_mean_std(x: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation of all entries of `x` (n, features), summed in float64 by blocks of rows."""
    mean = float(x.mean(dtype=np.float64))
    squares = 0.0
    for start in range(0, len(x), ROWS_AT_A_TIME):
        squares += float(np.square(x[start : start + ROWS_AT_A_TIME] - mean, dtype=np.float64).sum())
    return mean, float(np.sqrt(squares / x.size))

"""Choose the reader of a data set: IDX, CIFAR or tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparse_mlp.datasets import cifar_sets, idx_sets, table_sets
from sparse_mlp.datasets.checksums import Verdict
from sparse_mlp.datasets.cifar_registry import CifarSet
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.locate import Location
from sparse_mlp.datasets.registry import AnySet
from sparse_mlp.datasets.table_registry import TableSet


def examine(entry: AnySet, file: FileSpec, path: Path) -> tuple[int, Verdict]:
    """Read one file: return the number of its items and whether it is the official one.

    Raises
    ------
    DataFileError
        If the file is damaged or holds something else.
    """
    array: np.ndarray
    if isinstance(entry, TableSet):
        return table_sets.examine(entry, file, path)
    if isinstance(entry, CifarSet):
        array = cifar_sets.read_file(entry, file, path)
        return len(array), cifar_sets.verify(file, path, array)
    array = idx_sets.read_file(entry, file, path)
    return len(array), idx_sets.verify(file, path, array)


def load_set(entry: AnySet, location: Location) -> Dataset:
    """Build the data set from the files of a complete location.

    Raises
    ------
    DataFileError
        If a file is damaged, or has the official number of items but not the official content.
    """
    if isinstance(entry, TableSet):
        return table_sets.load_table_set(entry, location)
    if isinstance(entry, CifarSet):
        return cifar_sets.load_cifar_set(entry, location)
    return idx_sets.load_idx_set(entry, location)

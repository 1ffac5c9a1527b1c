"""Data sets: real ones with verified files, your own files, and labelled synthetic stand-ins.

Importing this package is cheap: scikit-learn and pooch are imported when a function needs them.
"""

from __future__ import annotations

from sparse_mlp.datasets.catalog import FileReport, available, check, describe_all, fetch, load
from sparse_mlp.datasets.dataset import Dataset, class_counts, summary
from sparse_mlp.datasets.opening import check_name
from sparse_mlp.datasets.own import from_arrays, inspect_file
from sparse_mlp.datasets.registry import names
from sparse_mlp.datasets.scaling import standardize
from sparse_mlp.datasets.split import resplit, set_aside, stratified_split
from sparse_mlp.datasets.synthetic import make_synthetic

__all__ = [
    "Dataset",
    "FileReport",
    "available",
    "check",
    "check_name",
    "class_counts",
    "describe_all",
    "fetch",
    "from_arrays",
    "inspect_file",
    "load",
    "make_synthetic",
    "names",
    "resplit",
    "set_aside",
    "standardize",
    "stratified_split",
    "summary",
]

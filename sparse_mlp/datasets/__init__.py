"""Data sets: real ones with verified files, your own files, labelled synthetic stand-ins, and sentence pairs.

Importing this package is cheap: scikit-learn and pooch are imported when a function needs them.
"""

from __future__ import annotations

from sparse_mlp.datasets.catalog import available, check, describe_all, fetch, load
from sparse_mlp.datasets.dataset import Dataset, class_counts, summary
from sparse_mlp.datasets.file_reports import FileReport
from sparse_mlp.datasets.opening import check_name
from sparse_mlp.datasets.own import from_arrays, inspect_file
from sparse_mlp.datasets.registry import names
from sparse_mlp.datasets.scaling import standardize
from sparse_mlp.datasets.split import resplit, set_aside, stratified_split
from sparse_mlp.datasets.synthetic import make_synthetic
from sparse_mlp.datasets.text_pairs import SentencePairs, read_pairs
from sparse_mlp.datasets.text_registry import known_names, text_names
from sparse_mlp.datasets.text_sets import TranslationPart, TranslationSet, from_sentences, load_translation
from sparse_mlp.datasets.vocabulary import Vocabulary

__all__ = [
    "Dataset",
    "FileReport",
    "SentencePairs",
    "TranslationPart",
    "TranslationSet",
    "Vocabulary",
    "available",
    "check",
    "check_name",
    "class_counts",
    "describe_all",
    "fetch",
    "from_arrays",
    "from_sentences",
    "inspect_file",
    "known_names",
    "load",
    "load_translation",
    "make_synthetic",
    "names",
    "read_pairs",
    "resplit",
    "set_aside",
    "standardize",
    "stratified_split",
    "summary",
    "text_names",
]

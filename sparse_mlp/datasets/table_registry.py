"""The tables: samples with features of any unit, from `.mat` files and from text."""

from __future__ import annotations

from dataclasses import dataclass

from sparse_mlp.datasets.file_sets import FileSet, FileSpec


@dataclass(frozen=True)
class TableSet(FileSet):
    """Describe one data set whose samples are rows of a table.

    Attributes
    ----------
    n_features : int
        Columns of the table.
    labels : tuple of int
        The labels in the file, ascending; the classes are in the same order.
    """

    image_shape: tuple[int, ...] | None = None
    suffix: str = ""
    n_features: int = 0
    labels: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of a sample."""
        return self.image_shape or (self.n_features,)


@dataclass(frozen=True)
class MatSet(TableSet):
    """Describe a table in one MATLAB 5 file: X (samples × features) and Y (samples × 1), not split officially."""

    @property
    def file(self) -> FileSpec:
        """Return its only file."""
        (file,) = self.files
        return file


@dataclass(frozen=True)
class TextSet(TableSet):
    """Describe a training and a test table in text files: numbers separated by blanks, labels in separate files."""


LUNG_CLASSES = ("adenocarcinoma", "normal lung", "squamous", "carcinoid", "small cell")
_LUNG_CITATION = "Bhattacharjee et al., Classification of human lung carcinomas, PNAS 98, 2001"
_SITE = "https://jundongl.github.io/scikit-feature"
_REPOSITORY = "https://raw.githubusercontent.com/jundongl/scikit-feature/master/skfeature/data"

_LUNG = MatSet(
    name="lung",
    title="Lung",
    class_names=LUNG_CLASSES,
    files=(FileSpec("lung.mat", "table", 203),),
    licence="no licence stated",
    citation=_LUNG_CITATION,
    mirrors=(f"{_SITE}/files/datasets", f"{_SITE}/OLD/datasets"),
    hint="lung_1543.mat, with the same samples and fewer genes, is another data set: lung-1543",
    n_features=3312,
    labels=(1, 2, 3, 4, 5),
)

_LUNG_1543 = MatSet(
    name="lung-1543",
    title="Lung stand-in with 1,543 genes, not the official lung.mat with 3,312",
    class_names=LUNG_CLASSES,
    files=(
        FileSpec("lung_1543.mat", "table", 203, "5e2f99402cd4cadc92a154e1092828e9bf04acb035edf3718b49ab67192b9279"),
    ),
    licence="no licence stated",
    citation=f"{_LUNG_CITATION}; genes as filtered by de Souto et al., BMC Bioinformatics 9, 2008",
    home="lung",
    hint="it cannot be downloaded: make it from bhattacharjee-2001_database.txt in padilha/biclustlib, "
    "samples × genes as X, classes 1 to 5 as Y",
    n_features=1543,
    labels=(1, 2, 3, 4, 5),
)


def _small(name: str, file: str, samples: int, features: int, labels: tuple[int, ...], sha256: str, citation: str,
           image_shape: tuple[int, ...] | None = None) -> MatSet:  # fmt: skip
    return MatSet(
        name=name,
        title=f"{file.removesuffix('.mat')} of scikit-feature",
        class_names=tuple(f"label {label}" for label in labels),
        files=(FileSpec(file, "table", samples, sha256),),
        licence="no licence stated; passed on by scikit-feature, GPL-2",
        citation=citation,
        mirrors=(_REPOSITORY,),
        home="scikit-feature",
        image_shape=image_shape,
        n_features=features,
        labels=labels,
    )


_SMALL = (
    _small("lung-small", "lung_small.mat", 73, 325, (1, 2, 3, 4, 5, 6, 7),
           "93c6a65eb1f6f9f95ac897010c337254a57c57e7f8c0c9a7963a0e03de8233f4",
           "Garber et al., Diversity of gene expression in adenocarcinoma of the lung, PNAS 98, 2001"),
    _small("lymphoma", "lymphoma.mat", 96, 4026, (1, 2, 3, 4, 5, 6, 7, 8, 9),
           "bd834ed911d47ecf2e07625ed77617d514d89ee398fa2e7a787230f7cf5243f8",
           "Alizadeh et al., Distinct types of diffuse large B-cell lymphoma, Nature 403, 2000"),
    _small("colon", "colon.mat", 62, 2000, (-1, 1),
           "ffcdeba03eb67cec403fa1dc9f827c22a6e2c57786bf3e01dfe1b4b3e25e0a2f",
           "Alon et al., Broad patterns of gene expression, PNAS 96, 1999"),
    _small("leukemia", "leukemia.mat", 72, 7070, (-1, 1),
           "eb92382fb77c968864cb0a92a2c77acde7f88ba7fe5fd5a64b98184e3a05269d",
           "Golub et al., Molecular classification of cancer, Science 286, 1999"),
    _small("glioma", "GLIOMA.mat", 50, 4434, (1, 2, 3, 4),
           "c31cd32edd770c7a102729839e670e588bc959a591e0eae5a0676c9ca11d4c4f",
           "Nutt et al., Gene expression-based classification of malignant gliomas, Cancer Research 63, 2003"),
    _small("tox-171", "TOX-171.mat", 171, 5748, (1, 2, 3, 4),
           "f52f57e61775b7830c84750456d7fadfd220d1cc8eed26419c3390eb9216cc84",
           "Li et al., Feature selection: a data perspective, ACM Computing Surveys 50, 2017"),
    _small("coil-20", "COIL20.mat", 1440, 1024, tuple(range(1, 21)),
           "4595ebdda07f47b0eb014fcfaddc22b452f9aed9c1d9261a0d5bc336c1ee1344",
           "Nene, Nayar, Murase, Columbia object image library (COIL-20), 1996", (32, 32)),
)  # fmt: skip

_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/madelon"

_MADELON = TextSet(
    name="madelon",
    title="Madelon, its validation part to test as the labels of its test part were never published",
    class_names=("label -1", "label 1"),
    files=(
        FileSpec("madelon_train.data", "train_rows", 2000,
                 "0b6e37711efdc7ab74250c51e7d6966bffd9f8f2b0e9971e882c3a7a380c2314"),
        FileSpec("madelon_train.labels", "train_labels", 2000,
                 "10bffcc3b017467cb810d326b931951adcbde2b4870faf981da2991993b48689"),
        FileSpec("madelon_valid.data", "test_rows", 600,
                 "cb9a46475147de1a58d9f15ef4c318e5b85de344e0f9ab92626fa446aa815dc9"),
        FileSpec("madelon_valid.labels", "test_labels", 600,
                 "1aa311db914031ce44fc1dcf00fe4a0c31becb6c5c4e809db7fec13eead58fcc"),
    ),
    licence="CC BY 4.0 (UCI Machine Learning Repository)",
    citation="Guyon et al., Result analysis of the NIPS 2003 feature selection challenge, 2004",
    mirrors=(f"{_UCI}/MADELON", _UCI),
    n_features=500,
    labels=(-1, 1),
)  # fmt: skip

TABLE_SETS: dict[str, MatSet | TextSet] = {
    entry.name: entry for entry in (_LUNG, _LUNG_1543, *_SMALL, _MADELON)
}  # fmt: skip

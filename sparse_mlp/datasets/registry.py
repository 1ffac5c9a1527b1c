"""The IDX data sets: files, checksums, mirrors, licence, citation; and all sets by name."""

from __future__ import annotations

from dataclasses import dataclass

from sparse_mlp.datasets.cifar_registry import CIFAR_SETS, CifarSet
from sparse_mlp.datasets.file_sets import Archive, FileSet, FileSpec
from sparse_mlp.datasets.table_registry import TABLE_SETS, TableSet

ROLES = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True)
class IdxSet(FileSet):
    """Describe one data set in IDX format; `files` are in the order of `ROLES`."""

    image_shape: tuple[int, ...] = (28, 28)
    first_label: int = 0
    transposed: bool = False


AnySet = IdxSet | CifarSet | TableSet


def _mnist_like(hashes: list[str | None], wrappers: list[str | None]) -> tuple[FileSpec, FileSpec, FileSpec, FileSpec]:
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    rows = zip(names, ROLES, (60_000, 60_000, 10_000, 10_000), hashes, wrappers, strict=True)
    one, two, three, four = (FileSpec(*row) for row in rows)
    return one, two, three, four


def _emnist(split: str, n_train: int, n_test: int) -> tuple[FileSpec, FileSpec, FileSpec, FileSpec]:
    stem = f"emnist-{split}"
    return (
        FileSpec(f"{stem}-train-images-idx3-ubyte", "train_images", n_train),
        FileSpec(f"{stem}-train-labels-idx1-ubyte", "train_labels", n_train),
        FileSpec(f"{stem}-test-images-idx3-ubyte", "test_images", n_test),
        FileSpec(f"{stem}-test-labels-idx1-ubyte", "test_labels", n_test),
    )


_NO_WRAPPERS: list[str | None] = [None] * 4
_DIGITS = tuple("0123456789")
_TOPS_AND_TROUSERS = ("T-shirt/top", "trouser", "pullover", "dress", "coat")
_CLOTHES = (*_TOPS_AND_TROUSERS, "sandal", "shirt", "sneaker", "bag", "ankle boot")
_CAPITALS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_EMNIST_ZIP = Archive(
    url="https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
    sha256="fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
    folder="gzip",
)
_EMNIST_LICENCE = "no licence stated; derived from NIST Special Database 19 (work of the US government)"
_EMNIST_CITATION = "Cohen, Afshar, Tapson, van Schaik, EMNIST: extending MNIST to handwritten letters, IJCNN 2017"

_MNIST = IdxSet(
    name="mnist",
    title="MNIST",
    class_names=_DIGITS,
    files=_mnist_like(
        [
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ],
        _NO_WRAPPERS,
    ),
    licence="CC BY-SA 3.0, as usually stated",
    citation="LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, 1998",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    ),
)

_FASHION = IdxSet(
    name="fashion-mnist",
    title="Fashion-MNIST",
    class_names=_CLOTHES,
    files=_mnist_like(
        [
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ],
        _NO_WRAPPERS,
    ),
    licence="MIT",
    citation="Xiao, Rasul, Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking, arXiv 1708.07747, 2017",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ),
)

_KMNIST = IdxSet(
    name="kmnist",
    title="Kuzushiji-MNIST",
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    files=_mnist_like(
        [
            None,
            None,
            "76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e",
            "a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6",
        ],
        [
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ],
    ),
    licence="CC BY-SA 4.0; 'KMNIST Dataset' (created by CODH), adapted from 'Kuzushiji Dataset' (NIJL et al.)",
    citation="Clanuwat et al., Deep learning for classical Japanese literature, 2018, doi:10.20676/00000341",
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist"),
)

_EMNIST_LETTERS = IdxSet(
    name="emnist-letters",
    title="EMNIST Letters",
    class_names=_CAPITALS,
    files=_emnist("letters", 124_800, 20_800),
    licence=_EMNIST_LICENCE,
    citation=_EMNIST_CITATION,
    archive=_EMNIST_ZIP,
    first_label=1,
    transposed=True,
)

_EMNIST_BALANCED = IdxSet(
    name="emnist-balanced",
    title="EMNIST Balanced",
    class_names=(*_DIGITS, *_CAPITALS, *"abdefghnqrt"),
    files=_emnist("balanced", 112_800, 18_800),
    licence=_EMNIST_LICENCE,
    citation=_EMNIST_CITATION,
    archive=_EMNIST_ZIP,
    transposed=True,
)

IDX_SETS: dict[str, IdxSet] = {
    entry.name: entry for entry in (_MNIST, _FASHION, _KMNIST, _EMNIST_LETTERS, _EMNIST_BALANCED)
}


def file_sets() -> dict[str, AnySet]:
    """Return every data set that consists of files, by name."""
    return {**IDX_SETS, **CIFAR_SETS, **TABLE_SETS}


def owner_of(sha256: str) -> str | None:
    """Return 'SET: FILE' of the official file with this checksum of its uncompressed bytes, or None."""
    for entry in file_sets().values():
        for file in entry.files:
            if file.sha256 == sha256:
                return f"{entry.name}: {file.name}"
    return None

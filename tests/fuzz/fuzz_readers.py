"""The readers that are fuzzed. To add one, add an entry: sound files, and how they are read."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Reader(NamedTuple):
    """A reader, and what it reads.

    Attributes
    ----------
    files : callable () -> dict of str to bytes
        Sound files by name, one of which is damaged in each round.
    read : callable (folder) -> object
        Reads the files in a folder; it may return or raise an error of the library, and nothing else.
    rounds : int
        In the normal suite.
    """

    files: Callable[[], dict[str, bytes]]
    read: Callable[[Path], Any]
    rounds: int = 100


def load(name: str, **options: str) -> Callable[[Path], Any]:
    """Return a function that loads a data set by name, or a file; options are names of files in its folder."""

    def read(folder: Path) -> Any:
        from sparse_mlp import datasets

        if "." not in name:
            return datasets.load(name, folder, download=False)
        files = {option: str(folder / file) for option, file in options.items()}
        return datasets.load(folder / name, **files)

    return read


def numbers() -> np.ndarray:
    return np.random.default_rng(0).random((12, 3)).round(3)


def idx() -> dict[str, bytes]:
    def file(ndim: int, *shape: int) -> bytes:
        items = (np.arange(np.prod(shape)) % 10).astype(np.uint8)
        return bytes([0, 0, 8, ndim]) + b"".join(n.to_bytes(4, "big") for n in shape) + items.tobytes()

    parts = {"train": 6, "t10k": 4}
    images = {f"{part}-images-idx3-ubyte.gz": gzip.compress(file(3, n, 28, 28)) for part, n in parts.items()}
    return {**images, **{f"{part}-labels-idx1-ubyte": file(1, n) for part, n in parts.items()}}


def cifar() -> dict[str, bytes]:
    rows = b"".join(bytes([label]) + bytes(3072) for label in (1, 2, 3))
    return {"data_batch_1.bin": rows, "data_batch_3.bin": gzip.compress(rows), "test_batch.bin": rows}


def madelon() -> dict[str, bytes]:
    row = " ".join(map(str, range(500)))
    text, labels = "\n".join([row] * 4).encode(), b"1\n-1\n1\n-1\n"
    return {"madelon_train.data": text, "madelon_train.labels": labels,
            "madelon_valid.data": text, "madelon_valid.labels": labels}  # fmt: skip


def table(separator: str) -> bytes:
    rows = [[*map(str, row), ("red", "blue", "")[k % 3], str(k % 2)] for k, row in enumerate(numbers())]
    return "\n".join(separator.join(row) for row in [["a", "b", "c", "colour", "class"], *rows]).encode()


def csv(folder: Path) -> Any:
    from sparse_mlp import datasets

    return datasets.load(folder / "t.csv", test=str(folder / "s.csv"), one_hot=["colour"], missing="mean")


def svmlight() -> bytes:
    rows = (" ".join(f"{k + 1}:{value}" for k, value in enumerate(row)) for row in numbers())
    return "".join(f"{k % 2} {row}\n" for k, row in enumerate(rows)).encode()


def arff() -> bytes:
    names = ("a numeric", "'b c' real", "k {x,'y z'}", "class {no,yes}")
    head = "@relation t\n" + "".join(f"@attribute {name}\n" for name in names)
    rows = (f"{row[0]},{row[1]},{('x', '?')[k % 2]},{('no', 'yes')[k % 2]}" for k, row in enumerate(numbers()))
    return (f"{head}@data\n" + "\n".join(rows)).encode()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def sparse() -> dict[str, bytes]:
    from scipy.sparse import csr_array, save_npz

    stream = io.BytesIO()
    save_npz(stream, csr_array(numbers()))
    return {"t.npz": stream.getvalue(), "y.npy": npy(np.arange(12) % 2)}


def mat(compressed: bool) -> bytes:
    from scipy.io import savemat
    from scipy.sparse import csc_array

    stream = io.BytesIO()
    content = {"X": numbers(), "Y": np.arange(12)[:, None] % 2, "S": csc_array(numbers()), "T": np.array(["ab", "cd"])}
    savemat(stream, content, do_compression=compressed)
    return stream.getvalue()


def run() -> dict[str, bytes]:
    """Return the files of a small run."""
    import contextlib
    import tempfile

    from sparse_mlp.cli import main

    small = ["--epochs", "2", "--hidden", "6", "--density", "0.5", "--no-figures", "--input-strengths"]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        with contextlib.redirect_stderr(io.StringIO()):
            assert main(["train", *small, "--out", f"{folder}/run"]) == 0
        files = {path.name: path.read_bytes() for path in Path(folder, "run").iterdir() if path.name != ".lock"}
    return {name: content for name, content in files.items() if "previous" not in name}


def reopened(folder: Path) -> Any:
    """Go on with the run, and read what else is in its folder."""
    from sparse_mlp.robustness import load_course
    from sparse_mlp.runs.saved import load_run
    from sparse_mlp.training import read_history

    load_run(folder)
    read_history(folder / "metrics.jsonl")
    load_course(folder / "input_strength.npz")


def checksums_repaired(folder: Path) -> Any:
    """Go on with a run whose checkpoint fits its checksums, whatever is in it."""
    import contextlib
    import hashlib
    import json

    path = folder / "checkpoint.json"
    with contextlib.suppress(Exception):
        head = json.loads(path.read_bytes())
        arrays = next(folder.glob("checkpoint-*.npz"))
        head["sha256"] = hashlib.sha256(arrays.read_bytes()).hexdigest()
        head["meta_sha256"] = hashlib.sha256(json.dumps(head["meta"]).encode()).hexdigest()
        path.write_text(json.dumps(head))
    return reopened(folder)


def small_network() -> Any:
    from sparse_mlp import SparseMLP

    return SparseMLP([4, 6, 5, 2], density=0.5, rng=0)


def network() -> dict[str, bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return {"n.npz": small_network().save(Path(folder, "n.npz")).read_bytes()}


SETTINGS = b"""[model]
hidden = [20, 30]
activation = "relu"
[wiring]
topology = "small-world"
density = 0.2
beta = 0.5
[rule]
name = "chts"
zeta = 0.3
[training]
epochs = 3
learning_rate = 0.1
schedule = "cosine"
[run]
seed = 3
"""
RECIPE = b"""title = "Two rules"
[settings]
model.hidden = [10, 10]
[methods.random]
rule.name = "rlr"
[methods.predicted]
rule.name = "ch3l3"
[options]
wiring.density = [0.1, 0.5]
[measurements.weights]
[presets.laptop]
datasets = ["digits"]
seeds = [0, 1]
[presets.laptop.settings]
training.epochs = 2
"""


def settings(folder: Path) -> Any:
    from sparse_mlp.runs.config import make_config
    from sparse_mlp.runs.files import load_settings

    return make_config(load_settings(folder / "s.toml"))


def recipe(folder: Path) -> Any:
    from sparse_mlp.experiments import load_recipe

    return load_recipe(folder / "r.toml").plan("laptop")


READERS: dict[str, Reader] = {
    "idx": Reader(idx, load("mnist")),
    "cifar": Reader(cifar, load("cifar-10")),
    "madelon": Reader(madelon, load("madelon"), 40),
    "csv": Reader(lambda: {"t.csv": table(","), "s.csv": table(",")}, csv),
    "tsv": Reader(lambda: {"t.tsv": b"a\ty\n" + b"".join(b"%d\t%d\n" % (k, k % 2) for k in range(12))}, load("t.tsv")),
    "svmlight": Reader(lambda: {"t.svm": svmlight(), "s.svm": svmlight()}, load("t.svm", test="s.svm")),
    "arff": Reader(lambda: {"t.arff": arff().replace(b"?", b"x")}, load("t.arff")),
    "npz": Reader(lambda: {"t.npz": npz(X=numbers(), y=np.arange(12) % 2)}, load("t.npz")),
    "npz of images": Reader(
        lambda: {"t.npz": npz(x_train=np.zeros((4, 5, 5, 3), np.uint8), y_train=np.array(list("abab")),
                              x_test=np.zeros((2, 5, 5, 3), np.uint8), y_test=np.array(list("ab")))},
        load("t.npz"),
    ),
    "npy": Reader(lambda: {"t.npy": npy(numbers()), "y.npy": npy(np.arange(12) % 2)}, load("t.npy", target="y.npy")),
    "sparse npz": Reader(sparse, load("t.npz", target="y.npy")),
    "mat": Reader(lambda: {"t.mat": mat(False)}, load("t.mat")),
    "compressed mat": Reader(lambda: {"t.mat": mat(True)}, load("t.mat")),
    "run": Reader(run, reopened, 30),
    "run, checksums repaired": Reader(run, checksums_repaired, 60),
    "network": Reader(network, lambda folder: small_network().load(folder / "n.npz")),
    "settings": Reader(lambda: {"s.toml": SETTINGS}, settings),
    "recipe": Reader(lambda: {"r.toml": RECIPE}, recipe),
}  # fmt: skip

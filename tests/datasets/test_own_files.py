"""Data of your own: one small table in all formats, the worked example by hand, and how faults are named."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csr_array, issparse, save_npz

from sparse_mlp import datasets
from sparse_mlp.errors import DataFileError, InvalidInputError

X = np.array([[k, 10 - k, 0.5 * k, 0.0] for k in range(12)], np.float32)
Y = np.arange(12) % 2 + 3
NAMES = ("a", "b", "c", "d")


def csv_text(separator: str = ",", end: str = "\n") -> str:
    rows = [[*NAMES, "class"], *([*map(str, x.tolist()), str(y)] for x, y in zip(X, Y, strict=True))]
    return "".join(separator.join(row) + end for row in rows)


def svmlight_text() -> str:
    pairs = (" ".join(f"{k + 1}:{value}" for k, value in enumerate(x) if value or k == 3) for x in X)
    return "".join(f"{y} {features}\n" for y, features in zip(Y, pairs, strict=True))


def arff_text() -> str:
    head = "".join(f"@attribute {name} numeric\n" for name in NAMES)
    rows = "".join(",".join([*map(str, x.tolist()), str(y)]) + "\n" for x, y in zip(X, Y, strict=True))
    return f"@relation t\n{head}@attribute kind {{3,4}}\n@data\n{rows}"


def write_arrays(path: Path) -> Path:
    np.savez_compressed(path, X=X, y=Y)
    return path


def write_pair(path: Path, sparse: bool) -> tuple[Path, dict[str, Any]]:
    labels = path.with_name("labels.npy")
    np.save(labels, Y[:, None])
    save_npz(path, csr_array(X)) if sparse else np.save(path, np.asfortranarray(X))
    return path, {"target": str(labels)}


def write_mat(path: Path, **content: Any) -> Path:
    savemat(path, content)
    return path


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


FORMATS: dict[str, Callable[[Path], Any]] = {
    "csv": lambda folder: write(folder / "t.csv", csv_text()),
    "csv with a byte order mark": lambda folder: write(folder / "t.csv", "\ufeff" + csv_text(end="\r\n")),
    "csv with semicolons": lambda folder: write(folder / "t.csv", csv_text(";")),
    "csv gzipped": lambda folder: write(folder / "t.csv.gz", gzip.compress(csv_text().encode())),
    "tsv": lambda folder: write(folder / "t.tsv", csv_text("\t")),
    "svmlight": lambda folder: write(folder / "t.svm", svmlight_text()),
    "svmlight by bzip2": lambda folder: write(folder / "t.libsvm.bz2", bz2.compress(svmlight_text().encode())),
    "npz": lambda folder: write_arrays(folder / "t.npz"),
    "npy": lambda folder: write_pair(folder / "t.npy", sparse=False),
    "sparse npz": lambda folder: write_pair(folder / "t.npz", sparse=True),
    "arff": lambda folder: write(folder / "t.arff", arff_text()),
    "mat": lambda folder: write_mat(folder / "t.mat", X=X, Y=Y),
    "mat 4": lambda folder: (savemat(folder / "t.mat", {"X": X, "y": Y}, format="4"), folder / "t.mat")[1],
    "sparse mat": lambda folder: write_mat(folder / "t.mat", data=csr_array(X), Y=Y[:, None]) and
    write_mat(folder / "t.mat", X=csr_array(X).astype(float).tocsc(), Y=Y[:, None]),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_one_table_in_every_format_gives_the_same_arrays(tmp_path: Path, kind: str) -> None:
    path, options = found if isinstance(found := FORMATS[kind](tmp_path), tuple) else (found, {})
    data = datasets.load(path, **options)
    train, test = datasets.stratified_split(Y - 3)
    assert issparse(data.train_x) == ("svm" in kind or "sparse" in kind)
    for part, rows in ((data.train_x, train), (data.test_x, test)):
        np.testing.assert_array_equal(part.toarray() if issparse(part) else part, X[rows])
    assert (data.train_y.tolist(), data.test_y.tolist()) == ((Y[train] - 3).tolist(), (Y[test] - 3).tolist())
    assert data.class_names == ("3", "4") and data.name == "t" and data.image_shape is None
    assert data.sha256[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert data.provenance.startswith(f"{path.name}, sha256 {data.sha256[path.name][:12]}")
    assert data.provenance.endswith("stratified, 8 to train, 4 to test, split seed 0")
    assert data.feature_names in ((), NAMES)


def test_the_worked_example(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "id,length,colour,kind\n1,5.0,red,b\n2,,blue,a\n3,7.0,red,a\n")
    test = write(tmp_path / "test.csv", "kind,colour,id,length\nb,green,4,6.0\n")
    options: dict[str, Any] = {"target": "kind", "ignore": ["id"], "one_hot": ["colour"]}
    with pytest.warns(UserWarning, match="green"):
        data = datasets.load(str(train), test=str(test), missing="mean", **options)
    assert data.feature_names == ("length", "colour=blue", "colour=red") and data.class_names == ("a", "b")
    assert data.train_x.tolist() == [[5, 0, 1], [6, 1, 0], [7, 0, 1]] and data.train_y.tolist() == [1, 0, 0]
    assert data.test_x.tolist() == [[6, 0, 0]] and data.test_y.tolist() == [1]
    assert "train.csv, sha256 " in data.provenance and "target 'kind'; 3 to train, 1 to test" in data.provenance
    with pytest.warns(UserWarning, match="green"):
        dropped = datasets.load(str(train), test=str(test), missing="drop", **options)
    assert dropped.feature_names == ("length", "colour=red") and dropped.train_x.tolist() == [[5, 1], [7, 1]]
    with pytest.raises(DataFileError, match=r"missing values: 1 in length, first in line 3"):
        datasets.load(str(train), test=str(test), **options)


def test_a_missing_text_is_all_zeros(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "c,y\nred,0\n?,0\nblue,1\nn/a,1\n")
    data = datasets.load(path, test=str(path), one_hot=["c"], missing="mean")
    assert data.feature_names == ("c=blue", "c=red") and data.train_x.tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]
    with pytest.raises(DataFileError, match="missing values: 2 in c"):
        datasets.load(path, test=str(path), one_hot=["c"])


def test_nominal_attributes_are_one_hot_in_their_declared_order(tmp_path: Path) -> None:
    text = "@relation t\n@attribute c {z,b}\n@attribute n numeric\n@attribute k {yes,no}\n@data\n"
    path = write(tmp_path / "t.arff", text + "b,1,no\nz,?,yes\n?,3,no\n")
    full = write(tmp_path / "full.arff", text + "b,1,no\nz,2,yes\nb,3,no\n")
    data = datasets.load(path, test=str(path), missing="mean")
    assert data.feature_names == ("c=z", "c=b", "n") and data.class_names == ("no", "yes")
    assert data.train_x.tolist() == [[0, 1, 1], [1, 0, 2], [0, 0, 3]] and data.train_y.tolist() == [0, 1, 0]
    assert datasets.load(full, test=str(full), target="c", ignore=["n"]).feature_names == ("k=yes", "k=no")


def test_a_line_with_quotes_that_would_take_minutes_is_refused(tmp_path: Path) -> None:
    """SciPy's reader looks for quotes in a time that grows with the square of the line."""
    text = "@relation t\n@attribute k {x," + "[" * 100_000 + "'y z'}\n@attribute c {no,yes}\n@data\nx,no\n"
    with pytest.raises(DataFileError, match=r"characters with quotes in line 2; expected at most 16,384"):
        datasets.load(write(tmp_path / "t.arff", text))


def test_the_target_by_name_by_number_and_by_guess(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "1,Label,w\n5,0,1\n6,1,0\n7,0,0\n8,1,1\n")
    both = {"test": str(path)}
    assert datasets.load(path, **both).feature_names == ("1", "w")
    assert datasets.load(path, target=-1, **both).feature_names == ("1", "Label")
    assert datasets.load(path, target="2", **both).feature_names == ("1", "Label")
    assert datasets.load(path, target="1", **both).feature_names == ("Label", "w"), "a name wins"
    write(path, "label,y\n0,1\n1,0\n")
    with pytest.raises(InvalidInputError, match=r"several columns.*columns: label, y"):
        datasets.load(path)
    with pytest.raises(InvalidInputError, match="--target z"):
        datasets.load(path, target="z")


def test_classes_are_in_order_of_numbers_or_of_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,y\n1,10\n2,9.0\n3,9\n4,10\n")
    assert datasets.load(path, test=str(path)).class_names == ("9", "10")
    write(path, "x,y\n1,10\n2,9\n3,b\n4,10\n")
    assert datasets.load(path, test=str(path)).class_names == ("10", "9", "b")


def test_the_split_is_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_text())
    one, two = (datasets.load(path, test_fraction=0.5, split_seed=seed) for seed in (1, 2))
    assert len(one.test_y) == 6 and one.test_x.tobytes() != two.test_x.tobytes()
    assert one.provenance.endswith("6 to test, split seed 1")
    with pytest.raises(InvalidInputError, match="nothing is split"):
        datasets.load(path, test=str(path), split_seed=1)


def test_a_file_that_has_test_samples(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x_train=X[:8], Y_TRAIN=Y[:8], X_test=X[8:], y_test=Y[8:])
    data = datasets.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(data.test_x, X[8:])
    with pytest.raises(InvalidInputError, match="has test samples"):
        datasets.load(tmp_path / "t.npz", test_fraction=0.5)


@pytest.mark.parametrize(
    ("shape", "stored"), [((8, 5, 4), (5, 4)), ((8, 5, 4, 3), (3, 5, 4)), ((8, 3, 5, 4), (3, 5, 4))]
)
def test_images_become_planes_between_0_and_1(tmp_path: Path, shape: tuple[int, ...], stored: tuple[int, ...]) -> None:
    images = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    np.savez(tmp_path / "t.npz", X=images, y=np.arange(8) % 2)
    np.savez(tmp_path / "test.npz", X=images, y=np.arange(8) % 2)
    data = datasets.load(tmp_path / "t.npz", test=str(tmp_path / "test.npz"))
    assert data.image_shape == stored
    planes = images.transpose(0, 3, 1, 2) if shape[-1] == 3 else images
    np.testing.assert_array_equal(data.train_x, planes.reshape(8, -1) / np.float32(255))


def test_labels_of_matlab_may_be_text(tmp_path: Path) -> None:
    cells = np.array([["cat"], ["dog"]] * 2, dtype=object)
    path = write_mat(tmp_path / "t.mat", M=X[:4], kind=cells)
    assert datasets.load(path, target="kind", test=str(path)).class_names == ("cat", "dog")
    path = write_mat(tmp_path / "t.mat", X=X[:4], Y=np.array(["cat ", "bird", "cat ", "bird"]))
    assert datasets.load(path, test=str(path)).class_names == ("bird", "cat")


def test_a_column_that_counts_rows_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ",a,y\n0,1,0\n1,2,0\n2,3,1\n3,4,1\n")
    with pytest.warns(UserWarning, match="counts rows"):
        assert datasets.load(path).feature_names == ("a",)
    write(path, ",a,y\nx,1,0\n1,2,0\n")
    with pytest.raises(DataFileError, match="no name of column 0"):
        datasets.load(path)


def test_indices_of_both_svmlight_files_begin_alike(tmp_path: Path) -> None:
    train = write(tmp_path / "a.svm", "1 1:5 2:6\n0 1:7\n")
    test = write(tmp_path / "b.svm", "1 0:1 4:2\n0 1:1\n")
    data = datasets.load(train, test=str(test))
    assert data.train_x.toarray().tolist() == [[0, 5, 6, 0, 0], [0, 7, 0, 0, 0]] and data.test_x.shape == (2, 5)
    write(test, "1 qid:3 1:1\n")
    with pytest.warns(UserWarning, match="qid"):
        assert datasets.load(train, test=str(test)).train_x.shape == (2, 2)


def test_sparse_sets_stay_sparse(tmp_path: Path) -> None:
    data = datasets.load(write(tmp_path / "t.svm", svmlight_text()))
    scaled = datasets.standardize(data)
    np.testing.assert_allclose(scaled.train_x.toarray()[:, :3].std(axis=0), 1, rtol=1e-6)
    assert scaled.train_x.nnz == data.train_x.nnz and issparse(datasets.resplit(scaled, rng=3).test_x)
    assert issparse(data.subset(3, 2).train_x) and "values -1 to" in datasets.summary(data)
    (kept, _), (aside, labels) = datasets.set_aside(data.train_x, data.train_y, 0.25, 0)
    assert issparse(kept) and aside.shape[0] == len(labels) == 2


BAD_CSV = {
    "empty": ("", "empty"),
    "no samples": ("a,y\n", "no line after"),
    "no header": ("1,2\n3,4\n", "add a header"),
    "twice": ("a,a,y\n1,2,3\n", "two columns 'a'"),
    "no name": ("a,,y\n1,2,3\n", "no name of column 1"),
    "length": ("a,y\n1,0\n1,2,3\n", "3 values in line 3"),
    "text": ("a,y\n1,0\n2,0\nx,1\n4,1\n", "'x' in line 4, column 'a'.*--one-hot a, or --ignore a"),
    "underscore": ("a,y\n1_000,0\n2,1\n3,0\n4,1\n", "'1_000' in line 2"),
    "infinite": ("a,y\n1,0\nInf,1\n3,0\n4,1\n", "'Inf' in line 3"),
    "decimal comma": ('a,y\n"1,5",0\n2,1\n3,0\n4,1\n', "'1,5' in line 2"),
    "beyond float32": ("a,y\n1,0\n1e39,1\n", "1e39 in line 3.*float32"),
    "missing": ("a,b,y\n1,2,0\nNA,3,1\n,null,0\n4,4,1\n", "missing values: 3 in a, b, first in line 3.*--missing drop"),
    "missing label": ("a,y\n1,0\n2,?\n", "no y in line 3"),
    "one sample": ("a,kind\n1,cat\n2,cat\n3,dog\n", "one sample of class 'dog'.*--test FILE"),
    "one class": ("a,kind\n1,cat\n2,cat\n", "a single class 'cat'"),
    "regression": ("a,y\n1,0.5\n2,1\n", "SparseMLPRegressor"),
    "prices": ("a,y\n" + "".join(f"1,{k}\n" for k in range(60)), "60 values of y in 60 samples.*SparseMLPRegressor"),
    "not UTF-8": (b"a,y\n1,caf\xe9\n", "the byte e9 in line 2.*save it as UTF-8"),
    "UTF-16": ("a,y\n1,0\n".encode("utf-16"), "save it as UTF-8"),
    "another format": (b"PK\x03\x04", "a zip file"),
    "gzipped twice": (gzip.compress(gzip.compress(b"a,y\n1,0\n")), "gzipped twice"),
    "quotes": ('a,y\n"1,0\n2,1\n', "damaged"),
}


@pytest.mark.parametrize("kind", BAD_CSV)
def test_each_fault_of_a_table_has_its_words(tmp_path: Path, kind: str) -> None:
    content, words = BAD_CSV[kind]
    path = write(tmp_path / "t.csv", content)
    target = "kind" if b"kind" in path.read_bytes()[:20] else "y"
    with pytest.raises(DataFileError, match=words) as error:
        datasets.load(path, target=target)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("cells", [1, 12, 1000])
def test_blocks_of_lines_do_not_show(tmp_path: Path, monkeypatch, cells: int) -> None:
    from sparse_mlp.datasets import delimited

    monkeypatch.setattr(delimited, "BLOCK", cells)
    path = write(tmp_path / "t.csv", "a,b,y\n1,2,0\n\n3,4,0\n5,NA,1\n7,8,1\n")
    data = datasets.load(path, test=str(path), missing="mean")
    np.testing.assert_allclose(data.train_x, [[1, 2], [3, 4], [5, 14 / 3], [7, 8]], rtol=1e-6)
    write(path, "a,b,y\n1,2,0\n3,4,0\n5,6_0,1\n")
    with pytest.raises(DataFileError, match="'6_0' in line 4"):
        datasets.load(path, test=str(path))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path / "iris.csv", "a,y\n1,0\n2,1\n3,0\n4,1\n")
    with pytest.raises(DataFileError, match=r"no such file.*iris\.csv"):
        datasets.load(tmp_path / "irs.csv")
    with pytest.raises(DataFileError, match="a folder"):
        datasets.load(tmp_path)
    with pytest.raises(InvalidInputError, match=r"--dataset MNIST.*did you mean 'mnist'.*\./NAME"):
        datasets.load("MNIST")
    for function in (datasets.check, datasets.fetch):
        with pytest.raises(InvalidInputError, match="a data set by name"):
            function("iris.csv")
    with pytest.raises(InvalidInputError, match="target, missing with the data set digits"):
        datasets.load("digits", target="y", missing="drop")
    write(tmp_path / "test.csv", "b,y\n1,0\n")
    with pytest.raises(DataFileError, match="no column a"):
        datasets.load(tmp_path / "iris.csv", test=str(tmp_path / "test.csv"))
    write(tmp_path / "test.csv", "a,y,z\n1,0,2\n")
    with pytest.raises(DataFileError, match="other columns: z"):
        datasets.load(tmp_path / "iris.csv", test=str(tmp_path / "test.csv"))
    write(tmp_path / "test.csv", "a,y\n1,0\n1,7\n")
    with pytest.raises(DataFileError, match="class '7' of a test sample, line 3"):
        datasets.load(tmp_path / "iris.csv", test=str(tmp_path / "test.csv"))


def test_a_file_in_the_data_folder_goes_first(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    write(tmp_path / "moved" / "t.csv", csv_text())
    assert datasets.load(tmp_path / "gone" / "t.csv", tmp_path / "moved").name == "t"


def test_a_name_without_an_ending_needs_its_format(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "table", csv_text())
    assert datasets.load("table", format="csv").name == "table"
    write(tmp_path / "digits", csv_text())
    assert datasets.load("digits").n_features == 64 and datasets.load("./digits", format="csv").n_features == 4
    with pytest.raises(InvalidInputError, match="format"):
        datasets.load("./table")


BAD_ARRAYS = {
    "one-hot": ({"X": X, "y": np.eye(12)}, "argmax"),
    "lengths": ({"X": X, "y": Y[1:]}, "12 samples and 11 labels"),
    "objects": ({"X": X, "y": np.array([None] * 12)}, "object"),
    "complex": ({"X": X * 1j, "y": Y}, "complex"),
    "shape": ({"X": X[:, 0], "y": Y}, "shape"),
    "beyond float32": ({"X": X * np.float64(1e300), "y": Y}, "float32"),
    "names": ({"a": X, "y": Y, "b": X}, "call them X and y"),
    "half a test": ({"X": X, "y": Y, "X_test": X}, "X_test and y_test"),
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_each_fault_of_arrays_has_its_words(tmp_path: Path, kind: str) -> None:
    content, words = BAD_ARRAYS[kind]
    np.savez(tmp_path / "t.npz", **{name: np.asarray(array) for name, array in content.items()})
    with pytest.raises(DataFileError, match=words):
        datasets.load(tmp_path / "t.npz")


def test_a_lying_header_of_an_array_takes_no_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.zeros((4, 2)))
    content = (tmp_path / "t.npy").read_bytes().replace(b"(4, 2), }        ", b"(400000000, 2), }")
    np.save(tmp_path / "y.npy", np.arange(4))
    assert re.search(rb"\(4000+", content)
    write(tmp_path / "t.npy", content)
    with pytest.raises(DataFileError, match="as the header says"):
        datasets.load(tmp_path / "t.npy", target=str(tmp_path / "y.npy"))


@pytest.mark.parametrize("name", ["t.npz", "t.csv.gz", "t.svm.bz2"])
def test_a_small_file_cannot_unfold_into_very_many_bytes(tmp_path: Path, monkeypatch, name: str) -> None:
    from sparse_mlp.datasets import opening

    monkeypatch.setattr(opening, "LEAST_LIMIT", 10**4)
    np.savez_compressed(tmp_path / "t.npz", X=np.zeros((1000, 100)), y=Y)
    write(tmp_path / "t.csv.gz", gzip.compress(b"a,y\n" + b"0,1\n" * 10**6))
    write(tmp_path / "t.svm.bz2", bz2.compress(b"1 1:1\n" * 10**6))
    with pytest.raises(DataFileError, match=r"bytes in 'X'|more than [\d,]+ bytes"):
        datasets.load(tmp_path / name)


def test_an_index_out_of_range_is_refused_before_it_is_followed(tmp_path: Path) -> None:
    matrix = csr_array(X)
    np.savez(tmp_path / "t.npz", format=b"csr", shape=(12, 4), data=matrix.data, indptr=matrix.indptr,
             indices=np.full_like(matrix.indices, 10**9))  # fmt: skip
    np.save(tmp_path / "y.npy", Y)
    with pytest.raises(DataFileError, match="damaged"):
        datasets.load(tmp_path / "t.npz", target=str(tmp_path / "y.npy"))
    write(tmp_path / "t.svm", "1 4000000000:1\n")
    with pytest.raises(DataFileError):
        datasets.load(tmp_path / "t.svm")


def test_from_arrays_takes_lists_frames_and_sparse_matrices() -> None:
    import pandas

    data = datasets.from_arrays(X.tolist(), [f"class {y}" for y in Y], X, [f"class {y}" for y in Y], name="mine")
    assert data.name == "mine" and data.class_names == ("class 3", "class 4") and data.provenance.startswith("arrays; ")
    assert issparse(datasets.from_arrays(csr_array(X), Y).train_x)
    frame = pandas.DataFrame({"id": range(4), "n": [1.0, None, 3.0, 2.0], "c": ["x", "z", "x", None]})
    data = datasets.from_arrays(frame, list("abab"), frame, list("abab"), ignore=["id"], one_hot=["c"], missing="mean")
    assert data.feature_names == ("n", "c=x", "c=z")
    assert data.train_x.tolist() == [[1, 1, 0], [2, 0, 1], [3, 1, 0], [2, 0, 0]]
    with pytest.raises(InvalidInputError, match="one_hot"):
        datasets.from_arrays(frame, list("abab"))
    with pytest.raises(InvalidInputError, match="float32"):
        datasets.from_arrays([[1e300], [2.0], [3.0], [4.0]], [0, 1, 0, 1])
    with pytest.raises(InvalidInputError, match="row 2"):
        datasets.from_arrays([[1.0], [2.0], [np.nan], [4.0]], [0, 1, 0, 1], [[1.0]], [0])

"""Read the files of a known data set: their bytes are compared with the official checksums before they are parsed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.datasets.cifar import LABEL_RANGES, OTHER_VERSION, PIXELS, parse_cifar
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.idx import parse_idx
from sparse_mlp.datasets.locate import Location
from sparse_mlp.datasets.mat import parse_mat
from sparse_mlp.datasets.opening import REFETCH, file_error, read_raw, unwrap
from sparse_mlp.datasets.registry import FileSet, FileSpec, owner_of
from sparse_mlp.datasets.split import describe_split, stratified_split
from sparse_mlp.datasets.text_pairs import parse_sentences
from sparse_mlp.errors import DataFileError, InvalidInputError

BYTES_PER_NUMBER = 32  # more than any table needs, text included
BYTES_PER_SENTENCE = 1 << 12
HEADERS = 1 << 20
OWN_DATA = f"{REFETCH}; for data of your own: --dataset FILE"
ALL_OF = {2: "both", 3: "all three", 4: "all four", 5: "all five", 6: "all six"}

Parsed = tuple[np.ndarray | None, np.ndarray | None]  # samples (n, ...), labels (n,); a file may lack one of the two


class Verdict(NamedTuple):
    """Say whether a readable file is the official one.

    ``ok``: a checksum matches. ``unverified``: the format is right, but no checksum is known. ``partial``: another
    number of items than the official file. ``mismatch``: the right number of items but another checksum, or the
    official file of another data set.
    """

    status: str
    detail: str


class Content(NamedTuple):
    """The content of a file: samples as stored, classes from 0 (one of the two may be None), and what it is."""

    samples: np.ndarray | None
    classes: np.ndarray | None
    verdict: Verdict

    @property
    def items(self) -> int:
        """Return the number of samples or labels."""
        return len(self.samples if self.samples is not None else self.classes)  # type: ignore[arg-type]


def read_official(entry: FileSet, file: FileSpec, path: Path) -> Content:
    """Read one file of a data set.

    Raises
    ------
    DataFileError
        If the file is damaged, holds something else, or more than the official one.
    """
    limit = most_bytes(entry, file)
    remedy = OTHER_VERSION if entry.format == "cifar" else OWN_DATA if entry.format == "mat" else REFETCH
    raw = read_raw(path, limit, remedy)
    content = unwrap(path, raw, limit, remedy)
    digest = hashlib.sha256(content).hexdigest()
    wrapper = "" if file.sha256 or not file.sha256_gz else hashlib.sha256(raw).hexdigest()
    verified = digest == file.sha256 or (wrapper != "" and wrapper == file.sha256_gz)
    samples, labels = READERS[entry.format](entry, file, path, content, verified)
    classes = None if labels is None else _classes(entry, path, labels)
    items = len(samples if samples is not None else labels)  # type: ignore[arg-type]
    return Content(samples, classes, _judge(file, items, digest, wrapper))


def most_bytes(entry: FileSet, file: FileSpec) -> int:
    """Return how many bytes the official file has at most, unpacked."""
    if entry.format == "idx":
        return 16 + file.items * (int(np.prod(entry.shape)) if _has_images(file) else 1)
    if entry.format == "cifar":
        return file.items * (len(LABEL_RANGES[entry.n_classes]) + PIXELS)
    if entry.format == "sentences":
        return HEADERS + file.items * BYTES_PER_SENTENCE
    return HEADERS + file.items * (entry.n_features + 1) * BYTES_PER_NUMBER


def load_official(entry: FileSet, location: Location) -> Dataset:
    """Build the data set from the files of a complete location.

    Returns
    -------
    Dataset
        Pixels divided by 255 and upright, red plane first; the values of tables as in the file. A set of one file is
        split here, always in the same way: stratified, a third to test. CIFAR-100 has its 100 fine classes.

    Raises
    ------
    DataFileError
        If a file is damaged, or has the official number of items but not the official content.
    """
    contents: dict[str, Content] = {}
    for file in entry.files:
        if (path := location.found.get(file.role)) is None:
            continue
        contents[file.role] = read_official(entry, file, path)
        if contents[file.role].verdict.status == "mismatch":
            raise mismatch_error(file, path, contents[file.role].verdict)
    check_pairs(location, {role: content.items for role, content in contents.items()})
    split = ""
    if "table" in contents:
        x, y = _features(entry, [contents["table"]]), contents["table"].classes
        assert y is not None
        try:
            train, test = stratified_split(y)
        except InvalidInputError as error:
            found = f"a table that cannot be split ({error})"
            raise file_error(location.found["table"], found, "the whole table") from None
        parts = [x[train], y[train], x[test], y[test]]
        split = f"split here: {describe_split(len(train), len(test))}; "
    else:
        parts = [array for part in ("train", "test") for array in _part(entry, part, contents)]
    verdicts = {file.name: contents[file.role].verdict for file in entry.files if file.role in contents}
    train_x, train_y, test_x, test_y = parts
    return Dataset(
        entry.name, train_x, train_y, test_x, test_y, entry.n_classes, entry.image_shape, entry.class_names,
        f"{entry.title}: {_which_batches(entry, verdicts)}{what_is_verified(verdicts)}; {split}"
        f"{entry.citation}; {entry.licence}",
    )  # fmt: skip


def check_pairs(location: Location, items: dict[str, int]) -> None:
    """Raise `DataFileError` unless there is one label per sample, for files with the number of their items."""
    for labels in (role for role in items if role.endswith("_labels")):
        samples = next((role for role in items if role != labels and role.startswith(labels[:-6])), labels)
        if items[samples] != items[labels]:
            raise file_error(
                location.found[labels], f"{items[labels]:,} labels",
                f"{items[samples]:,}, the number of samples in {location.found[samples].name}",
                "the two files do not belong together: delete them and fetch them again",
            )  # fmt: skip


def mismatch_error(file: FileSpec, path: Path, verdict: Verdict) -> DataFileError:
    """Build the `DataFileError` for a file that is not what its name says."""
    wanted = f"the official {file.name}" + (f" (SHA-256 {file.sha256})" if file.sha256 else "")
    remedy = "give each data set its own folder, or delete the file and fetch it again"
    return file_error(path, verdict.detail, wanted, remedy)


def _judge(file: FileSpec, items: int, digest: str, wrapper: str) -> Verdict:
    if digest == file.sha256:
        return Verdict("ok", "SHA-256 of the uncompressed bytes is the official one")
    if (owner := owner_of(digest)) is not None:
        return Verdict("mismatch", f"the official file of another set or role ({owner})")
    if items != file.items:
        return Verdict("partial", f"{items:,} items instead of the official {file.items:,}; content unverified")
    if file.sha256:
        return Verdict("mismatch", f"SHA-256 {digest} of the uncompressed bytes")
    if wrapper and wrapper == file.sha256_gz:
        return Verdict("ok", "SHA-256 of the gzip file is the official one")
    return Verdict("unverified", "a file of the right format, whose official checksum is not known")


def what_is_verified(verdicts: dict[str, Verdict]) -> str:
    """Say which files, by name, are the official ones, and what the others are."""
    if all(verdict.status == "ok" for verdict in verdicts.values()):
        number = ALL_OF.get(len(verdicts), f"all {len(verdicts)}")
        return f"{'file' if len(verdicts) == 1 else f'{number} files'} verified by SHA-256"
    details: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        details.setdefault(verdict.detail, []).append(name)
    return "; ".join(f"{', '.join(names)}: {detail}" for detail, names in details.items())


def _which_batches(entry: FileSet, verdicts: dict[str, Verdict]) -> str:
    """Say which training batches are there, unless all are."""
    there = [file for file in entry.batches if file.name in verdicts]
    if len(there) == len(entry.batches):
        return ""
    numbers = [file.role.removeprefix("train_") for file in there]
    batches = f"batch {numbers[0]}" if len(numbers) == 1 else f"batches {', '.join(numbers[:-1])} and {numbers[-1]}"
    if any(verdicts[file.name].status != "ok" for file in there):
        return f"only training {batches} of {len(entry.batches)}; "
    n_there, n_all = (sum(file.items for file in files) for files in (there, entry.batches))
    return f"{n_there:,} of {n_all:,} official training images: {batches}; "


def _part(entry: FileSet, part: str, contents: dict[str, Content]) -> tuple[np.ndarray, np.ndarray]:
    found = [content for role, content in contents.items() if role.startswith(part)]
    classes = np.concatenate([content.classes for content in found if content.classes is not None])
    return _features(entry, [content for content in found if content.samples is not None]), classes


def _features(entry: FileSet, contents: Sequence[Content]) -> np.ndarray:
    x = np.empty((sum(content.items for content in contents), int(np.prod(entry.shape))), dtype=np.float32)
    start = 0
    for content in contents:
        samples = np.asarray(content.samples)
        if entry.transposed:
            samples = samples.reshape(-1, *entry.shape[::-1]).swapaxes(1, 2)
        rows = x[start : start + len(samples)]
        if entry.n_features:
            rows[:] = samples.reshape(rows.shape)
        else:
            np.divide(samples.reshape(rows.shape), np.float32(255), out=rows)
        start += len(samples)
    return x


def _classes(entry: FileSet, path: Path, labels: np.ndarray) -> np.ndarray:
    """Return the position of each label among those of the set."""
    known = np.array(entry.labels)
    wrong = np.flatnonzero(~np.isin(labels, known))
    if wrong.size:
        numbers = np.array_equal(known, np.arange(known[0], known[-1] + 1)) and len(known) > 2
        wanted = f"labels from {known[0]} to {known[-1]}" if numbers else f"one of {', '.join(map(str, known))}"
        found = f"label {labels[wrong[0]]:g} at position {wrong[0]:,} ({wrong.size:,} such labels)"
        raise file_error(path, found, wanted, "is this the label file of another data set?")
    return np.searchsorted(known, labels).astype(np.int64)


def _has_images(file: FileSpec) -> bool:
    return file.role.endswith("images")


def _read_idx(entry: FileSet, file: FileSpec, path: Path, content: bytes | bytearray, verified: bool) -> Parsed:
    if not _has_images(file):
        return None, parse_idx(path, content, 1, file.items)
    images = parse_idx(path, content, 3, file.items)
    if images.shape[1:] != entry.image_shape:
        height, width = entry.shape
        raise file_error(path, f"images of {images.shape[1]} × {images.shape[2]} pixels", f"{height} × {width}")
    return images, None


def _read_cifar(entry: FileSet, file: FileSpec, path: Path, content: bytes | bytearray, verified: bool) -> Parsed:
    return parse_cifar(path, content, LABEL_RANGES[entry.n_classes], file.items)


def _read_mat(entry: FileSet, file: FileSpec, path: Path, content: bytes | bytearray, verified: bool) -> Parsed:
    found = parse_mat(path, content, verified=verified)
    for name in ("X", "Y"):
        value = found.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
            kind = "no variable" if value is None else value if isinstance(value, str) else "text or a sparse matrix"
            others = ", ".join(found) or "no other"
            raise file_error(path, f"{kind} {name} (of {others})", f"a full matrix of numbers {name}", OWN_DATA)
    x, y = found["X"], found["Y"]
    if x.ndim != 2 or x.shape[1] != entry.n_features or not 1 <= len(x) <= file.items:
        wanted = f"1 to {file.items:,} samples × {entry.n_features:,} features"
        raise file_error(path, f"X of shape {_times(x.shape)}", wanted, OWN_DATA)
    if y.shape != (len(x), 1):
        raise file_error(path, f"Y of shape {_times(y.shape)}", f"{len(x)} × 1, one label for each row of X", OWN_DATA)
    return _finite(path, x), y[:, 0]


def _read_text(entry: FileSet, file: FileSpec, path: Path, content: bytes | bytearray, verified: bool) -> Parsed:
    """Read numbers separated by blanks, a sample a line."""
    columns = 1 if file.role.endswith("labels") else entry.n_features
    wanted = f"1 to {file.items:,} lines of {columns:,} {'number' if columns == 1 else 'numbers'}"
    if not content.strip():
        raise file_error(path, "an empty file", wanted)
    try:
        table = np.loadtxt(io.BytesIO(content), ndmin=2, comments=None, encoding="ascii")
    except ValueError as error:
        raise file_error(path, f"a file that is not a table of numbers ({str(error).split(';')[0]})", wanted) from None
    if table.shape[1] != columns:
        raise file_error(path, f"{table.shape[1]:,} numbers in a line", wanted)
    if len(table) > file.items:
        raise file_error(path, f"more than {file.items:,} lines", wanted)
    return (None, table[:, 0]) if file.role.endswith("labels") else (_finite(path, table), None)


def _read_sentences(entry: FileSet, file: FileSpec, path: Path, content: bytes | bytearray, verified: bool) -> Parsed:
    return np.array(parse_sentences(path, content), object), None


def _finite(path: Path, rows: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = rows.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise file_error(path, f"{rows[row, column]} in row {row:,}, column {column:,}", "a finite number")
    return values


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


READERS: dict[str, Callable[[FileSet, FileSpec, Path, Any, bool], Parsed]] = {
    "idx": _read_idx, "cifar": _read_cifar, "mat": _read_mat, "text": _read_text,
    "sentences": _read_sentences,
}  # fmt: skip

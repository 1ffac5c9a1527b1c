"""Whether a readable file is the official one, by its checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.opening import file_error
from sparse_mlp.datasets.registry import owner_of
from sparse_mlp.errors import DataFileError

ALL_OF = {2: "both", 3: "all three", 4: "all four", 5: "all five", 6: "all six"}


@dataclass(frozen=True)
class Verdict:
    """Whether a readable file is the official one.

    ``ok``: a checksum matches. ``unverified``: the format is right, but no checksum is known. ``partial``: another
    number of items than the official file. ``mismatch``: the right number of items but another checksum, or the
    official file of another data set.
    """

    status: str
    detail: str


def judge(file: FileSpec, path: Path, items: int, digest: str) -> Verdict:
    """Compare a file with the official one by the checksum of its uncompressed bytes, or else of its gzip file.

    Parameters
    ----------
    file : FileSpec
        The official file.
    path : Path
        Where the file is.
    items : int
        Number of images or labels found in it.
    digest : str
        SHA-256 of its uncompressed bytes.
    """
    if digest == file.sha256:
        return Verdict("ok", "SHA-256 of the uncompressed bytes is the official one")
    owner = owner_of(digest)
    if owner is not None:
        return Verdict("mismatch", f"the official file of another set or role ({owner})")
    if items != file.items:
        return Verdict("partial", f"{items:,} items instead of the official {file.items:,}; content unverified")
    if file.sha256 is not None:
        return Verdict("mismatch", f"SHA-256 {digest} of the uncompressed bytes")
    if file.sha256_gz is not None and file_sha256(path) == file.sha256_gz:
        return Verdict("ok", "SHA-256 of the gzip file is the official one")
    return Verdict("unverified", "a file of the right format, whose official checksum is not known")


def mismatch_error(file: FileSpec, path: Path, verdict: Verdict) -> DataFileError:
    """Build the `DataFileError` for a file that is not what its name says."""
    wanted = f"the official {file.name}" + (f" (SHA-256 {file.sha256})" if file.sha256 else "")
    remedy = "give each data set its own folder, or delete the file and fetch it again"
    return file_error(path, verdict.detail, wanted, remedy)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it is on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def what_is_verified(verdicts: dict[str, Verdict]) -> str:
    """Summarise in words what is known of all files (name → verdict)."""
    if all(verdict.status == "ok" for verdict in verdicts.values()):
        files = "file" if len(verdicts) == 1 else f"{ALL_OF[len(verdicts)]} files"
        return f"{files} verified by SHA-256"
    details: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        details.setdefault(verdict.detail, []).append(name)
    return "; ".join(f"{', '.join(names)}: {detail}" for detail, names in details.items())

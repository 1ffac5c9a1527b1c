"""Download missing files: several mirrors, bounded in size, verified, nothing left behind after a failure."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sparse_mlp.datasets.locate import DataDir, Location, locate, near_words, roots
from sparse_mlp.datasets.official import mismatch_error, most_bytes, read_official
from sparse_mlp.datasets.opening import WRAPPER_BYTES
from sparse_mlp.datasets.registry import Archive, FileSet, FileSpec, file_sets
from sparse_mlp.errors import DataFileError, describe

TIMEOUT_SECONDS = 30
PIECE = 1 << 16


def fetch_set(entry: FileSet, data_dir: DataDir = None, *, progress: bool = True) -> Location:
    """Download the files of a data set that are missing.

    Parameters
    ----------
    entry : FileSet
        The data set.
    data_dir : path-like, optional
        Searched first, and where new files are stored; else $SPARSE_MLP_DATA, else the user's cache.
    progress : bool
        Draw a progress bar on standard error.

    Returns
    -------
    Location
        Without missing files.

    Raises
    ------
    DataFileError
        If no mirror has a file that passes its checks; the message names the files, folders and addresses.
    """
    location = locate(entry, data_dir)
    if not location.missing:
        return location
    if entry.archive is None:
        for file in location.missing:
            _fetch_file(entry, file, location, data_dir, progress)
    else:
        _fetch_archive(entry.archive, entry, location, data_dir, progress)
    return locate(entry, data_dir)


def missing_error(entry: FileSet, location: Location, data_dir: DataDir, failures: list[str]) -> DataFileError:
    """Build the error of missing files: which, in which folders they were searched, where they can be downloaded."""
    wanted = location.needed or location.missing
    suffix = entry.archive.suffix if entry.archive else entry.suffix
    names = ", ".join(f"{file.name}{suffix}" for file in wanted)
    places = ", ".join(f"{root / entry.folder} or {root}" for root in roots(data_dir))
    urls = [entry.archive.url] if entry.archive else [url for file in wanted for url in entry.urls(file)[:1]]
    inside = f" (they are in its folder {entry.archive.folder}/)" if entry.archive else ""
    lines = [
        f"{entry.name}: found no {names}; expected these files together in one of {places}",
        "are the files elsewhere? pass --data-dir FOLDER (data_dir=) or set SPARSE_MLP_DATA; digits needs no files",
        *([f"or download these{inside} and place them, gzipped or not, in {location.folder}:"] if urls else []),
        *(f"  {url}" for url in urls),
        *([entry.hint] if entry.hint else []),
        *near_words(location),
        *(f"tried: {failure}" for failure in failures),
    ]
    if location.complete:
        lines.insert(1, "load works without them: it uses the training batches that are there")
    if data_dir is not None and not Path(data_dir).is_dir():
        lines.insert(1, f"data_dir={data_dir} is not an existing folder")
    return DataFileError("\n".join(lines))


def _fetch_file(entry: FileSet, file: FileSpec, location: Location, data_dir: DataDir, progress: bool) -> None:
    failures: list[str] = []
    with _workshop(location.folder) as workshop:
        for url in entry.urls(file):
            part = workshop / f"{file.name}{entry.suffix}"
            try:
                _retrieve(url, part, progress, most_bytes(entry, file) + WRAPPER_BYTES)
                _accept(entry, file, part)
            except (OSError, ValueError, DataFileError) as error:
                failures.append(_reason(url, error))
                continue
            os.replace(part, location.folder / part.name)
            return
    raise missing_error(entry, locate(entry, data_dir), data_dir, failures)


def _fetch_archive(archive: Archive, entry: FileSet, location: Location, data_dir: DataDir, progress: bool) -> None:
    """Download a zip or tar once and unpack the files of every data set that it serves."""
    with _workshop(location.folder) as workshop:
        part = workshop / "archive"
        try:
            _retrieve(archive.url, part, progress, archive.most_bytes)
            with part.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != archive.sha256:
                raise DataFileError(describe(f"SHA-256 {digest}", f"SHA-256 {archive.sha256}"))
            for served in file_sets().values():
                if served.archive == archive:
                    _unpack(served, part, archive, workshop, locate(served, data_dir))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, tarfile.TarError, DataFileError) as error:
            raise missing_error(entry, location, data_dir, [_reason(archive.url, error)]) from None


def _unpack(entry: FileSet, path: Path, archive: Archive, workshop: Path, location: Location) -> None:
    with _opened_archive(path) as open_member:
        for file in location.missing:
            part = workshop / f"{file.name}{archive.suffix}"
            with open_member(f"{archive.folder}/{part.name}") as source, part.open("wb") as target:
                left = most_bytes(entry, file) + WRAPPER_BYTES
                while left > 0 and (piece := source.read(min(PIECE, left))):
                    left -= target.write(piece)
            _accept(entry, file, part)
            location.folder.mkdir(parents=True, exist_ok=True)
            os.replace(part, location.folder / part.name)


@contextmanager
def _opened_archive(path: Path) -> Iterator[Callable[[str], IO[bytes]]]:
    """Give the function that opens a member of a zip or tar file; it raises KeyError if there is no such member."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as members:
            yield members.open
        return
    with tarfile.open(path) as tar:

        def open_member(name: str) -> IO[bytes]:
            stream = tar.extractfile(name)
            if stream is None:
                raise KeyError(name)
            return stream

        yield open_member


def _accept(entry: FileSet, file: FileSpec, path: Path) -> None:
    """Raise `DataFileError` unless a downloaded file is, as far as can be verified, the official one."""
    verdict = read_official(entry, file, path).verdict
    known = file.sha256 or file.sha256_gz
    if verdict.status == "ok" or (verdict.status == "unverified" and not known):
        return
    raise mismatch_error(file, path, verdict)


def _retrieve(url: str, target: Path, progress: bool, most: int) -> None:
    """Download one address into one file, of at most so many bytes: the only place that reaches the network."""
    import pooch

    bar = _Bounded(target, most, progress)
    pooch.HTTPDownloader(progressbar=bar, chunk_size=PIECE, timeout=TIMEOUT_SECONDS)(url, str(target), None)


class _Bounded:
    """Follow a download as a progress bar, as pooch calls it, and stop one that is too long."""

    def __init__(self, target: Path, most: int, progress: bool) -> None:
        from tqdm import tqdm

        self.target, self.most, self.bar = target, most, tqdm(unit="B", unit_scale=True, disable=not progress)
        self.total = 0  # as the server announces it; set by pooch

    def update(self, n_bytes: int) -> None:
        """Look at the file, whose bytes pooch does not count exactly."""
        size = self.target.stat().st_size
        self.bar.total = self.total or None
        self.bar.update(size - self.bar.n)
        if max(self.total, size) > self.most:
            self.close()
            raise DataFileError(describe(f"a download of more than {self.most:,} bytes", "the official file"))

    def reset(self) -> None:
        """Do nothing: what follows is the last update."""

    def close(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Give a temporary folder on the target's file system, so that a finished file can be renamed into place."""
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".download-", dir=folder)
    except OSError as error:
        reason = error.strerror or str(error)
        found = f"a folder that cannot be written, {folder} ({reason})"
        raise DataFileError(describe(found, "a writable folder for downloads", "pass another data folder")) from None
    try:
        with temporary as name:
            yield Path(name)
    finally:
        with suppress(OSError):  # folders made for a failed download are empty: remove them
            for place in absent:
                place.rmdir()


def _reason(url: str, error: Exception) -> str:
    text = str(error) if isinstance(error, DataFileError) else ""
    return f"{url} ({type(error).__name__}{': ' + text if text else ''})"

"""Bring missing files: several mirrors, checksum, and nothing left behind that failed it."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparse_mlp.datasets.idx_sets import file_sha256, mismatch_error, read_file, verify
from sparse_mlp.datasets.locate import DataDir, Location, locate, roots
from sparse_mlp.datasets.registry import IDX_SETS, Archive, FileSpec, IdxSet
from sparse_mlp.errors import DataFileError, describe

TIMEOUT_SECONDS = 30
PIECE = 1 << 16


def fetch_idx_set(entry: IdxSet, data_dir: DataDir = None, *, progress: bool = True) -> Location:
    """Download the files of a data set that are missing.

    Parameters
    ----------
    entry : IdxSet
        The data set.
    data_dir : path-like, optional
        Searched first, and where new files go; else $SPARSE_MLP_DATA, else the user's cache.
    progress : bool
        Draw a progress bar on standard error.

    Returns
    -------
    Location
        A complete one.

    Raises
    ------
    DataFileError
        If no mirror delivers a file that passes its checks; names the files, the folders and the addresses.
    """
    location = locate(entry, data_dir)
    if location.complete:
        return location
    if entry.archive is None:
        for file in location.missing:
            _fetch_file(entry, file, location, data_dir, progress)
    else:
        _fetch_archive(entry.archive, entry, location, data_dir, progress)
    return locate(entry, data_dir)


def missing_error(entry: IdxSet, location: Location, data_dir: DataDir, failures: list[str]) -> DataFileError:
    """Build the error of files that are nowhere: which, where they are looked for, where they can be had."""
    names = ", ".join(f"{file.name}.gz" for file in location.missing)
    places = ", ".join(f"{root / entry.name} or {root}" for root in roots(data_dir))
    urls = [entry.archive.url] if entry.archive else [entry.urls(file)[0] for file in location.missing]
    inside = f" (they are in its folder {entry.archive.folder}/)" if entry.archive else ""
    lines = [
        f"{entry.name}: no {names} found; must be together in one of {places}",
        "have the files elsewhere? pass --data-dir FOLDER (data_dir=) or set SPARSE_MLP_DATA; digits needs no files",
        f"or download these{inside} and place them, gzipped or not, in {location.folder}:",
        *(f"  {url}" for url in urls),
        *(f"tried: {failure}" for failure in failures),
    ]
    if data_dir is not None and not Path(data_dir).is_dir():
        lines.insert(1, f"data_dir={data_dir} is no folder")
    return DataFileError("\n".join(lines))


def _fetch_file(entry: IdxSet, file: FileSpec, location: Location, data_dir: DataDir, progress: bool) -> None:
    failures: list[str] = []
    with _workshop(location.folder) as workshop:
        for url in entry.urls(file):
            part = workshop / f"{file.name}.gz"
            try:
                _retrieve(url, part, progress)
                _accept(entry, file, part)
            except (OSError, ValueError, DataFileError) as error:
                failures.append(_reason(url, error))
                continue
            os.replace(part, location.folder / part.name)
            return
    raise missing_error(entry, locate(entry, data_dir), data_dir, failures)


def _fetch_archive(archive: Archive, entry: IdxSet, location: Location, data_dir: DataDir, progress: bool) -> None:
    """Download a zip once and unpack the files of every data set that it serves."""
    with _workshop(location.folder) as workshop:
        part = workshop / "archive.zip"
        try:
            _retrieve(archive.url, part, progress)
            digest = file_sha256(part)
            if digest != archive.sha256:
                raise DataFileError(describe(f"SHA-256 {digest}", archive.sha256))
            for served in IDX_SETS.values():
                if served.archive == archive:
                    _unpack(served, part, archive.folder, workshop, locate(served, data_dir))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, DataFileError) as error:
            raise missing_error(entry, location, data_dir, [_reason(archive.url, error)]) from None


def _unpack(entry: IdxSet, archive: Path, inside: str, workshop: Path, location: Location) -> None:
    with zipfile.ZipFile(archive) as members:
        for file in location.missing:
            part = workshop / f"{file.name}.gz"
            with members.open(f"{inside}/{part.name}") as source, part.open("wb") as target:
                shutil.copyfileobj(source, target)
            _accept(entry, file, part)
            location.folder.mkdir(parents=True, exist_ok=True)
            os.replace(part, location.folder / part.name)


def _accept(entry: IdxSet, file: FileSpec, path: Path) -> None:
    """Raise `DataFileError` unless a fresh download is the official file as far as that can be known."""
    verdict = verify(file, path, read_file(entry, file, path))
    known = file.sha256 is not None or file.sha256_gz is not None
    if verdict.status == "ok" or (verdict.status == "unverified" and not known):
        return
    raise mismatch_error(file, path, verdict)


def _retrieve(url: str, target: Path, progress: bool) -> None:
    """Download one address into one file: the only place that reaches the network."""
    import pooch

    downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=PIECE, timeout=TIMEOUT_SECONDS)
    downloader(url, str(target), None)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside the target, so that a finished file can be renamed into place."""
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".download-", dir=folder)
    except OSError as error:
        reason = error.strerror or str(error)
        found = f"{folder}: a folder that cannot be written ({reason})"
        raise DataFileError(describe(found, "writable to hold downloads", "name another data folder")) from None
    try:
        with temporary as name:
            yield Path(name)
    finally:
        with suppress(OSError):  # folders made for a download that failed are empty: take them away again
            for place in absent:
                place.rmdir()


def _reason(url: str, error: Exception) -> str:
    text = str(error) if isinstance(error, DataFileError) else ""
    return f"{url} ({type(error).__name__}{': ' + text if text else ''})"

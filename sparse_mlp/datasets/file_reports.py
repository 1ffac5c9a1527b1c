"""What is found in the files of a data set: each is read, and gets a report."""

from __future__ import annotations

from dataclasses import dataclass

from sparse_mlp.datasets.locate import DataDir, Location, locate, near_words
from sparse_mlp.datasets.official import check_pairs, read_official
from sparse_mlp.datasets.registry import FileSet, FileSpec
from sparse_mlp.errors import DataFileError

MISSING = "missing"


@dataclass(frozen=True)
class FileReport:
    """Report on one file: ``ok``, ``unverified``, ``partial``, ``absent``, ``mismatch``, ``damaged`` or ``missing``.

    The first three can be loaded, and a set loads even if an ``absent`` one is not there.
    """

    path: str
    status: str
    detail: str

    @property
    def usable(self) -> bool:
        """Whether the set can be loaded as far as this file is concerned."""
        return self.status in ("ok", "unverified", "partial", "absent")


def check_files(entry: FileSet, data_dir: DataDir) -> list[FileReport]:
    """Read every file of a set and report on each; bad files raise no error."""
    location = locate(entry, data_dir)
    reports: dict[str, FileReport] = {}
    items: dict[str, int] = {}
    for file in entry.files:
        path = location.found.get(file.role)
        if path is None:
            reports[file.role] = _missing(entry, file, location)
            continue
        try:
            content = read_official(entry, file, path)
        except DataFileError as error:
            reports[file.role] = FileReport(str(path), "damaged", str(error))
            continue
        items[file.role] = content.items
        reports[file.role] = FileReport(str(path), *content.verdict)
    for part in ("train", "test"):
        try:
            check_pairs(location, {role: count for role, count in items.items() if role.startswith(part)})
        except DataFileError as error:
            labels = f"{part}_labels"
            reports[labels] = FileReport(str(location.found[labels]), "damaged", str(error))
    return list(reports.values())


def _missing(entry: FileSet, file: FileSpec, location: Location) -> FileReport:
    path = f"{location.folder / file.name}(.gz)"
    near = [words for words in near_words(location) if file.name in words]
    remedy = "; ".join([*near, *(f"download {url}" for url in entry.urls(file)[:1]), *filter(None, [entry.hint])])
    if location.complete:
        return FileReport(path, "absent", f"the set loads without it; {remedy}")
    return FileReport(path, MISSING, remedy)

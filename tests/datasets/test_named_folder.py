"""A folder that is named expected there: nothing else stands in for it, whatever the other places hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparse_mlp import datasets
from sparse_mlp.errors import DataFileError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, write_set, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let $SPARSE_MLP_DATA hold what is asked for."""
    folder = tmp_path / "elsewhere"
    write_set(folder / "mnist", "mnist")
    monkeypatch.setenv("SPARSE_MLP_DATA", str(folder))
    return folder


READERS = {
    "load": lambda place: datasets.load("mnist", place),
    "load digits": lambda place: datasets.load("digits", place),
    "check": lambda place: datasets.check("mnist", place),
    "describe_all": datasets.describe_all,
    "available": datasets.available,
}


@pytest.mark.parametrize("reader", READERS)
def test_no_folder_is_an_error(tmp_path: Path, reader: str) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "typo", str(tmp_path / "typo"), tmp_path / "file", ""):
        with pytest.raises(DataFileError, match="expected a folder that exists; pass the folder") as error:
            READERS[reader](place)
        assert f"data_dir={str(place)!r}" in str(error.value)


def test_a_folder_without_the_set_leaves_it_to_the_others(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert len(datasets.load("mnist", tmp_path / "empty", download=False).train_y) == 12
    assert {row["found"] for row in datasets.describe_all(tmp_path / "empty") if row["name"] == "mnist"} == {
        str(elsewhere / "mnist")
    }


def test_fetch_makes_the_folder_but_of_no_file(tmp_path: Path) -> None:
    assert len(datasets.fetch("mnist", tmp_path / "new")) == 4
    assert (tmp_path / "new").is_dir(), "load and check with the same words find it"
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFileError, match="file"):
        datasets.fetch("mnist", tmp_path / "file")

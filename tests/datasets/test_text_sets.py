"""Sets of sentence pairs: the toy task, folders, small stand-ins for official files, and the official files."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.datasets import text_sets
from sparse_mlp.datasets.text_pairs import SentencePairs
from sparse_mlp.datasets.text_registry import TEXT_SETS
from sparse_mlp.datasets.text_sets import from_sentences, load_translation
from sparse_mlp.errors import DataFileError, InvalidInputError

TRAIN = SentencePairs(("a dog .", "a cat .", "a dog"), ("ein Hund .", "eine Katze .", "ein Hund"))
OTHER = SentencePairs(("a cow .",), ("eine Kuh .",))


def write_parts(folder: Path, names: tuple[str, ...] = ("train", "valid", "test"), suffix: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        pairs = TRAIN if name == "train" else OTHER
        for language, sentences in (("en", pairs.source), ("de", pairs.target)):
            content = "".join(f"{sentence}\n" for sentence in sentences).encode()
            (folder / f"{name}.{language}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    return folder


def test_numbers_by_hand() -> None:
    data = from_sentences("mine", TRAIN, OTHER, OTHER)
    assert data.source_vocabulary.words[4:] == ("a", ".", "dog")
    assert data.target_vocabulary.words[4:] == (".", "ein", "hund")
    assert data.train.pairs.source.tolist() == [4, 6, 5, 3, 4, 1, 5, 3, 4, 6, 3]
    assert data.train.pairs.source_offsets.tolist() == [0, 4, 8, 11]
    assert data.test.pairs.target.tolist() == [1, 1, 4, 3]
    assert data.test.source == ("a cow .",) and data.test.reference == ("eine Kuh .",)
    assert repr(data) == "TranslationSet('mine', 3 train, 1 validation, 1 test, 7 → 7 words)"


def test_ready_tokens_keep_their_case() -> None:
    data = from_sentences("mine", TRAIN, OTHER, OTHER, tokens="ready", min_count=1)
    assert "Hund" in data.target_vocabulary.words and len(data.target_vocabulary) == 9


def test_a_sentence_without_words_is_refused() -> None:
    pytest.importorskip("sentencepiece")
    bad = SentencePairs(("a cow", "\u200b"), ("eine Kuh", "x"))
    with pytest.raises(InvalidInputError, match="number 2 of the part validation, without words"):
        from_sentences("mine", TRAIN, bad, OTHER, tokens="sentencepiece", subwords=17)


def test_the_toy_task_is_the_same_each_time_and_tests_unseen_strings() -> None:
    data, again = (load_translation("reversal") for _ in range(2))
    assert data.synthetic and data.provenance.startswith("SYNTHETIC")
    assert all(np.array_equal(a, b) for a, b in zip(data.train.pairs, again.train.pairs, strict=True))
    parts = [set(part.source) for part in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [4000, 200, 200]
    assert len(set.union(*parts)) == 4400
    assert all(1 not in part.pairs.source for part in (data.train, data.validation, data.test))


@pytest.mark.parametrize(("names", "suffix"), [(("train", "valid", "test"), ""), (("train", "val", "test"), ".gz")])
def test_a_folder_of_your_own(tmp_path: Path, names: tuple[str, ...], suffix: str) -> None:
    folder = write_parts(tmp_path / "mine", names, suffix)
    data = load_translation(folder, direction="de-en")
    assert data.name == "mine" and data.tokens == "words"
    assert data.train.source == TRAIN.target and data.test.reference == OTHER.source
    assert load_translation(f"{folder}/").name == "mine"


def test_a_folder_without_a_file(tmp_path: Path) -> None:
    folder = write_parts(tmp_path, ("train", "valid"))
    with pytest.raises(DataFileError, match=r"test\.en: found no such file"):
        load_translation(folder)
    with pytest.raises(DataFileError, match="no such folder"):
        load_translation(tmp_path / "nowhere")


def test_pairs_left_out_are_counted(tmp_path: Path) -> None:
    folder = write_parts(tmp_path)
    for language in ("en", "de"):
        with (folder / f"train.{language}").open("a") as stream:
            stream.write("\n")
    with pytest.raises(DataFileError, match=r"train\.en: found an empty line, number 4"):
        load_translation(folder)
    data = load_translation(folder, skip_empty=True)
    assert len(data.train) == 3 and "1 pairs with an empty line left out" in data.provenance


def test_prepared_files_by_name(tmp_path: Path) -> None:
    write_parts(tmp_path / "iwslt14.tokenized.de-en")
    data = load_translation("iwslt14", tmp_path, direction="de-en")
    assert data.tokens == "ready" and data.train.source == TRAIN.target
    assert "3 items instead of the official 160,239; content unverified" in data.provenance


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"no train\.de, train\.en, valid\.de") as error:
        load_translation("iwslt14", tmp_path)
    assert "prepare-iwslt14.sh" in str(error.value)
    with pytest.raises(DataFileError, match=r"task1/raw/train\.de\.gz"):
        load_translation("multi30k", tmp_path, download=False)


def test_other_bytes_under_an_official_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = TEXT_SETS["multi30k"]
    sizes = {"train": 3, "val": 1, "test_2016_flickr": 1}
    files = tuple(replace(file, items=sizes[file.name[:-3]]) for file in entry.files.files)
    small = replace(entry, files=replace(entry.files, files=files))
    monkeypatch.setitem(text_sets.TEXT_SETS, "multi30k", small)
    write_parts(tmp_path / "multi30k", tuple(sizes))
    with pytest.raises(DataFileError, match=r"train\.de: found SHA-256"):
        load_translation("multi30k", tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name_or_folder": "multi30"}, "did you mean 'multi30k'"),
        ({"direction": "en-fr"}, "direction='en-fr'; expected one of en-de, de-en"),
        ({"name_or_folder": "./x", "direction": "en"}, "two languages joined by a hyphen"),
        ({"name_or_folder": "./x", "direction": "en-en"}, "two different languages"),
        ({"name_or_folder": "reversal", "tokens": "letters"}, "tokens='letters'"),
        ({"name_or_folder": "reversal", "min_count": 0}, "min_count=0"),
    ],
)
def test_what_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        load_translation(**options)


def official(folder: Path, name: str, home: str) -> Path:
    if not (folder / home).is_dir():
        pytest.skip(f"the real data files of {name} are not here")
    return folder


def test_multi30k(real_data_dir: Path) -> None:
    data = load_translation("multi30k", official(real_data_dir, "multi30k", "multi30k"), download=False)
    assert repr(data).endswith("29,000 train, 1,014 validation, 1,000 test, 5,977 → 7,857 words)")
    assert "all six files verified by SHA-256" in data.provenance
    assert len(data.train.pairs.target) == 389_873
    lengths = [np.diff(data.train.pairs.source_offsets) - 1, np.diff(data.train.pairs.target_offsets) - 1]
    assert [round(float(length.mean()), 1) for length in lengths] == [13.0, 12.4]
    assert [int(length.max()) for length in lengths] == [40, 44]
    unknown = [
        float((words == 1).sum()) / (words != 3).sum() for words in (data.test.pairs.source, data.test.pairs.target)
    ]
    assert [round(100 * share, 1) for share in unknown] == [1.8, 3.7]


def test_wmt17_lines_end_at_line_feeds_only(real_data_dir: Path) -> None:
    entry = TEXT_SETS["wmt17"]
    folder = official(real_data_dir, "wmt17", entry.files.home)
    small = {"train": ("newstest2009",), "validation": ("newstest2016",), "test": ("newstest2017",)}
    stems = {stem for part in small.values() for stem in part}
    files = tuple(file for file in entry.files.files if file.name[:-3] in stems)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            text_sets.TEXT_SETS, "wmt17", replace(entry, files=replace(entry.files, files=files), parts=small)
        )
        data = load_translation("wmt17", folder, direction="de-en", download=False)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [2525, 2999, 3004]
    assert len("\n".join(data.train.source).splitlines()) == 2533
    assert sum(file.items for file in entry.files.files if file.name[:-3] in entry.parts["train"]) == 2 * 41_243

"""Files of sentences: what ends a line, what is refused with its place, what is only warned of."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import pytest

from sparse_mlp.datasets.text_pairs import SentencePairs, parse_sentences, read_pairs
from sparse_mlp.errors import DataFileError

HERE = Path("a.en")


def two_files(folder: Path, source: bytes, target: bytes) -> tuple[Path, Path]:
    paths = folder / "a.en", folder / "a.de"
    for path, content in zip(paths, (source, target), strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture(autouse=True)
def warnings_are_errors() -> None:
    warnings.simplefilter("error")


def test_only_line_feeds_end_lines() -> None:
    text = "one\x85two\u2028three\x0bfour\x0cfive\x1csix\rseven\neight\n"
    assert parse_sentences(HERE, text.encode()) == ["one\x85two\u2028three\x0bfour\x0cfive\x1csix\rseven", "eight"]


def test_windows_line_ends_and_a_byte_order_mark_are_taken_away() -> None:
    assert parse_sentences(HERE, b"\xef\xbb\xbfa b\r\nc\r\r\n\r\n") == ["a b", "c\r", ""]


def test_a_mark_within_the_text_stays() -> None:
    assert parse_sentences(HERE, "a\n\ufeffb\n".encode()) == ["a", "\ufeffb"]


def test_bad_utf8_is_named_with_its_position_and_line() -> None:
    with pytest.raises(DataFileError, match=r"a\.en: found the byte 0xfc at position 7 \(line 2\)"):
        parse_sentences(HERE, b"ein\nT\xc3\xbc\xfc\n")
    with pytest.raises(DataFileError, match=r"position 6 \(line 1\)"):
        parse_sentences(HERE, b"\xef\xbb\xbfabc\xff\n")


def test_utf16_is_refused() -> None:
    for encoding in ("utf-16", "utf-16-le"):
        with pytest.raises(DataFileError, match="save the file as UTF-8"):
            parse_sentences(HERE, "Tür\n".encode(encoding))


def test_a_missing_last_end_is_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"a\.en: the last line has no end"):
        assert parse_sentences(HERE, b"a\nb") == ["a", "b"]


def test_an_empty_file_is_refused() -> None:
    for content in (b"", b"\xef\xbb\xbf"):
        with pytest.raises(DataFileError, match="an empty file"):
            parse_sentences(HERE, content)


def test_pairs_by_hand_plain_and_packed(tmp_path: Path) -> None:
    paths = two_files(tmp_path, b"a dog\na cat\n", gzip.compress(b"ein Hund\neine Katze\n"))
    assert read_pairs(*paths) == SentencePairs(("a dog", "a cat"), ("ein Hund", "eine Katze"))


def test_different_numbers_of_lines_name_both_files(tmp_path: Path) -> None:
    paths = two_files(tmp_path, b"a\nb\n", b"a\nb\nc\n")
    with pytest.raises(DataFileError, match=r"2 lines in .*a\.en, but 3 in .*a\.de"):
        read_pairs(*paths)


def test_an_empty_line_is_named_or_skipped_with_its_twin(tmp_path: Path) -> None:
    paths = two_files(tmp_path, b"a\nb\nc\nd\n", "A\n \u00a0\t\nC\n\n".encode())
    with pytest.raises(DataFileError, match=r"a\.de: found an empty line, number 2; .* the 2 pairs"):
        read_pairs(*paths)
    assert read_pairs(*paths, skip_empty=True) == SentencePairs(("a", "c"), ("A", "C"), 2)


def test_nothing_but_empty_lines_is_refused(tmp_path: Path) -> None:
    paths = two_files(tmp_path, b"a\n\n", b"\nb\n")
    with pytest.raises(DataFileError, match="nothing but pairs with an empty line"):
        read_pairs(*paths, skip_empty=True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no such file"):
        read_pairs(tmp_path / "a.en", tmp_path / "a.de")

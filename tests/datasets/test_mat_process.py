"""One process reads several MATLAB files, and a file that ends it costs the next file nothing but another start."""

from __future__ import annotations

import io
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import mat_process
from sparse_mlp.datasets.mat import parse_mat
from sparse_mlp.datasets.mat_process import ReaderError, one_reader
from sparse_mlp.errors import DataFileError

CHILD = Path(mat_process.mat_child.__file__)
CALLS = f"""
import os, sys, time, warnings
sys.path.append({str(CHILD.parent)!r})
import numpy as np
import mat_child

def variables(stream):
    word = stream.read().decode()
    if word == "abort":
        print("a word of no use", file=sys.stderr, flush=True)
        os.abort()
    if word == "leave":
        sys.exit("bye")
    if word == "sleep":
        time.sleep(60)
    if word.startswith("large"):
        return {{"a": np.zeros(5 << 25)[:1]}}  # 1.25 GB, of which none is written
    if word == "wrong":
        raise ValueError("wrong\\nword")
    if word == "warn":
        for k in range(2000):
            warnings.warn(100 * f"{{k}}")
    return {{word: np.arange(3)}}

mat_child.variables, mat_child.MEMORY = variables, 1 << 30
mat_child.main()
"""


@pytest.fixture
def starts(monkeypatch) -> list[subprocess.Popen]:
    """Return a list of the processes that were started."""
    seen, start = [], mat_process._start
    monkeypatch.setattr(mat_process, "_start", lambda: seen.append(start()) or seen[-1])
    return seen


@pytest.fixture
def calls(starts, tmp_path, monkeypatch) -> list[subprocess.Popen]:
    """Put a program in the place of SciPy's reader, whose files are words that say what happens."""
    program = tmp_path / "calls.py"
    program.write_text(CALLS)
    monkeypatch.setattr(mat_process.mat_child, "__file__", str(program))
    return starts


def names(answer: bytes) -> list[str]:
    return list(np.load(io.BytesIO(answer)))


def saved(**variables: object) -> bytes:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, variables)
    return stream.getvalue()


def test_files_of_one_data_set_share_a_process_that_ends_with_it(starts, tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / f"{part}.mat").write_bytes(saved(X=np.arange(24.0).reshape(8, 3), y=np.arange(8)[:, None] % 2))
    found = datasets.load(tmp_path / "train.mat", test=str(tmp_path / "test.mat"))
    assert len(found.train_x) == len(found.test_x) == 8
    assert len(starts) == 1 and starts[0].returncode is not None


def test_a_damaged_file_is_an_answer_as_any(starts) -> None:
    sound = saved(a=np.arange(3))
    with one_reader():
        for _ in range(2):
            with pytest.raises(DataFileError, match=r"t\.mat.*not a complete MATLAB 5 file \(\w+: "):
                parse_mat(Path("t.mat"), sound[:150])
            assert parse_mat(Path("t.mat"), sound)["a"].ravel().tolist() == [0, 1, 2]
    assert len(starts) == 1


def test_alone_each_file_has_a_process(starts) -> None:
    for _ in range(2):
        parse_mat(Path("t.mat"), saved(a=1.0))
    assert len(starts) == 2


def test_what_a_file_raises_is_told_in_one_line(calls) -> None:
    with one_reader() as reader:
        with pytest.raises(ReaderError, match=r"\(ValueError: wrong word\)"):
            reader.read(b"wrong")
        assert names(reader.read(b"a")) == ["a"]
    assert len(calls) == 1


@pytest.mark.parametrize(("word", "reason"), [("abort", "its reader crashed"), ("leave", "bye")])
def test_after_a_crash_the_next_file_is_read_in_a_new_process(calls, word, reason) -> None:
    with one_reader() as reader:
        assert names(reader.read(b"a")) == ["a"]
        with pytest.raises(ReaderError, match=reason):
            reader.read(word.encode())
        assert names(reader.read(b"b")) == ["b"]
        assert names(reader.read(b"c")) == ["c"]
    assert len(calls) == 2 and all(process.returncode is not None for process in calls)


def test_a_process_that_ends_before_it_has_the_file(starts, tmp_path, monkeypatch) -> None:
    program = tmp_path / "bye.py"
    program.write_text("raise SystemExit('no memory')")
    monkeypatch.setattr(mat_process.mat_child, "__file__", str(program))
    with one_reader() as reader, pytest.raises(ReaderError, match="no memory"):
        reader.read(bytes(1 << 22))  # more than a pipe holds
    assert starts[0].returncode == 1


def test_any_number_of_warnings_does_not_stop_it(calls, monkeypatch) -> None:
    monkeypatch.setattr(mat_process, "SECONDS", 20)
    with one_reader() as reader:
        assert names(reader.read(b"warn")) == ["warn"]


def test_a_file_that_takes_too_long_is_given_up(calls, monkeypatch) -> None:
    with one_reader() as reader:
        assert names(reader.read(b"a")) == ["a"]
        with monkeypatch.context() as patch, pytest.raises(ReaderError, match="took more than"):
            patch.setattr(mat_process, "SECONDS", 0.2)
            reader.read(b"sleep")
        assert names(reader.read(b"b")) == ["b"]
    assert len(calls) == 2


def test_an_answer_that_came_just_in_time_counts(calls, monkeypatch) -> None:
    ask = mat_process._ask

    def slow(process, content):
        answer = ask(process, content)
        process.wait()
        return answer

    with one_reader() as reader:
        with monkeypatch.context() as patch:
            patch.setattr(mat_process, "_ask", slow)
            patch.setattr(mat_process, "SECONDS", 1)
            assert names(reader.read(b"a")) == ["a"]
        assert names(reader.read(b"b")) == ["b"]
    assert len(calls) == 2


def test_an_interrupted_answer_is_not_taken_for_that_of_the_next_file(calls, monkeypatch) -> None:
    ask = mat_process._ask

    def interrupted(process, content):
        ask(process, content)
        raise KeyboardInterrupt

    with one_reader() as reader:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(mat_process, "_ask", interrupted)
            reader.read(b"a")
        assert names(reader.read(b"b")) == ["b"]
    assert len(calls) == 2


def test_each_file_has_its_own_bound_of_memory(calls) -> None:
    pytest.importorskip("resource", reason="memory is bounded as on Linux")
    with one_reader() as reader:
        with pytest.raises(ReaderError, match="MemoryError"):
            reader.read(b"large")
        assert names(reader.read(b"large".ljust(1 << 25))) == ["a"]
        with pytest.raises(ReaderError, match="MemoryError"):
            reader.read(b"large")
    assert len(calls) == 1


def test_threads_do_not_share(calls) -> None:
    readers = []

    def other() -> None:
        with one_reader() as reader:
            readers.append(reader)

    with one_reader() as reader, one_reader() as inner:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert inner is reader and readers[0] is not reader
    assert not calls

"""Random streams: independent of each other, and the same bytes after a trip through JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.rng import PURPOSES, as_generator, generator_from_json, spawn_streams, state_to_json


def test_a_generator_is_passed_through() -> None:
    generator = np.random.default_rng(1)
    assert as_generator(generator) is generator


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), 2**80])
def test_a_seed_is_numpys_seed(seed: Any) -> None:
    assert as_generator(seed).bytes(32) == np.random.default_rng(int(seed)).bytes(32)


def test_none_is_fresh_each_time() -> None:
    assert as_generator(None).bytes(32) != as_generator(None).bytes(32)


@pytest.mark.parametrize("rng", [-1, 1.0, True, "7", [1], np.random.RandomState(0), np.random.PCG64(0)])
def test_anything_else_is_refused(rng: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"rng=.*"):
        as_generator(rng)


def test_purposes_keep_their_places() -> None:
    """A place in this tuple is part of what a seed means: new purposes are appended."""
    assert PURPOSES[:8] == (
        "topology", "weights", "data_order", "removal", "regrowth", "new_weights", "dropout", "split",
    )  # fmt: skip
    children = np.random.default_rng(3).spawn(len(PURPOSES))
    streams = spawn_streams(3)
    assert list(streams) == list(PURPOSES)
    assert [streams[name].bytes(16) for name in PURPOSES] == [child.bytes(16) for child in children]


def test_streams_differ_from_each_other_and_from_their_parent() -> None:
    draws = {stream.bytes(32) for stream in spawn_streams(5).values()}
    draws.add(np.random.default_rng(5).bytes(32))
    assert len(draws) == len(PURPOSES) + 1


@pytest.mark.parametrize("busy", PURPOSES)
def test_drawing_from_one_stream_moves_no_other(busy: str) -> None:
    left, right = spawn_streams(11), spawn_streams(11)
    left[busy].random(1000)
    for name in PURPOSES:
        same = left[name].bytes(16) == right[name].bytes(16)
        assert same == (name != busy), name


def test_streams_are_uncorrelated() -> None:
    draws = np.array([stream.random(20_000) for stream in spawn_streams(0).values()])
    off_diagonal = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(20_000)


def test_a_generator_spawns_new_streams_each_time() -> None:
    generator = np.random.default_rng(0)
    first, second = spawn_streams(generator), spawn_streams(generator)
    assert first["weights"].bytes(16) != second["weights"].bytes(16)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_json_round_trip_goes_on_with_the_same_bytes(kind: str) -> None:
    generator = np.random.Generator(getattr(np.random, kind)(42))
    generator.integers(0, 2**32, 7, dtype=np.uint32)  # an odd number of half words is left in the buffer
    text = json.dumps(state_to_json(generator))
    twin = generator_from_json(json.loads(text))
    assert json.dumps(state_to_json(twin)) == text
    assert twin.integers(0, 2**32, 3, dtype=np.uint32).tolist() == generator.integers(0, 2**32, 3, np.uint32).tolist()
    assert twin.bytes(1000) == generator.bytes(1000)
    assert twin.normal(size=100).tobytes() == generator.normal(size=100).tobytes()


def test_storing_a_state_does_not_move_it() -> None:
    generator = np.random.default_rng(1)
    state = state_to_json(generator)
    assert generator.bytes(16) == np.random.default_rng(1).bytes(16)
    assert generator_from_json(state).bytes(16) == np.random.default_rng(1).bytes(16)


@pytest.mark.parametrize("state", [{}, {"bit_generator": "Generator"}, {"bit_generator": "nothing"}])
def test_unknown_bit_generators_are_refused(state: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=r"bit_generator=.*"):
        generator_from_json(state)

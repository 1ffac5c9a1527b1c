"""A Transformer by its properties: sentences do not see each other, threads do not count, evolution keeps counts."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import RULES, make_rule
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.layers import SoftmaxCrossEntropy, SparseLinear
from sparse_mlp.models import SparseTransformer, TokenBatch, summarize, summary_table
from sparse_mlp.token_pairs import TokenPairs
from sparse_mlp.topology import generate
from sparse_mlp.training import Trainer, Translation

WORDS = 11, 13
SMALL = {"d_model": 12, "heads": 2, "d_ff": 16, "layers": 2, "density": 0.5, "topology": "erdos-renyi"}


def network(backend="numba", **options):
    chosen = {**SMALL, "rng": 3, "dtype": "float64", "backend": backend, **options}
    return SparseTransformer(*WORDS, **chosen)


def drawn_pairs(count=9, seed=0, longest=12):
    rng = np.random.default_rng(seed)
    sides = ([[*rng.integers(4, words, rng.integers(0, longest)).tolist(), 3] for _ in range(count)] for words in WORDS)
    return TokenPairs.of(*sides)


def of_each(pairs, values):
    """Cut rows (target tokens, …) into those of each pair."""
    return np.split(values, pairs.target_offsets[1:-1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_packed_sentences_are_what_each_is_alone(backend):
    model, pairs = network(backend), drawn_pairs(4, longest=6)
    together = of_each(pairs, model.predict_scores(pairs))
    for i, scores in enumerate(together):
        np.testing.assert_allclose(scores, model.predict_scores(pairs.select([i])), rtol=1e-11, atol=1e-12)


def test_the_order_of_sentences_orders_the_results():
    model, pairs, order = network(), drawn_pairs(70), np.random.default_rng(1).permutation(70)
    scores, other = model.predict_scores(pairs), model.predict_scores(pairs.select(order))
    for place, scored in zip(order, of_each(pairs.select(order), other), strict=True):
        np.testing.assert_allclose(scored, of_each(pairs, scores)[place], rtol=1e-11, atol=1e-12)


def test_later_words_change_no_earlier_score():
    model = network()
    one, other = (TokenPairs.of([[4, 5, 3]], [[6, word, 8, 3]]) for word in (7, 9))
    scores, changed = model.predict_scores(one), model.predict_scores(other)
    np.testing.assert_array_equal(scores[:2], changed[:2])
    assert np.abs(scores[2] - changed[2]).max() > 1e-6
    source = TokenPairs.of([[4, 6, 3]], [[6, 7, 8, 3]])
    assert np.abs(model.predict_scores(source)[0] - scores[0]).max() > 1e-6  # the encoder is not causal


@pytest.mark.parametrize(("tied", "dropout"), [(False, 0.0), (True, 0.0), (False, 0.3)])
def test_gradients_are_central_differences(tied, dropout):
    """With dropout too: the same numbers are drawn each time, so the same tokens and pairs fall out."""
    model = network(dropout=dropout, attention_dropout=dropout, tied=tied)
    batch, loss = TokenBatch(drawn_pairs(3, longest=5)), SoftmaxCrossEntropy(0.1)

    def value():
        return model.gradient(batch, loss, np.random.default_rng(8))

    value()
    wanted, values, rng = model.store.gradient.copy(), model.store.values, np.random.default_rng(0)
    for entry in model.store.entries:
        place = int(rng.integers(entry.part.start, entry.part.stop))
        kept, found = values[place], []
        for step in (1e-5, -1e-5):
            values[place] = kept + step
            found.append(value())
        values[place] = kept
        slope = (found[0] - found[1]) / 2e-5
        assert wanted[place] == pytest.approx(slope, abs=2e-8), entry.key
    assert ("generator/weight" in {entry.key for entry in model.store.entries}) is not tied


def test_a_tied_weight_gets_the_sum_of_both_gradients():
    options = {"dropout": 0.0, "attention_dropout": 0.0}
    tied, apart = network(tied=True, **options), network(**options)
    shared = {entry.key: entry for entry in tied.store.entries}
    for entry in apart.store.entries:
        key = "target_embedding/weight" if entry.key == "generator/weight" else entry.key
        apart.store.values[entry.part] = tied.store.values[shared[key].part]
    batch, found = TokenBatch(drawn_pairs(4)), {}
    for model in (tied, apart):
        model.gradient(batch, SoftmaxCrossEntropy(0.1))
        found[model] = {entry.key: model.store.gradient[entry.part] for entry in model.store.entries}
    both = found[apart]["target_embedding/weight"] + found[apart]["generator/weight"]
    np.testing.assert_allclose(found[tied]["target_embedding/weight"], both, rtol=1e-12, atol=1e-14)


def test_the_bias_of_keys_has_no_gradient():
    model = network(dtype="float32")
    model.gradient(TokenBatch(drawn_pairs(20)), SoftmaxCrossEntropy(0.1), np.random.default_rng(0))
    keys = [entry for entry in model.store.entries if entry.key.endswith("key/bias")]
    assert len(keys) == 6 and not any(model.store.gradient[entry.part].any() for entry in keys)


def test_threads_do_not_count():
    batch, found = TokenBatch(drawn_pairs(50)), []
    for threads in (1, 2):
        model = network(dtype="float32")
        with threads_limited(threads):
            value = model.gradient(batch, SoftmaxCrossEntropy(0.1), np.random.default_rng(5))
            found.append((value, model.store.gradient.tobytes(), model.predict_scores(batch.pairs).tobytes()))
    assert found[0] == found[1]


def test_a_training_has_the_same_bytes_on_one_thread_and_on_two():
    found = []
    for threads in (1, 2):
        model = network(dtype="float32", layers=1)
        with threads_limited(threads):
            trainer = Trainer(model, rule=make_rule("chts"), optimizer="adam", update_steps=3, rng=0)
            trainer.fit(Translation(drawn_pairs(40), batch_tokens=60), epochs=2)
        found.append((model.store.values.tobytes(), [layer.structure for layer in model.sparse_layers]))
    assert found[0] == found[1]


def test_no_dropout_is_a_rate_of_0():
    model, batch, rng = network(dropout=0.0, attention_dropout=0.0), TokenBatch(drawn_pairs()), np.random.default_rng(0)
    before, found = rng.bit_generator.state, []
    for drawn in (None, rng):
        found.append((model.gradient(batch, SoftmaxCrossEntropy(), drawn), model.store.gradient.tobytes()))
    assert found[0] == found[1] and rng.bit_generator.state == before


@pytest.mark.parametrize("backend", ["scipy", "numba"])
def test_groups_do_not_count(monkeypatch, backend):
    """One group or four: the same dropout falls on the same tokens, so only rounding differs."""
    from sparse_mlp.models import sentence_groups

    batch, found = TokenBatch(drawn_pairs(20)), []
    for count in (1, 4):
        monkeypatch.setattr(sentence_groups, "GROUPS", count)
        model = network(backend)
        found.append((model.gradient(batch, SoftmaxCrossEntropy(0.1), np.random.default_rng(5)), model.store.gradient))
    assert len(model.groups(batch)) == 4 and found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-13)


def test_dropout_draws_for_real_tokens_alone():
    """A batch of many sentences moves the stream by as many bytes as its tokens and pairs of tokens take."""
    model, pairs = network(layers=1), drawn_pairs(30)
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    model.gradient(TokenBatch(pairs), SoftmaxCrossEntropy(), rng)
    source, target = np.diff(pairs.source_offsets), np.diff(pairs.target_offsets)
    numbers = [
        12 * source.sum(), 2 * source @ source, 12 * source.sum(), 16 * source.sum(), 12 * source.sum(),
        12 * target.sum(), 2 * target @ target, 12 * target.sum(), 2 * target @ source, 12 * target.sum(),
        16 * target.sum(), 12 * target.sum(),
    ]  # fmt: skip
    for count in numbers:
        other.bytes(int(count))
    assert rng.bit_generator.state == other.bit_generator.state


@pytest.mark.parametrize("backend", BACKENDS)
def test_word_by_word_is_the_whole_at_once(backend):
    model, pairs = network(backend), drawn_pairs(3, longest=5)
    scores = of_each(pairs, model.predict_scores(pairs))
    decoding = model.begin(pairs.source, pairs.source_offsets)
    words, rows = np.full(3, 2), np.arange(3)
    targets = np.split(pairs.target, pairs.target_offsets[1:-1])
    for place in range(max(map(len, targets))):
        found = decoding.advance(rows, words)
        for row, (target, whole) in enumerate(zip(targets, scores, strict=True)):
            if place < len(target):
                z = whole[place] - whole[place].max()
                np.testing.assert_allclose(found[row], z - np.log(np.exp(z).sum()), rtol=1e-11, atol=1e-12)
        words = np.array([target[min(place, len(target) - 1)] for target in targets])


def test_rows_that_continue_another_take_over_what_it_has_read():
    model, pairs = network(), drawn_pairs(2)
    decoding = model.begin(pairs.source, pairs.source_offsets)
    decoding.advance(np.arange(2), np.full(2, 2))
    split = decoding.advance(np.array([0, 0, 1]), np.array([5, 6, 5]))
    later = decoding.advance(np.array([1, 1, 2]), np.array([7, 8, 7]))
    again = model.begin(pairs.source, pairs.source_offsets)
    for words in ([2, 2], [6, 5], [7, 7]):
        wanted = again.advance(np.arange(2), np.array(words))
    assert len(split) == 3
    np.testing.assert_allclose(later[[0, 2]], wanted, rtol=1e-12, atol=1e-13)


def test_units_and_counts():
    model = network()
    names = [unit.name for unit in model.units]
    assert len(model.sparse_layers) == 32 and len(names) == 16
    assert names[:3] == [f"encoder.0.{what}" for what in ("self_attention.query-key", "self_attention.value-output",
                                                          "feed_forward")]  # fmt: skip
    assert [unit.turned for unit in model.units if unit.name.endswith("query-key")] == [(False, True)] * 6
    assert all(layer.structure.nnz == round(0.5 * np.prod(layer.shape)) for layer in model.sparse_layers)
    assert len(summarize(model)) == 35 and "encoder.*.self_attention.query" in summary_table(model)
    assert SparseTransformer.dense(*WORDS, d_model=12, heads=2, d_ff=16, rng=0).units == ()


def test_query_and_key_keep_a_unit_that_both_link():
    """The example of the specification: of three units only the last has links from both sides."""
    from sparse_mlp.evolution.percolation import percolate
    from sparse_mlp.evolution.units import EvolvingUnit
    from sparse_mlp.structure import SparseStructure

    matrices = np.array([[1, 0, 1], [0, 0, 1]]), np.array([[0, 1, 1], [0, 1, 0]])
    layers = tuple(
        SparseLinear(SparseStructure.from_coo(*np.nonzero(matrix), (2, 3)), "zero", name=name)
        for matrix, name in zip(matrices, ("query", "key"), strict=True)
    )
    left = percolate([EvolvingUnit("query-key", layers, (False, True))], [np.ones(3, bool)] * 2)
    assert [mask.tolist() for mask in left] == [[False, True, True], [False, True, False]]


@pytest.mark.parametrize("rule", [name for name in RULES if name not in ("dense", "cht-conv")])
def test_every_rule_trains_and_keeps_the_counts(rule):
    made = make_rule(rule, **({"density": 0.3} if rule == "chtss" else {}))
    model = network(dtype="float32", layers=1, density=made.initial_density or 0.4)
    before = [layer.structure for layer in model.sparse_layers]
    trainer = Trainer(model, rule=made, optimizer="adam", update_steps=3, rng=0)
    trainer.fit(Translation(drawn_pairs(40), batch_tokens=60), epochs=2)
    after = [layer.structure for layer in model.sparse_layers]
    if rule == "chtss":
        assert sum(s.nnz for s in after) < sum(s.nnz for s in before)
    else:
        assert [s.nnz for s in after] == [s.nnz for s in before]
    assert (before == after) == (rule == "static")
    assert np.isfinite(model.store.values).all()


def test_saved_and_loaded(tmp_path):
    model, other, pairs = network(), network(rng=4), drawn_pairs()
    assert np.abs(model.predict_scores(pairs) - other.predict_scores(pairs)).max() > 1e-3
    other.load(model.save(tmp_path / "model.npz"))
    np.testing.assert_array_equal(model.predict_scores(pairs), other.predict_scores(pairs))
    with pytest.raises(InvalidInputError, match="another network"):
        network(heads=3).load(tmp_path / "model.npz")


@pytest.mark.parametrize(("options", "named"), [
    ({"d_model": 13}, "d_model"), ({"heads": 5}, "heads"), ({"layers": 0}, "layers"), ({"density": 1e-4}, "no link"),
    ({"heads": 0}, "heads"), ({"d_ff": 0}, "d_ff"), ({"dropout": 1.0}, "rate"), ({"attention_dropout": -0.1}, "rate"),
    ({"topology": "correlated"}, "correlated"), ({"topology": "snip"}, "snip"), ({"density": 0.5, "epsilon": 3}, "two"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(options, named):
    with pytest.raises(InvalidInputError, match=named):
        network(**options)


def test_words_outside_of_the_vocabulary_are_refused():
    model = network()
    for pairs in (TokenPairs.of([[4, 11, 3]], [[3]]), TokenPairs.of([[3]], [[13, 3]]), TokenPairs.of([[]], [[3]])):
        with pytest.raises(InvalidInputError):
            model.predict_scores(pairs)


def test_first_wirings_are_those_of_the_generator():
    model, rng = network(topology="small-world", topology_params={"beta": 0.1}), None
    assert generate("small-world", 12, 12, 0.5, rng=rng, beta=0.1).nnz == model.sparse_layers[0].structure.nnz
    for topology in ("receptive-field", "dendritic"):
        assert network(topology=topology).n_links == model.n_links

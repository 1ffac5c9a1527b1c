"""A whole training step of a translating Transformer with dropout and Adam, next to PyTorch's dense one."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import at_least
from benchmarks.run import Run
from benchmarks.timing import ratio
from benchmarks.worker import Prepared, peak_memory

WORDS = 5977, 7857  # of Multi30k's vocabularies, English and German
WORDS_PER_SENTENCE = 12.4
# By width, density and threads: how many times faster than PyTorch's dense step.
CLAIMS = {
    (128, 0.1, 1): at_least(1.7, aim=2.5), (128, 0.1, 2): at_least(1.8, aim=2.5),
    (256, 0.1, 1): at_least(2.2, aim=2.9), (256, 0.1, 2): at_least(2.0, aim=2.9),
    (256, 0.05, 1): at_least(2.3, aim=3.0), (256, 0.05, 2): at_least(2.1, aim=3.0),
}  # fmt: skip
GAIN = at_least(1.35, aim=1.8)  # of a second thread


class Shape(NamedTuple):
    """How large the network is, and target tokens of a batch."""

    width: int
    heads: int
    inner: int
    layers: int
    tokens: int


SHAPES = {128: Shape(128, 4, 512, 3, 1024), 256: Shape(256, 8, 1024, 3, 1024)}
TINY = {128: Shape(16, 2, 32, 1, 64)}


def benchmark(run: Run) -> None:
    """Time forward pass, loss, backward pass and update, on one thread and on those of the run."""
    shapes = run.pick(SHAPES, TINY)
    for threads in dict.fromkeys((1, run.threads)):
        for width, shape in shapes.items():
            entries = {
                f"ours, density {density:g}": run.worker(_side(density), threads).prepare(
                    sparse_step, density=density, shape=list(shape)
                )
                for density in (0.1, 0.05)
            }
            if find_spec("torch"):
                entries["PyTorch"] = run.worker("PyTorch", threads).prepare(dense_step, shape=list(shape))
            section = f"d {width}, {shape.tokens} tokens, threads: {threads}"
            timings = run.race(section, entries, threads=threads, rounds=9)
            for (of, density, on), claim in CLAIMS.items():
                if (of, on) == (width, threads) and "PyTorch" in timings:
                    figure = ratio(timings["PyTorch"], timings[f"ours, density {density:g}"])
                    run.report.claim(f"PyTorch / ours, d {width}, density {density:g}, threads: {on}", claim, figure)
            for name in entries:
                side = name if name == "PyTorch" else _side(float(name.rpartition(" ")[2]))
                gigabytes = run.worker(side, threads).call(peak_memory) / 1e9
                run.report.add_fact(f"peak memory so far: {name}, {section}", gigabytes, "GB")
    for width, shape in shapes.items() if run.threads > 1 else ():
        entries = {
            f"threads: {threads}": run.worker(_side(0.1), threads).prepare(sparse_step, density=0.1, shape=list(shape))
            for threads in (1, run.threads)
        }
        one, more = run.race(f"density 0.1, d {width}, threads: 1 and {run.threads}", entries, rounds=9).values()
        run.report.claim(f"1 thread / {run.threads}, d {width}", GAIN, ratio(one, more))
    run.report.notes += [
        f"Encoder and decoder of three layers each, {WORDS[0]:,} source and {WORDS[1]:,} target words, label smoothing "
        "and dropout of 0.1, Adam. Sentences as long as those of Multi30k on average.",
        "PyTorch: nn.Transformer with all weights, eager, padded to the longest sentence of the batch; ours is packed.",
        *([] if find_spec("torch") else ["PyTorch was left out: it is not installed."]),
    ]


def _side(density: float) -> str:
    """Return the name of a worker of its own, so that the peak of its memory is that of one network."""
    return f"density {density:g}"


def sentences(shape: Shape) -> Any:
    """Return pairs of sentences with so many target tokens, give or take one sentence."""
    from sparse_mlp.token_pairs import TokenPairs

    rng, pairs, tokens = np.random.default_rng(0), [], 0
    while tokens < shape.tokens:
        length = 3 + rng.binomial(20, (WORDS_PER_SENTENCE - 3) / 20)
        source, target = ([*rng.integers(4, words, length).tolist(), 3] for words in WORDS)
        tokens += len(target)
        pairs.append((source, target))
    return TokenPairs.of(*map(list, zip(*pairs, strict=True)))


def sparse_step(density: float, shape: list[int]) -> Prepared:
    """Return a step of ours."""
    from sparse_mlp.layers import SoftmaxCrossEntropy
    from sparse_mlp.models import SparseTransformer, TokenBatch
    from sparse_mlp.optim import Adam

    of = Shape(*shape)
    network = SparseTransformer(
        *WORDS, d_model=of.width, heads=of.heads, d_ff=of.inner, layers=of.layers, density=density, rng=0
    )
    loss, rng = SoftmaxCrossEntropy(0.1), np.random.default_rng(0)
    optimizer = Adam(0.001, beta2=0.998, epsilon=1e-9, weight_decay=0.0)
    batch, store = TokenBatch(sentences(of)), network.store
    optimizer.init(len(store.values))

    def step() -> None:
        network.gradient(batch, loss, rng)
        optimizer.step(store.values, store.gradient, store.n_decayed)

    return step, {"links": network.n_links}


def dense_step(shape: list[int]) -> Prepared:
    """Return a step of PyTorch."""
    import torch
    from torch import nn

    of = Shape(*shape)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a fast way for inference
        transformer = nn.Transformer(
            of.width, of.heads, of.layers, of.layers, of.inner, dropout=0.1, batch_first=True, norm_first=True
        )
    embeddings = nn.ModuleList(nn.Embedding(words, of.width) for words in WORDS)
    generator, dropout = nn.Linear(of.width, WORDS[1]), nn.Dropout(0.1)
    parameters = [*transformer.parameters(), *embeddings.parameters(), *generator.parameters()]
    optimizer = torch.optim.Adam(parameters, 0.001, betas=(0.9, 0.998), eps=1e-9)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1, ignore_index=0)
    pairs = sentences(of)
    source, target = (torch.from_numpy(_padded(*side)) for side in (pairs[:2], pairs[2:]))
    read = torch.cat([torch.full((len(target), 1), 2), target[:, :-1]], 1)
    later = nn.Transformer.generate_square_subsequent_mask(read.shape[1])
    blind = (source == 0).to(torch.float32).masked_fill(source == 0, float("-inf"))

    def step() -> None:
        optimizer.zero_grad()
        x, y = (dropout(embed(ids) * of.width**0.5) for embed, ids in zip(embeddings, (source, read), strict=True))
        out = transformer(
            x, y, tgt_mask=later, src_key_padding_mask=blind, memory_key_padding_mask=blind, tgt_is_causal=True
        )
        criterion(generator(out).flatten(0, 1), target.flatten()).backward()
        optimizer.step()

    return step, {}


def _padded(words: Any, offsets: Any) -> Any:
    lengths = np.diff(offsets)
    ids = np.zeros((len(lengths), lengths.max()), np.int64)
    for i, length in enumerate(lengths):
        ids[i, :length] = words[offsets[i] : offsets[i + 1]]
    return ids

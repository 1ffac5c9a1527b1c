# %% [markdown]
# # 21 Translating Multi30k
#
# Multi30k has 29,000 descriptions of photographs, in English and in German: short sentences about dogs, bicycles and
# children. It is the smallest of the three data sets on which Zhang et al. (2025) train sparse Transformers, and the
# only one that a laptop gets through in minutes.
#
# You turn sentences into numbers, cut them into batches of equal work, train for a moment, translate, and measure with
# BLEU. In a moment it learns little. The last part has the commands that train it well.
#
# It takes about 1 min. It looks for Multi30k in `--data-dir`, `$SPARSE_MLP_DATA` and the cache, and takes the strings
# of tutorial 20 without it.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin
from sparse_mlp.datasets import available, load_translation

options = begin("train for fewer steps; every idea stays", data="multi30k")
figures = options.figures

REAL = "multi30k" in available(options.data_dir)
data = load_translation("multi30k" if REAL else "reversal", options.data_dir, download=False)
if not REAL:
    print("Multi30k is not here (`sparse-mlp data list` says more): strings to be turned round stand in for it")
print(data)
print(data.provenance.split(";")[0])

# %% [markdown]
# ## 1. Sentences to numbers
#
# A *vocabulary* numbers the words of the training part that occur at least twice. The others are unknown. Four numbers
# are taken: 0 for padding, which nobody uses here, 1 for an unknown word, 2 and 3 for begin and end. Each sentence gets
# an end mark, so none is empty.

# %%
words = data.source_vocabulary
sentence = data.test.source[0]
numbers = words.encode(sentence)
print(sentence)
print(numbers)
print(words.decode(numbers))
unknown = np.mean(data.test.pairs.target == 1)
print(f"{len(words):,} source and {len(data.target_vocabulary):,} target words; {unknown:.1%} of the test are unknown")

# %% [markdown]
# ## 2. Batches of equal work
#
# Sentences differ in length, so a batch of so many *sentences* would be now short, now long. We fill batches with so
# many *tokens* instead. Whole sentences in a new order each epoch, and a batch ends where it is full: the sentence
# whose middle lies beyond the border is the first of the next one. The number of batches is then the same in every
# epoch, whatever the order. Why does that matter? A learning rate that follows a plan must know how many steps there
# are.

# %%
from sparse_mlp.training import Translation

task = Translation(data.train.pairs, batch_tokens=1024)
for seed in range(3):
    sizes = [batch.total for batch in task.batches(np.random.default_rng(seed).permutation(task.n_samples))]
    print(f"order {seed}: {len(sizes)} batches of {min(sizes)} to {max(sizes)} target tokens")

# %% [markdown]
# You should see the same number of batches each time, of nearly the same size.
#
# ## 3. What the paper does
#
# Zhang et al. (2025) train a Transformer of 6 + 6 layers with 512 features. They make 96 matrices sparse: all of the
# attention and of the feed-forward blocks (tutorial 20). The embeddings and the *generator*, the matrix that scores all
# words, stay dense. They train 5,000 steps of 1,024 tokens and move links every 100 steps, up to three quarters of the
# training. The learning rate rises in a straight line and then falls with one over the root of the step. Among their
# results on Multi30k, in BLEU (part 6): 31.38 for the dense network, 29.81 for CHTs with one in ten links, and 32.86
# for CHTss, which begins with half of the links and loses them on the way (tutorial 08).
#
# Ours is smaller: 3 + 3 layers, 128 features, one in ten links. Where are most of its parameters? Guess first.

# %%
from sparse_mlp.models import SparseTransformer, summary_table

model = SparseTransformer(len(words), len(data.target_vocabulary), density=0.1, rng=0)
print(summary_table(model))
of_links = sum(layer.structure.nnz for layer in model.sparse_layers)
print(f"{of_links:,} of {len(model.store.values):,} parameters are weights of sparse links")

# %% [markdown]
# You should see that the dense parts hold most of what is left: a word of either language has 128 numbers and more.
# (The stand-in has 24 words. There most parameters are weights of links.)
#
# ## 4. A few steps
#
# A network that knows nothing finds all words equally likely. Its loss is the logarithm of their number. Which words
# will it learn first, and what will a network say that knows only those?

# %%
from collections import Counter

from sparse_mlp.evolution import make_rule
from sparse_mlp.optim import Adam
from sparse_mlp.training import Callback, Trainer

steps, every = (40, 10) if options.fast else (150, 15)
unseen = data.validation.pairs.select(np.arange(100))


class Watch(Callback):
    def __init__(self):
        self.steps, self.losses = [], []

    def on_step(self, trainer):
        if trainer.step == 1 or trainer.step % every == 0:
            self.steps.append(trainer.step)
            self.losses.append(trainer.model.measure(unseen)[0])


def favourites():
    """The words that the network finds most likely most often, each with its share of all places."""
    guesses = Counter(model.predict_scores(unseen).argmax(axis=1).tolist()).most_common(5)
    return ", ".join(f"{data.target_vocabulary.words[n]} {count / len(unseen.target):.0%}" for n, count in guesses)


watch = Watch()
trainer = Trainer(
    model, rule=make_rule("chts", zeta_schedule="cosine"), update_steps=steps // 3, rng=0, callbacks=[watch],
    optimizer=Adam(1.0, beta2=0.998, epsilon=1e-9, weight_decay=0.0),
    schedule="noam", schedule_params={"width": model.width, "peak_step": 400},
)  # fmt: skip
print("before:", favourites())
some = np.random.default_rng(0).permutation(task.n_samples)[: round(task.n_samples * min(1, steps / task.n_batches))]
lesson = Translation(data.train.pairs.select(some), batch_tokens=1024)
history = trainer.fit(lesson, epochs=max(1, round(steps / lesson.n_batches)))
print("after: ", favourites())

blank = np.log(len(data.target_vocabulary))
loss, accuracy = model.measure(data.validation.pairs)
per_step = sum(history.column("seconds")) / trainer.step
print(f"loss of a word: {blank:.2f} when nothing is known, now {loss:.2f}; {accuracy:.1%} of the next words are right")
print(f"{trainer.step} steps of {per_step:.2f} s; 13 passes of {task.n_batches} steps: "
      f"about {13 * task.n_batches * per_step / 60:.0f} min on this computer")  # fmt: skip

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import CYCLE, grid, style

with style():
    figure = Figure(figsize=(5.5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(watch.steps, watch.losses, color=CYCLE[0])
    axes.axhline(blank, color="#555555", linestyle=":", linewidth=1)
    axes.annotate("all words equally likely", (trainer.step, blank), (0, -12), textcoords="offset points", ha="right")
    for record in history.updates:
        axes.axvline(record["step"], color=CYCLE[1], linestyle="--", linewidth=1)
    axes.set(
        xlabel="step", ylabel="loss of a word, in nats", xlim=(0, trainer.step), ylim=(0, 1.15 * max(watch.losses))
    )
    axes.set_title("sentences that are not trained with; dashed: links are moved")
    grid(axes)
figure.savefig(figures / "21_loss.png", dpi=120)
print("picture:", figures / "21_loss.png")

# %% [markdown]
# On Multi30k you should see a loss that falls to less than half. The favourites were chosen by chance before. Now they
# are the full stop, "ein", "in", "einem" and the unknown word, together more than half of all that it says: it has
# learned what is frequent, and a little about what follows what. (With `--fast` it comes less far. On the stand-in all
# letters are equally frequent, and the first favourite is the end mark.)
#
# ## 5. Translating
#
# A translation is written word by word. To take the most probable word each time is *greedy*; a *beam* keeps the two
# best beginnings and goes on with both, since a good second word can make up for a worse first one. Long sentences have
# more factors below 1 than short ones, so the logarithm of their probability is divided by a *length penalty*. Where
# the network says "unknown", the source word that it reads most is taken over.

# %%
from sparse_mlp.translation import Vocabularies, translate

vocabularies = Vocabularies(data.source_vocabulary, data.target_vocabulary)
few = data.test.source[:3]
found = translate(model, vocabularies, few, beam=2, alpha=1.0)
for source, reference, translation in zip(few, data.test.reference, found, strict=False):
    print(f"source       {source}\nreference    {reference}\ntranslation  {translation}\n")

# %% [markdown]
# On Multi30k you should see German sentences that say little: all begin with "ein mann in einem", and none has much to
# do with its source. An English word among the German ones stands for one that was "unknown". It is the source word
# that is read most, and after so few steps that is often the wrong one.
#
# ## 6. BLEU
#
# BLEU counts how many words, pairs, triples and quadruples of the translations are in the references. It is the fourth
# root of the product of the four shares, times a factor below 1 for translations that are too short. 0 is nothing, 100
# is the same. Count for this one:
#
# ```
#   translation   ein hund läuft im schnee .
#   reference     ein hund läuft im gras .
# ```
#
# Five of six words, three of five pairs, two of four triples, one of three quadruples: the fourth root of `5/6 · 3/5 ·
# 2/4 · 1/3 = 1/12` is .5373.
#
# A number without its *signature* says little: whether capitals count, and how words are cut, moves it by several
# points. So the library always gives both. `of_tokens` counts words in lower case as the network sees them, which is
# close to what the papers print; `of_text` joins them first and lets sacrebleu cut them by its rule 13a.

# %%
from sparse_mlp.datasets import TranslationPart
from sparse_mlp.translation import bleu_tokens, score

part = TranslationPart(data.test.pairs.select(np.arange(100)), data.test.source[:100], data.test.reference[:100])
try:
    by_hand = bleu_tokens(["ein hund läuft im schnee ."], ["ein hund läuft im gras ."])
    print("by hand:  ", by_hand, by_hand.matches, by_hand.totals)
    scored = score(model, vocabularies, part)
    print("of tokens:", scored.of_tokens)
    print("of text:  ", scored.of_text)
except ValueError as error:  # sacrebleu is an extra
    by_hand = scored = None
    print(error)

# %% [markdown]
# You should see 53.73 by hand, and on Multi30k a few points for the network: the frequent words alone are worth that
# much.
#
# ## 7. Do it well
#
# One command trains 13 passes, 4,953 steps, with the defaults of the model: CHTs every 100 steps, receptive fields as
# the first wiring, Adam, and a learning rate that rises for 1,000 steps. How long it takes on your computer stands in
# part 4. The second command measures BLEU on the test sentences; the others translate.
#
# ```
# sparse-mlp train --model transformer --dataset multi30k
# sparse-mlp evaluate runs/RUN
# sparse-mlp translate runs/RUN --split test --limit 10
# echo "Two dogs are playing in the snow." | sparse-mlp translate runs/RUN
# ```
#
# The table of the paper, with networks of our size and a verdict for each of its claims, is one command too, for an
# hour or two: `sparse-mlp reproduce translation-table --preset laptop --jobs 2`.
#
# ## What you have seen
#
# Words become numbers, and sentences become batches of equal work, as many in each pass. A loss that falls from the
# logarithm of the vocabulary first learns which words are frequent. A translation is searched for word by word, and
# BLEU judges it, with a signature. Links moved all the while, with no word about it in the code but the name of a rule.
#
# **Try it.** (a) Translate with `beam=1` and with `beam=8`. Do the three sentences change? (b) Load the set with
# `min_count=5`. How many words are unknown now, and by how much does a step become faster? (c) Train the other way
# round, with `direction="de-en"`.

# %%
assert numbers[-1] == 3 and words.decode(numbers) == " ".join(sentence.lower().split())
assert len(sizes) == task.n_batches and max(sizes) - min(sizes) < 100
assert (of_links < 0.5 * len(model.store.values)) == REAL
assert loss < (0.5 if REAL and not options.fast else 1) * blank
assert watch.losses[-1] < watch.losses[0] and len(found) == 3
if scored is not None:
    assert abs(by_hand.score - 100 * (1 / 12) ** 0.25) < 1e-9 and by_hand.matches == (5, 3, 2, 1)
    assert "tok:none" in scored.of_tokens.signature and "tok:13a" in scored.of_text.signature
print("All numbers are as stated.")

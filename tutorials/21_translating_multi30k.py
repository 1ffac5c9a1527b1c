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
# It takes about 30 s. It looks for Multi30k in `--data-dir`, `$SPARSE_MLP_DATA` and the cache, and takes the strings of
# tutorial 20 without it.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin
from sparse_mlp.datasets import available, load_translation

options = begin("train for fewer steps; every idea stays", data="multi30k")
figures = options.figures

REAL = "multi30k" in available(options.data_dir)
data = load_translation("multi30k" if REAL else "reversal", options.data_dir, download=False)
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
# ## 3. A few steps
#
# Three layers on either side, 128 features, one in ten links of every matrix. The dense parts, embeddings and the
# matrix that scores all words, hold most of what is left.

# %%
from sparse_mlp import Trainer
from sparse_mlp.evolution import make_rule
from sparse_mlp.models import SparseTransformer, summary_table
from sparse_mlp.optim import Adam

model = SparseTransformer(len(words), len(data.target_vocabulary), density=0.1, rng=0)
print(summary_table(model))

# %% [markdown]
# The loss of a network that knows nothing is the logarithm of the number of words. Which words will it learn first, and
# what will a network say that knows only those?

# %%
steps = 40 if options.fast else 150
trainer = Trainer(
    model, rule=make_rule("chts", zeta_schedule="cosine"), update_steps=50, rng=0, schedule="noam",
    optimizer=Adam(1.0, beta2=0.998, epsilon=1e-9, weight_decay=0.0),
    schedule_params={"width": model.width, "peak_step": 100},
)  # fmt: skip
some = np.random.default_rng(0).permutation(task.n_samples)[: round(task.n_samples * min(1, steps / task.n_batches))]
history = trainer.fit(Translation(data.train.pairs.select(some), batch_tokens=1024), epochs=1)
print(f"log of the vocabulary {np.log(len(data.target_vocabulary)):.2f}, loss {history.column('loss')[-1]:.2f}")
loss, accuracy = model.measure(data.validation.pairs)
print(f"after {trainer.step} steps: {accuracy:.1%} of the next words predicted right")

# %% [markdown]
# ## 4. Translating
#
# A translation is written word by word. To take the most probable word each time is *greedy*; a *beam* keeps the two
# best beginnings and goes on with both, since a good second word can make up for a worse first one. Long sentences have
# more factors below 1 than short ones, so their probability is divided by a *length penalty*.

# %%
from sparse_mlp.translation import Vocabularies, translate

vocabularies = Vocabularies(data.source_vocabulary, data.target_vocabulary)
few = data.test.source[:3]
for source, reference, found in zip(
    few, data.test.reference, translate(model, vocabularies, few, beam=2, alpha=1.0), strict=False
):
    print(f"source       {source}\nreference    {reference}\ntranslation  {found}\n")

# %% [markdown]
# You should see translations that begin well and then fall back on the most frequent words.
#
# What did the network read to predict each word? Each row of the picture adds up to 1.

# %%
from sparse_mlp.plotting import AttentionDisplay, save
from sparse_mlp.token_pairs import TokenPairs

pair = [words.encode(few[0])], [data.target_vocabulary.encode(data.test.reference[0])]
(weights,) = model.attention(TokenPairs.of(*pair))
spelled = ([vocabulary.words[n] for n in one[0]] for vocabulary, one in zip(vocabularies, pair, strict=True))
print("picture:", save(AttentionDisplay.from_weights(weights, *spelled), figures / "21_attention.png"))

# %% [markdown]
# ## 5. BLEU
#
# BLEU counts how many words, pairs, triples and quadruples of the translations are in the references, and punishes
# translations that are too short. 0 is nothing, 100 is the same. A number without its *signature* says little: whether
# capitals count, and how words are cut, moves it by several points.

# %%
from sparse_mlp.datasets import TranslationPart
from sparse_mlp.translation import score

part = TranslationPart(data.test.pairs.select(np.arange(100)), data.test.source[:100], data.test.reference[:100])
try:
    scored = score(model, vocabularies, part)
    print("of tokens ", scored.of_tokens)
    print("of text   ", scored.of_text)
except ValueError as error:  # sacrebleu is an extra
    print(error)

# %% [markdown]
# You should see a signature behind each number. Both are small so far.
#
# ## 6. Do it well
#
# The command trains 13 passes, 4,953 steps, with the defaults of the model: CHTs every 100 steps, first wiring by
# receptive fields, Adam, the learning rate of the paper. On two cores that takes some ten minutes.
#
# ```
# sparse-mlp train --model transformer --dataset multi30k
# sparse-mlp evaluate runs/RUN
# sparse-mlp translate runs/RUN --split test --limit 10
# echo "Two dogs are playing in the snow." | sparse-mlp translate runs/RUN
# ```
#
# After two passes the last line already says "zwei hunde spielen im schnee". The table of the paper, with networks of
# our size and a verdict for each of its claims, is one command too:
# `sparse-mlp reproduce translation-table --preset laptop --jobs 2`.

# %%
assert numbers[-1] == 3 and words.decode(numbers) == " ".join(sentence.lower().split())
assert len(sizes) == task.n_batches and max(sizes) - min(sizes) < 100
assert loss < np.log(len(data.target_vocabulary)) and np.allclose(weights.sum(axis=2), 1, atol=1e-5)
print("All numbers are as stated.")

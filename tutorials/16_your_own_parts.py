# %% [markdown]
# # 16 Your own parts
#
# You have an idea: links should grow where neurons have few, wirings should follow a band, an activation should be
# smooth. To try it you need not touch the package. A *part* of your own (a rule, a topology, a link predictor, an
# activation, a layer) is a function or a class of ten to thirty lines in a file of yours. You name it where you would
# name one of the package's: `"set"` becomes `"my_parts.py:poor_first"`, in Python, on the command line and in recipes.
#
# Here you write all five, and use each in every place where it can be used.
#
# It takes about 10 s. Its data come with scikit-learn.

# %%
import contextlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("fewer epochs; every idea stays")
figures = options.figures
temporary = tempfile.TemporaryDirectory(prefix="sparse_mlp_")
folder = Path(temporary.name)
EPOCHS = 5 if options.fast else 10

# %% [markdown]
# ## 1. Five parts in one file
#
# Read the file first. Each part has the signature that its kind asks for:
#
# - a **topology** is called `(n_in, n_out, links, rng, **options)` and returns a `SparseStructure` with exactly that
#   many links;
# - a **rule** is a function of its options that returns a rule. Here only the regrowth is new: it gets the layer, a
#   mask of the links that stay and the number of links to grow, and returns their ascending positions
#   `row * n_out + column`. `extends(three_stage_rule)` gives it the options that all rules share, with their
#   documentation;
# - a **predictor** takes the structure and returns a score for each position;
# - an **activation** is a `Layer`: a forward pass, which also returns what the backward pass needs, and a backward
#   pass;
# - a **layer** with weights also says what its `parameters` are, and returns their gradients.

# %%
PARTS = '''
import numpy as np

from sparse_mlp import SparseStructure
from sparse_mlp.evolution import three_stage_rule
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.layers import Layer
from sparse_mlp.options import extends


def banded(n_in, n_out, links, rng, *, width: float = 0.25):
    """Link neurons that have about the same place in their layers.

    Parameters
    ----------
    width : float
        Of the band, as a fraction of the layer. Small ones hold few links: what is left over follows in order.
    """
    far = np.abs(np.arange(n_in)[:, None] / n_in - np.arange(n_out) / n_out)
    order = np.argsort(np.where(far <= width, 0, far).ravel() + 1e-9 * rng.random(n_in * n_out))
    return SparseStructure.from_keys(np.sort(order[:links]), (n_in, n_out))


@extends(three_stage_rule, zeta=0.2)
def poor_first(*, power: float = 1.0, **shared):
    """Remove the smallest weights, regrow at neurons that have few links.

    Parameters
    ----------
    power : float
        How much poorer neurons are preferred; 0 is chance alone.
    """
    def regrow(layer, keep, k, *, rng):
        structure = layer.structure
        wealth = 1.0 + structure.degrees_in()[:, None] + structure.degrees_out()
        odds = (wealth**-power).ravel()
        odds[structure.keys()[keep]] = 0.0
        return np.sort(rng.choice(odds.size, k, replace=False, p=odds / odds.sum()))

    return three_stage_rule("poor-first", remove=remove_by_magnitude, regrow=regrow, **shared)


def rich_get_richer(structure):
    """Score a position by the product of the degrees at both ends."""
    return np.outer(structure.degrees_in(), structure.degrees_out())


class Swish(Layer):
    """Pass x * sigmoid(x)."""

    def forward(self, x, rng=None):
        gate = 1 / (1 + np.exp(-x))
        return x * gate, (x, gate)

    def backward(self, dy, cache):
        x, gate = cache
        return dy * (gate + x * gate * (1 - gate)), {}


class Gain(Layer):
    """Multiply each feature by a trained number."""

    def __init__(self, n, name="gain"):
        self.gain, self.name = np.ones(n, np.float32), name

    def parameters(self):
        return {"gain": self.gain}

    def forward(self, x, rng=None):
        return x * self.gain, x

    def backward(self, dy, x):
        return dy * self.gain, {"gain": (dy * x).sum(axis=0)}
'''
file = folder / "my_parts.py"
file.write_text(PARTS)
NAMES = "banded", "poor_first", "rich_get_richer", "Swish"
TOPOLOGY, RULE, PREDICTOR, ACTIVATION = (f"{file}:{name}" for name in NAMES)

# %% [markdown]
# The whole path is only needed because this tutorial works in a temporary folder. Next to your script it is
# `"my_parts.py:banded"`, or `"my_parts:banded"` for a module in the working directory or an installed package.
#
# ## 2. In Python
#
# A part may be named, or handed over itself: import it as you import everything.

# %%
from sparse_mlp import SparseMLP, Trainer, datasets
from sparse_mlp.evolution import make_rule
from sparse_mlp.link_prediction import top_links
from sparse_mlp.plotting import AdjacencyDisplay, save
from sparse_mlp.plugins import load
from sparse_mlp.topology import generate

banded = load(TOPOLOGY, "topology")
wiring = generate(TOPOLOGY, 64, 100, 0.1, rng=0, width=0.05)
print(wiring, "the same as handed over:", wiring == generate(banded, 64, 100, 0.1, rng=0, width=0.05))
print("links within the band:", f"{np.mean(np.abs(wiring.rows() / 64 - wiring.indices / 100) <= 0.05):.0%}")
rows, columns = top_links(wiring, PREDICTOR, 3)
print("next links by degree:", [(int(u), int(v)) for u, v in zip(rows, columns, strict=True)])
save(AdjacencyDisplay.from_structure(wiring), figures / "16_banded.png")

digits = datasets.standardize(datasets.load("digits"))
train, test = (digits.train_x, digits.train_y), (digits.test_x, digits.test_y)
model = SparseMLP([64, 100, 100, 10], density=0.1, topology=TOPOLOGY, activation=ACTIVATION, rng=0)
trainer = Trainer(model, rule=make_rule(RULE, power=2.0), rng=0)
history = trainer.fit(train, test, epochs=EPOCHS)
in_python = history.column("test_accuracy")[-1]
print(f"test accuracy {in_python:.3f} with a topology, a rule and an activation of our own")

# %% [markdown]
# You should see 640 links, almost all of them within the band, and an accuracy well above 0.9.
#
# A layer of your own goes between the others. Is its gradient right? `gradient_check` compares each trained number with
# a difference quotient, in double precision.

# %%
from sparse_mlp.layers import Dense, Sequential, SoftmaxCrossEntropy, SparseLinear, Tanh
from sparse_mlp.models import Network
from sparse_mlp.training import gradient_check


def with_gain(dtype):
    """Build a network with our layer between two of the package's."""
    gain = load(f"{file}:Gain", "layer")(64)
    gain.gain = gain.gain.astype(dtype)
    sparse = SparseLinear(generate("erdos-renyi", 64, 100, 0.1, rng=0), rng=0, dtype=dtype, name="sparse")
    return Network(Sequential([gain, sparse, Tanh(), Dense(100, 10, rng=1, dtype=dtype, name="readout")]))


check = gradient_check(with_gain(np.float64), train[0][:8].astype(np.float64), train[1][:8], SoftmaxCrossEntropy())
print(f"largest relative error of a gradient {check.relative_error:.1e}")
network = with_gain(np.float32)
Trainer(network, rule="set", rng=0).fit(train, test, epochs=EPOCHS)
gains = next(iter(network.root.children.values())).gain
accuracy_with_gain = float(np.mean(network.predict_scores(test[0]).argmax(axis=1) == test[1]))
print(f"test accuracy {accuracy_with_gain:.3f}, the gains lie between {gains.min():.2f} and {gains.max():.2f}")

# %% [markdown]
# You should see an error far below 1e-5, and gains that have moved away from 1: the layer is trained like any other.
#
# ## 3. On the command line
#
# The options of a part are those of its signature, and its help is its docstring. They are flags as soon as the part is
# chosen. (`main` is the command `sparse-mlp`; in a terminal you write the same words.)

# %%
from sparse_mlp.cli import main


def sparse_mlp(*words):
    """Run the command, and return what it prints."""
    printed, progress = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(progress), contextlib.suppress(SystemExit):
        main([str(word) for word in words])
    return printed.getvalue()


print(sparse_mlp("train", "--rule", RULE, "--help"))

# %%
small = ["--hidden", 100, 100, "--density", 0.1, "--epochs", EPOCHS, "--no-figures", "--json"]
parts = ["--topology", TOPOLOGY, "--width", 0.1, "--activation", ACTIVATION]
own_rule = json.loads(sparse_mlp("train", *small, *parts, "--rule", RULE, "--power", 2, "--out", folder / "own_rule"))
own_score = json.loads(
    sparse_mlp("train", *small, "--rule", "ch3l3", "--predictor", PREDICTOR, "--out", folder / "own_score")
)
again = json.loads(sparse_mlp("evaluate", folder / "own_rule", "--json"))
print(f"trained {own_rule['test_accuracy']:.3f}, evaluated from its folder {again['test_accuracy']:.3f}")
print("in config.json:", json.loads((folder / "own_rule" / "config.json").read_text())["rule"]["power"])

# %% [markdown]
# You should see the option `--power` in the help next to those that all rules share, and the same accuracy twice. The
# name of each part and its options are in `config.json`, so that `evaluate`, `resume` and the workers of a campaign
# import them too. That runs the code in the file: if somebody sends you a run with parts that lie in its folder, you
# are warned.
#
# ## 4. In a recipe
#
# A campaign compares your rule with SET. Parts are named as before.

# %%
recipe = folder / "mine.toml"
recipe.write_text(f"""
[settings]
model.hidden = [100, 100]
wiring.density = 0.1
training.epochs = {EPOCHS}

[methods.SET]
rule.name = "set"

[methods.mine]
rule.name = '{RULE}'
rule.power = 2.0
wiring.topology = '{TOPOLOGY}'
model.activation = '{ACTIVATION}'

[methods.score]
rule.name = "ch3l3"
rule.predictor = '{PREDICTOR}'

[presets.laptop]
datasets = ["digits"]
seeds = [0, 1]
""")
table = sparse_mlp("campaign", recipe, "--store", folder / "store")
print(table)

# %% [markdown]
# You should see three methods with two finished runs each. Nothing here says that your rule is better: for that you
# would choose the learning rate of each method on validation samples, and take more seeds (tutorials 03 and 15).
#
# **Try it.** (a) Let `poor_first` prefer rich neurons, with `--power -1`. What happens to the degrees? (b) Write a
# topology of two blocks without links between them; does SET find out? (c) Make an error in `Swish.backward` and see
# what `gradient_check` says.

# %%
assert wiring.nnz == 640 and wiring == generate(banded, 64, 100, 0.1, rng=0, width=0.05)
assert in_python > 0.9 and accuracy_with_gain > 0.9
assert check.relative_error < 1e-5 and np.abs(gains - 1).max() > 0.01
assert own_rule["links"] == 640 + 1000 + 1000 and own_rule["test_accuracy"] == again["test_accuracy"] > 0.85
assert own_score["test_accuracy"] > 0.85
assert table.count("FAILED") == 0 and [line.split()[2:4] for line in table.splitlines()[1:4]] == [["2", "2"]] * 3
temporary.cleanup()
print("All numbers are as stated.")

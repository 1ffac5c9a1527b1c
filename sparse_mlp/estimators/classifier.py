"""The classifier by a multilayer perceptron."""

from __future__ import annotations

from sparse_mlp.estimators.classification import SparseClassifier
from sparse_mlp.estimators.mlp import SparseMLPEstimator


class SparseMLPClassifier(SparseClassifier, SparseMLPEstimator):
    """Classify with a truly sparse multilayer perceptron whose wiring evolves while it trains.

    Inputs are used as they come: put a `StandardScaler` before it in a `Pipeline`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Neurons of each hidden layer. The layers up to the last hidden one are sparse, the read-out is dense.
    activation : str
        One of `models.ACTIVATIONS`; "logistic" is another name of "sigmoid".
    density : "auto" or float
        Fraction of the possible links that the sparse layers have, in (0, 1]. "auto" is 0.1, or one link for each
        neuron on average, 1 / (size of the smallest layer but the read-out), where that is more. Motifs count as
        neurons.
    topology : str
        One of `topology.TOPOLOGIES`; "correlated" and "snip" look at the samples that the first fit trains on.
    topology_params : mapping, optional
        Options of that topology, such as {"r": 0.1} for "receptive-field" or `topology.presets.DENDRITIC_PRESETS`' one
        for "dendritic"; None leaves them to it.
    motif_size : int
        Neurons that a link joins on either side, see `layers.MotifLinear`; divides the features and each hidden layer.
    motif_mode : {"shared", "block"}
        Whether all single links between two motifs share one weight, or have one each.
    pad : bool
        Whether features that motifs do not divide are made up to the next multiple, with zeros.
    rule : str or Rule
        One of `evolution.RULES`, or a rule of `evolution.make_rule`; "static" keeps the first wiring, "dense" makes
        all layers dense.
    zeta : float
        Fraction of the links that the rule replaces after each epoch.
    solver : {"adam", "sgd"}
    alpha : float
        Weight decay, never of biases: an L2 penalty for sgd, decoupled for adam.
    batch_size : "auto" or int
        "auto" is a fiftieth of the samples, at least 32 and at most 128.
    learning_rate : {"constant", "linear", "cosine", "step"}
        Schedule of the learning rate over `max_iter` epochs.
    learning_rate_init : float
        Learning rate at the start.
    max_iter : int
        Epochs at the most.
    shuffle : bool
        Whether each epoch sees the samples in a new order.
    random_state : None, int or numpy.random.RandomState
        Draws the seed of the one generator that everything is drawn from.
    tol : float
        Least change of the loss, or of the validation score, that counts as an improvement.
    verbose : bool
        Whether to write each epoch's loss to standard error.
    warm_start : bool
        Whether `fit` continues with the network that exists; the optimizer starts again, with today's parameters. A
        density that decays (chtss) continues from where it is.
    momentum, nesterovs_momentum : float, bool
        For sgd.
    early_stopping : bool
        Whether to watch the score on a part of the training data, instead of the loss, and to keep the best network.
    validation_fraction : float
        Size of that part, in (0, 1).
    beta_1, beta_2, epsilon : float
        For adam.
    n_iter_no_change : int
        Epochs without improvement after which training stops.
    backend : str, optional
        See `kernels.dispatch.choose_backend`.
    dtype : {"float32", "float64"}
        Precision of the network. X is converted to it once.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
    model_ : SparseMLP
    history_ : History
        Records of the epochs and topology updates of the last `fit` and the `partial_fit` calls after it.
    loss_curve_ : list of float
        Mean training loss of each epoch, of all trainings of this network.
    loss_, best_loss_ : float
        Its last and its smallest entry.
    validation_scores_, best_validation_score_ : list of float, float
        With `early_stopping`, else None: accuracy, or R² of a regressor.
    n_iter_ : int
        Epochs in `history_`.
    n_features_in_, n_layers_, n_outputs_ : int
        Inputs, layers of neurons, outputs; a classifier has one output for each class, also when there are two.
    feature_names_in_ : ndarray of str
        Where X had column names.
    out_activation_ : {"softmax", "identity"}

    Notes
    -----
    Truly sparse training by SET [Mocanu2018]: between two epochs the weights nearest to zero are replaced by
    as many links at random places. Parameters that scikit-learn's `MLPClassifier` also has are called as there.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> network = SparseMLPClassifier((200,), density=0.05, random_state=0).fit(X[:1400] / 16, y[:1400])
    >>> network.model_.sparse_layers[0].structure
    SparseStructure(64 x 200, 640 links, density 0.05)
    >>> network.score(X[1400:] / 16, y[1400:]) > 0.9
    True
    """

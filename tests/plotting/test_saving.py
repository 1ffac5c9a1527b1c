"""Pictures are written whole, small and without a screen; nothing global changes."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import AdjacencyDisplay, DegreeDisplay, LearningCurveDisplay, NetworkDisplay, save, style
from sparse_mlp.plotting import WeightDistributionDisplay as Weights

CURVE = [{"kind": "epoch", "epoch": e, "loss": 1.0 / e} for e in range(1, 9)]


@pytest.fixture
def curve():
    return LearningCurveDisplay.from_history(CURVE, "loss")


@pytest.mark.parametrize("make", [NetworkDisplay.from_model, DegreeDisplay.from_model, Weights.from_model])
def test_pictures_of_the_large_net_are_small(make, large_model, tmp_path):
    path = save(make(large_model), tmp_path / "picture.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert 2_000 < path.stat().st_size < 400_000


def test_adjacency_of_the_large_net_is_small(large_model, tmp_path):
    display = AdjacencyDisplay.from_structure(large_model.sparse_layers[1].structure)
    assert 2_000 < save(display, tmp_path / "picture.png").stat().st_size < 400_000


@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")])
def test_the_ending_gives_the_format(ending, magic, curve, tmp_path):
    assert save(curve, tmp_path / f"curve.{ending}").read_bytes().startswith(magic)


def test_same_figure_same_bytes(curve, tmp_path):
    first = save(curve, tmp_path / "1.png")
    second = save(LearningCurveDisplay.from_history(CURVE, "loss"), tmp_path / "2.png")
    assert first.read_bytes() == second.read_bytes()


def test_colours_survive_the_palette(tiny_model, tmp_path):
    from PIL import Image

    pixels = np.asarray(Image.open(save(NetworkDisplay.from_model(tiny_model), tmp_path / "n.png")).convert("RGB"), int)
    for color in ((0x00, 0x77, 0xBB), (0xCC, 0x33, 0x11)):
        assert np.abs(pixels - color).sum(axis=2).min() < 24


def test_failure_leaves_the_old_file(curve, tmp_path, monkeypatch):
    target = tmp_path / "curve.png"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("sparse_mlp.training.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(curve, target)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["curve.png"]


def test_bad_paths_are_refused(curve, tmp_path):
    with pytest.raises(InvalidInputError, match="picture format"):
        save(curve, tmp_path / "curve.jpgg")
    with pytest.raises(InvalidInputError, match="create it first"):
        save(curve, tmp_path / "nowhere" / "curve.png")


def test_what_was_plotted_is_what_is_saved(curve, tmp_path):
    axes = Figure().add_subplot()
    curve.plot(axes, label="mine")
    save(curve, tmp_path / "curve.png")
    assert curve.ax_ is axes and len(axes.lines) == 1


def test_subfigures_lead_to_their_figure(curve):
    figure = Figure()
    assert curve.plot(figure.subfigures(1, 2)[0].add_subplot()).figure_ is figure


def test_global_settings_stay(curve):
    before = mpl.rcParams.copy()
    curve.plot()
    assert mpl.rcParams == before


def test_axes_made_in_the_style_look_as_the_librarys_own(curve):
    before = mpl.rcParams.copy()
    with style():
        mine = curve.plot(Figure().add_subplot()).ax_
    own, plain = curve.plot().ax_, curve.plot(Figure().add_subplot()).ax_
    assert mpl.rcParams == before
    for theirs, same in ((mine, True), (plain, False)):
        assert (theirs.spines["top"].get_visible() == own.spines["top"].get_visible()) is same
        assert (theirs.lines[0].get_color() == own.lines[0].get_color()) is same


def test_notebooks_see_the_picture_once(curve):
    assert curve._repr_png_().startswith(b"\x89PNG")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    try:
        assert curve.plot(axes)._repr_png_() is None
    finally:
        plt.close(figure)


def test_package_comes_without_matplotlib_and_plotting_without_pyplot():
    code = (
        "import sys, sparse_mlp; assert 'matplotlib' not in sys.modules;"
        "import sparse_mlp.plotting; assert 'matplotlib' in sys.modules;"
        "assert 'matplotlib.pyplot' not in sys.modules; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_prompt_shows_what_to_do_with_a_display_and_not_its_data(curve):
    shown = "<LearningCurveDisplay: plot() draws it, plotting.save(it, 'name.png') writes the picture>"
    assert repr(curve) == shown

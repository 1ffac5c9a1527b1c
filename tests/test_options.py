"""Options are read from a function, and handed on to another one with their documentation."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from sparse_mlp.errors import InvalidInputError, check_options
from sparse_mlp.options import extends, options_of, pick


def remove_and_regrow(name: str, *, zeta: float = 0.3, percolate: bool = False, removal: str = "sign") -> Any:
    """Make a rule of two stages.

    Parameters
    ----------
    name : str
        Its name.
    zeta : float
        Fraction of the links
        that are replaced. More forgets more.
    percolate, removal : bool, {"sign", "magnitude"}
        What else is removed.

    Returns
    -------
    tuple
    """
    return name, zeta, percolate, removal


@extends(remove_and_regrow, "removal", zeta=0.2)
def deep(*, depth: int = 2, **shared: Any) -> Any:
    """Make a deep rule.

    Parameters
    ----------
    depth : int
        How deep.

    Returns
    -------
    tuple

    Notes
    -----
    Deeper than others.
    """
    return remove_and_regrow("deep", removal="magnitude", **shared), depth


def scores(*, ties: str = "index", order: int = 3) -> Any:
    """Score links.

    Parameters
    ----------
    ties : {"index", "random"}
        Who wins.
    order : int
        How far.
    """
    return ties, order


@extends(scores, ties="random")
@extends(deep, percolate=True)
def deeper(*, order: int = 5, **shared: Any) -> Any:
    """Make a deeper rule."""
    return deep(**pick(deep, shared)), scores(order=order, **pick(scores, shared))


def test_options_are_the_parameters_with_a_default() -> None:
    found = options_of(remove_and_regrow)
    assert list(found) == ["zeta", "percolate", "removal"]
    assert [option.default for option in found.values()] == [0.3, False, "sign"]
    assert [option.annotation for option in found.values()] == ["float", "bool", "str"]
    assert found["zeta"].help == "Fraction of the links that are replaced. More forgets more."
    assert found["zeta"].summary == "Fraction of the links that are replaced"
    assert found["removal"].choices == ("sign", "magnitude") and not found["zeta"].choices
    assert found["removal"].help == found["percolate"].help == "What else is removed."
    assert list(options_of(remove_and_regrow, skip=["zeta"])) == ["percolate", "removal"]


def test_classes_have_the_options_of_their_init() -> None:
    class Documented:
        """Do something.

        Attributes
        ----------
        depth : int
            How deep.
        """

        def __init__(self, size: int, depth: int = 2) -> None: ...

    class InInit:
        def __init__(self, depth: int = 2) -> None:
            """Begin.

            Parameters
            ----------
            depth : int
                How deep.
            """

    assert options_of(Documented)["depth"] == options_of(InInit)["depth"]
    assert options_of(InInit)["depth"].help == "How deep."


def test_undocumented_options_have_no_help() -> None:
    def bare(a=1, *, b=None): ...  # type: ignore[no-untyped-def]

    found = options_of(bare)
    assert [(o.name, o.default, o.annotation) for o in found.values()] == [("a", 1, ""), ("b", None, "")]
    assert not any(option.help or option.choices for option in found.values())


def test_an_extended_function_has_both_its_own_and_the_shared_options() -> None:
    assert str(inspect.signature(deep)) == (
        "(*, depth: 'int' = 2, zeta: 'float' = 0.2, percolate: 'bool' = False) -> 'Any'"
    )
    assert [option.help[:8] for option in options_of(deep).values()] == ["How deep", "Fraction", "What els"]
    doc = inspect.getdoc(deep)
    assert doc is not None and doc.index("zeta : float") < doc.index("Returns") < doc.index("Notes")
    assert "removal" not in doc and deep.__name__ == "deep"


def test_an_extended_function_gets_all_shared_options() -> None:
    assert deep() == (("deep", 0.2, False, "magnitude"), 2)
    assert deep(zeta=0.5, depth=3) == (("deep", 0.5, False, "magnitude"), 3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'removal'"):
        deep(removal="sign")


def test_options_are_checked_where_they_were_extended() -> None:
    check_options("rule deep", deep, {"zeta": 0.1, "depth": 1})
    with pytest.raises(InvalidInputError, match="did you mean 'zeta'"):
        check_options("rule deep", deep, {"zets": 0.1})


def test_extended_functions_can_be_extended_again() -> None:
    defaults = {option.name: option.default for option in options_of(deeper).values()}
    assert defaults == {"order": 5, "depth": 2, "zeta": 0.2, "percolate": True, "ties": "random"}
    assert all(option.help for option in options_of(deeper).values())
    assert options_of(deeper)["ties"].choices == ("index", "random")
    assert deeper(zeta=0.4) == ((("deep", 0.4, True, "magnitude"), 2), ("random", 5))
    with pytest.raises(TypeError, match="'tie'"):
        deeper(tie="index")


def test_own_text_counts_where_an_inherited_option_is_documented_again() -> None:
    @extends(remove_and_regrow)
    def own(**shared: Any) -> Any:
        """Make one.

        Parameters
        ----------
        zeta : float
            The paper says 0.3.
        """
        return shared

    found = options_of(own)
    assert found["zeta"].help == "The paper says 0.3." and found["percolate"].help == "What else is removed."
    assert (inspect.getdoc(own) or "").count("zeta : float") == 1


@pytest.mark.parametrize("change", [{"zeto": 0.1}, {"name": "x"}])
def test_only_options_of_the_base_can_be_changed(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(change))):
        extends(remove_and_regrow, **change)

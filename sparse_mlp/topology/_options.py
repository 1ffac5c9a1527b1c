"""Options by name, checked against the function that takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sparse_mlp.errors import check_choice, invalid


def check_options(what: str, function: Callable[..., Any], given: Mapping[str, Any], skip: Iterable[str] = ()) -> None:
    """Raise `InvalidInputError` if `function` has no parameter of a given name, apart from those to `skip`."""
    known = [key for key in inspect.signature(function).parameters if key not in set(skip)]
    for key in given:
        if not known:
            raise invalid(f"option {key}", "absent", f"{what} takes no options")
        check_choice(f"option of {what}", key, known)

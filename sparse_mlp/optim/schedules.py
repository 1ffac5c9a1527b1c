"""Learning rate schedules: from the number of a step, counted from 0, to its learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, check_options, invalid

Schedule = Callable[[int], float]


def make_schedule(name: str, base: float, total_steps: int, *, warm_up_steps: int = 0, **params: Any) -> Schedule:
    """Make a schedule by name; it can be pickled.

    Parameters
    ----------
    name : {"constant", "linear", "cosine", "step", "noam"}
    base : float
        Learning rate at the start, 0 or more.
    total_steps : int
        Steps of the whole run. Beyond it, a schedule stays where it ended.
    warm_up_steps : int
        Steps over which `warm_up` raises the rate first; 0 for none.
    **params
        See `constant`, `linear`, `cosine`, `step` and `noam`.

    Examples
    --------
    >>> schedule = make_schedule("linear", 0.025, 1000, until=0.9)
    >>> [round(schedule(step), 6) for step in (0, 450, 900, 999)]
    [0.025, 0.012625, 0.00025, 0.00025]
    """
    maker = SCHEDULES[check_choice("schedule", name, SCHEDULES)]
    check_options(f"schedule {name}", maker, params, skip=("base", "total_steps"))
    if name == "noam" and warm_up_steps:
        raise invalid(f"warm_up_steps={warm_up_steps} with schedule noam", "0", "it rises by itself up to peak_step")
    schedule = maker(check_number("base", base), check_integer("total_steps", total_steps), **params)
    return warm_up(schedule, warm_up_steps) if check_integer("warm_up_steps", warm_up_steps, minimum=0) else schedule


def constant(base: float, total_steps: int) -> Schedule:
    """Keep the learning rate."""
    return partial(_constant, base=base)


def linear(base: float, total_steps: int, final: float | None = None, until: float = 1.0) -> Schedule:
    """Fall in a straight line from `base` to `final`, then stay.

    Parameters
    ----------
    final : float, optional
        Learning rate at the end (default: a hundredth of that at the start).
    until : float
        Fraction of the run after which `final` is reached, in (0, 1]. CHT [Zhang2024] has 0.025 falling to
        2.5e-4 over the first 90 %.
    """
    final = 0.01 * base if final is None else check_number("final", final)
    return partial(_linear, base=base, final=final, fall_steps=check_fraction("until", until) * total_steps)


def cosine(base: float, total_steps: int, final: float = 0.0) -> Schedule:
    """Fall from `base` to `final` along half a wave of the cosine ([Loshchilov2017], without restarts).

    Parameters
    ----------
    final : float
        Learning rate at the end.
    """
    return partial(_cosine, base=base, final=check_number("final", final), total_steps=total_steps)


def step(base: float, total_steps: int, milestones: Sequence[float] = (0.5, 0.75), factor: float = 0.1) -> Schedule:
    """Multiply the learning rate by `factor` at each milestone.

    Parameters
    ----------
    milestones : sequence of float
        Fractions of the run, ascending, in [0, 1].
    factor : float
        Above 0.
    """
    fractions = [check_fraction("milestone", milestone, zero=True) for milestone in milestones]
    if fractions != sorted(set(fractions)):
        raise invalid(f"milestones={tuple(fractions)}", "ascending fractions, each once")
    starts = tuple(fraction * total_steps for fraction in fractions)
    return partial(_step, base=base, starts=starts, factor=check_number("factor", factor, strict=True))


def noam(
    base: float, total_steps: int, width: int | None = None, peak_step: int = 4000, restart_steps: int = 0,
    restart_every: int = 100,
) -> Schedule:  # fmt: skip
    """Rise in a straight line up to a step, then fall with one over the root of the step [Vaswani2017].

    Parameters
    ----------
    width : int, optional
        Features of a token, by whose root the rate is divided; those of the network if not given.
    peak_step : int
        Step of the highest rate, base / sqrt(width * peak_step).
    restart_steps : int
        Steps over which the rate rises again after every `restart_every` steps, see `restarts`; 0 for none.
    restart_every : int
        Steps between two of these; they should be those of the topology updates.

    Notes
    -----
    Step s, counted from 1, has :math:`base \\cdot d^{-1/2} \\min(s^{-1/2}, s\\,w^{-3/2})`. With restarts it is the
    "inoam" of [Zhang2025], but for the steps k * restart_every: there the published code has a rate of 0, for its
    update replaces the step.

    Examples
    --------
    >>> schedule = noam(1.0, 20000, width=512, peak_step=4000)
    >>> [f"{schedule(step - 1):.6e}" for step in (1, 4000, 16000)]
    ['1.746928e-07', '6.987712e-04', '3.493856e-04']
    """
    if width is None:
        raise invalid("schedule noam without width", "the features of a token")
    scale = base / math.sqrt(check_integer("width", width))
    schedule = partial(_noam, scale=scale, peak=check_integer("peak_step", peak_step))
    if not check_integer("restart_steps", restart_steps, minimum=0):
        return schedule
    return restarts(schedule, restart_every, restart_steps)


def restarts(schedule: Schedule, every: int, steps: int) -> Schedule:
    """Raise the rate in a straight line to that of a schedule over `steps` steps, again after each `every` steps.

    Step i, counted from 0, gets min(1, (i mod every + 1) / steps) of what the schedule says. New links of a topology
    update begin at small rates [Zhang2025].
    """
    every, steps = check_integer("restart_every", every), check_integer("restart_steps", steps)
    return partial(_restarts, schedule=schedule, every=every, steps=steps)


def warm_up(schedule: Schedule, steps: int) -> Schedule:
    """Raise the learning rate in a straight line to that of the schedule over the first `steps` steps.

    Step i of them gets (i + 1) / steps of what the schedule says; it is not shifted [Goyal2017].
    """
    return partial(_warm_up, schedule=schedule, steps=check_integer("warm-up steps", steps))


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "step": step,
    "noam": noam,
}


def _constant(step: int, base: float) -> float:
    return base


def _linear(step: int, base: float, final: float, fall_steps: float) -> float:
    done = min(1.0, step / fall_steps)
    return (1.0 - done) * base + done * final


def _cosine(step: int, base: float, final: float, total_steps: int) -> float:
    done = min(1.0, step / total_steps)
    return final + (base - final) * 0.5 * (1.0 + math.cos(math.pi * done))


def _step(step: int, base: float, starts: tuple[float, ...], factor: float) -> float:
    return base * factor ** sum(step >= start for start in starts)


def _warm_up(step: int, schedule: Schedule, steps: int) -> float:
    return schedule(step) * min(1.0, (step + 1) / steps)


def _noam(step: int, scale: float, peak: int) -> float:
    s = step + 1
    return scale * min(1 / math.sqrt(s), s / peak**1.5)


def _restarts(step: int, schedule: Schedule, every: int, steps: int) -> float:
    return schedule(step) * min(1.0, (step % every + 1) / steps)

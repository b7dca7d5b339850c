"""What would fit a GPU whose memory was too small for a fit? It is tried."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from terrazzo.comparison.assignment import Assignment
from terrazzo.comparison.methods import Method, Shrinking, shrinkable
from terrazzo.errors import TerrazzoError

BEGUN = "the GPU's memory is too small: "
LEAST_BATCH, LEAST_PATCH = 1, 32


def is_gpu_out_of_memory(error: Exception) -> bool:
    """Return whether it is torch's error, or one of ours that was raised from it."""
    return isinstance(error, torch.OutOfMemoryError) or isinstance(error.__cause__, torch.OutOfMemoryError)


def too_small(error: Exception) -> str:
    """Return a sentence that says so."""
    lacking = (str(error).strip().splitlines() or ["out of memory"])[0].rstrip(".")
    return f"{BEGUN}{lacking}; use another GPU or device cpu"


def what_would_fit(method: Method, assignment: Assignment) -> str | None:
    """Return a sentence with the settings, halved in turn, that one epoch runs with; None if none do."""
    own = {name: value for name, value in assignment.settings.items() if name not in ("seconds", "epochs", "steps")}
    for settings in halved(shrinkable(method, assignment)):
        _empty_cache()
        try:
            method.fit(replace(assignment, settings={**own, **settings}, seconds=None, epochs=1))
        except Exception as again:
            if is_gpu_out_of_memory(again):
                continue
            if isinstance(again, TerrazzoError):  # too small for the method itself
                break
            raise
        wanted = " and ".join(f"{name} {_plain(value)}" for name, value in settings.items())
        return f"{BEGUN}{wanted} would fit; set them, or use another GPU"
    return None


def halved(settings: Mapping[str, Shrinking]) -> Iterator[dict[str, Shrinking]]:
    """Yield the settings, first the first of them halved until it is 1, then the next, a length or one per axis, to 32.

    Lengths stay multiples of 32, as far as they are, for the strides of a network.
    """
    now = dict(settings)
    for place, (name, value) in enumerate(settings.items()):
        least = LEAST_PATCH if place else LEAST_BATCH
        while (smaller := _half(value, least)) != value:
            now[name] = value = smaller
            yield dict(now)


def _half(value: Shrinking, least: int) -> Shrinking:
    if isinstance(value, int):
        return value // 2 if value // 2 >= least and (least == LEAST_BATCH or value % (2 * least) == 0) else value
    return [_half(length, least) for length in value]  # type: ignore[misc]


def _plain(value: Shrinking) -> str:
    return str(value) if isinstance(value, int) else ",".join(map(str, value))


def _empty_cache() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

"""How sure a method is of test pixels that it gets right, and of others, before and after it was calibrated."""

from __future__ import annotations

from typing import Any

from distributed import Client

from terrazzo.blockwise.runs.count_confidence import count_confidence
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.models.fitted_model import FittedModel

AFTER, BEFORE = "confidence", "confidence_before"


def confidence_of(
    model: Any, image: Image, labels: Image, prediction: Result | Image, device: str, client: Client | None
) -> dict[str, Any]:
    """Return counts as JSON: of a model of a kind that gives probabilities, and of the same uncalibrated.

    None of it is measured.
    """
    result = prediction if isinstance(prediction, Result) else None
    if not isinstance(model, FittedModel) or (result is None and len(model.passes()) > 1):
        return {AFTER: None, BEFORE: None}
    plain = model.uncalibrated()
    counts = [
        None if one is None else count_confidence(one, image, labels, result, device=device, client=client)
        for one in (model, None if plain is model else plain)
    ]
    after, before = (None if one is None else one.tolist() for one in counts)
    return {AFTER: after, BEFORE: before}

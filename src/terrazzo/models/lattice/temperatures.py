"""By what logits are divided, so that probabilities are as sure as they are right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from terrazzo.models.fitted_model import check_temperature


@dataclass(frozen=True)
class Temperatures:
    """The temperatures of a lattice network's two answers (Guo et al. 2017); 1 leaves them as they are.

    Each has one of its own, since they learn from different things: shares of classes in superpixels, and pixels.

    Parameters
    ----------
    region : float
        Of superpixels: above 1 fewer of them are sure.
    pixel : float
        Of pixels that decide themselves.

    Raises
    ------
    ModelError
        If one is not above 0.
    """

    region: float = 1.0
    pixel: float = 1.0

    def __post_init__(self) -> None:
        for value in (self.region, self.pixel):
            check_temperature(value)

    def header(self) -> dict[str, Any]:
        """Return them as part of a model's header; nothing where they leave all as it is."""
        return {} if self == Temperatures() else {"temperatures": asdict(self)}

"""How a nested graph network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings
from terrazzo.training.rules.training import check_seed

Clustering = Literal["gaussian", "kmeans", "leiden"]
CLUSTERINGS = ("gaussian", "kmeans", "leiden")


@dataclass(frozen=True, kw_only=True)
class NestedTraining(Settings):
    """How a nested graph network is trained, and how its embedding becomes domains.

    Parameters
    ----------
    steps : int
        Of training.
    learning_rate : float
        The peak: it rises linearly over the first 20 steps and then falls as a cosine to 0 at the last.
    reconstruction : float
        What the error of the channels, made again, counts beside the contrastive loss.
    nodes : int
        How many nodes a step sees at most, about: of a larger graph the regions nearest to a place.
    domains : int, optional
        How many domains there are; without it the Bayesian information criterion chooses, from 2 to `most_domains`.
    most_domains : int
    clustering : {"gaussian", "kmeans", "leiden"}
        How the embedding becomes domains: a Gaussian mixture with one covariance for all, k-means, or communities of
        the nearest neighbours, whose number follows from `resolution`; the last needs leidenalg.
    resolution : float
        Of "leiden".
    blocks : int
        On images: how many small blocks, each four regions wide, of all of them together it is trained on, about.
    seed : int
        Of weights, windows, shuffling and clusters; torch's own state stays as it was.
    device : str
        "auto", "cpu", "cuda" or "cuda:0".

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    steps: int = 400
    learning_rate: float = 3e-3
    reconstruction: float = 10.0
    nodes: int = 4096
    domains: int | None = None
    most_domains: int = 15
    clustering: Clustering = "gaussian"
    resolution: float = 1.0
    blocks: int = 32
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("nodes", 2), ("domains", 1), ("most_domains", 2), ("blocks", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ParameterError(f"{name} is {value}; it must be at least {least}")
        for name in ("learning_rate", "resolution"):
            if not getattr(self, name) > 0:
                raise ParameterError(f"{name} is {getattr(self, name)}; it must be above 0")
        if not self.reconstruction >= 0:
            raise ParameterError(f"reconstruction is {self.reconstruction}; it must be at least 0")
        if self.clustering not in CLUSTERINGS:
            raise ParameterError(f"there is no clustering {self.clustering!r}; use 'gaussian', 'kmeans' or 'leiden'")
        if self.domains is not None and self.clustering == "leiden":
            raise ParameterError(
                "domains is given and leiden finds their number by itself; leave domains out, set resolution, or use "
                "'gaussian' or 'kmeans'"
            )
        check_seed(self.seed)

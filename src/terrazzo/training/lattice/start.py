"""Where does a fit begin? At another model's weights and scaling, under other classes if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from terrazzo.errors import ParameterError
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.regions.graphs.row_spread import RowSpread
from terrazzo.regions.statistics.features import FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.wording import listed

HEADS = ("region.", "decide.")
"""The weights with a row for each class: of superpixels, and of pixels."""

AGREEMENT = "crf.agreement"
"""The weights with a row and a column for each class."""

FREE = ("dropout", "sure")
"""Settings of a network that decide no shape, so that a fit may begin at one with others."""


@dataclass(frozen=True, eq=False)
class Start:
    """What a fit begins with.

    Parameters
    ----------
    model : LatticeModel
        Whose weights and scales they are.
    class_names : tuple of str
        The classes of the fit: those that the model has by the same name begin as they are there, others anew.
    spread : RowSpread, optional
        That of the superpixels, where they are those of the fit before: to measure it takes as long as many steps.
    """

    model: LatticeModel
    class_names: tuple[str, ...]
    spread: RowSpread | None = None

    def into(self, network: LatticeNetwork) -> None:
        """Bring the weights into a network of the same shape, whose rows of classes that are new stay as they are."""
        known = self.model.class_names
        pairs = [(row, known.index(name)) for row, name in enumerate(self.class_names) if name in known]
        weights = network.state_dict()
        with torch.no_grad():
            for name, given in self.model.network.state_dict().items():
                if name == AGREEMENT:
                    for here, there in pairs:
                        for row, column in pairs:
                            weights[name][here, row] = given[there, column]
                    continue
                if not name.startswith(HEADS):
                    weights[name].copy_(given)
                    continue
                for here, there in pairs:
                    weights[name][here].copy_(given[there])


def checked_start(start: Any) -> LatticeModel | None:
    """Return a model that a lattice network can be fitted from, or None; a ParameterError if it is of another kind."""
    if not isinstance(start, LatticeModel | None):
        what = getattr(start, "title", type(start).__name__)
        raise ParameterError(
            f"start is a {what}, and only a lattice network is fitted from another; give a model that fit has made, or "
            "leave start out"
        )
    return start


def check_superpixels(
    start: LatticeModel,
    superpixels: SuperpixelParameters | None,
    features: FeatureSet,
) -> None:
    """Raise a ParameterError if superpixels are to be made, or measured, in another way than those of a model."""
    if superpixels is not None:
        _refuse("superpixels", asdict(superpixels), asdict(start.recipe.superpixels))
    own, wanted = ([one.name for one in features] for features in (start.recipe.features, features))
    if own != wanted:
        raise ParameterError(
            f"the features are {listed(wanted)} and start was fitted on {listed(own)}; give "
            "features=start.recipe.features"
        )


def network_of(start: LatticeModel, network: LatticeSettings | None) -> LatticeSettings:
    """Return the settings of a network that begins at a model; a ParameterError if they ask for another shape."""
    if network is None:
        return start.settings
    size, own = start.recipe.superpixels.size, start.settings
    if own.sure > 1 and own.pixel_width == 2 * network.pixel_width:
        # it has the units of pixels that learned alone as well
        network = replace(network, pixel_width=own.pixel_width)
    free = {name: getattr(own, name) for name in FREE}
    _refuse("network", asdict(replace(network.on(size), **free)), asdict(own))
    return network


def _refuse(what: str, given: dict[str, Any], own: dict[str, Any]) -> None:
    unlike = [f"{name} is {value} and that of start {own[name]}" for name, value in given.items() if value != own[name]]
    if unlike:
        raise ParameterError(
            f"of the {what}, {'; '.join(unlike)}; leave them out, since a fit goes on with those of start"
        )


def start_classes(start: LatticeModel, named: Sequence[str] | None) -> dict[str, str] | None:
    """Return the classes of a model with their colours where nobody names others."""
    return None if named is not None else dict(zip(start.class_names, start.colours, strict=True))

"""Settings by name, as a test has them in one mapping, as the arguments that functions take."""

from terrazzo.comparison.settings import Limits, Splitting, Sweeps
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.unet.settings import UNetSettings
from terrazzo.settings import names_of, spread
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.rules.training import UNetTraining


def gnn(**flat):
    """The arguments of `fit_gnn`."""
    return _arguments(flat, GNNSettings, GNNTraining)


def lattice(**flat):
    """The arguments of `fit`."""
    return _arguments(flat, LatticeSettings, LatticeTraining)


def unet(**flat):
    """The arguments of `fit_unet`."""
    return _arguments(flat, UNetSettings, UNetTraining)


def comparing(*, methods=("lattice", "unet", "forest"), settings=None, split="image", **flat):
    """The arguments of `compare`."""
    kinds = {"split": Splitting, "limits": Limits, "sweeps": Sweeps}
    own = {name: value for name, value in flat.items() if name in names_of(*kinds.values())}
    values = dict(zip(kinds, spread({"by": split, **own}, *kinds.values()), strict=True))
    named = methods if settings is None else {name: settings.get(name, {}) for name in methods}
    return {name: value for name, value in flat.items() if name not in own} | values | {"methods": named}


def _arguments(flat, *kinds):
    own = {name: value for name, value in flat.items() if name in names_of(*kinds)}
    network, training = spread(own, *kinds)
    return {name: value for name, value in flat.items() if name not in own} | {"network": network, "training": training}

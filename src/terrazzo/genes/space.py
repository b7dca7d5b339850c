"""In which space are trees of genes drawn? Of each kind of network its parameters, with their ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from terrazzo.errors import ParameterError
from terrazzo.genes.anatomy import ANATOMIES
from terrazzo.genes.parameter import Choice, Parameter, Range, number_text, parameter_of

Kind = Literal["unet", "lattice"]

# What is counted, and what has a length along each axis.
COUNTS = ("depth", "convolutions", "levels", "rounds", "width", "pixel_width", "pyramid", "crf", "crf_steps")
LENGTHS = ("kernel", "pool", "size", "crf_radius")

# What networks may be without, and the parameter whose 0 says that they are.
OPTIONAL = {"pyramid": "pyramid", "crf": "crf", "crf_radius": "crf", "crf_steps": "crf_steps"}


@dataclass(frozen=True)
class Space:
    """What trees may be like.

    Parameters
    ----------
    kind : {"unet", "lattice"}
        Of which networks.
    parameters : sequence of Range or Choice
        All that such a network has.

    Raises
    ------
    ParameterError
        If a parameter is missing, is there twice, is none of such networks, or has values that none can have.
    """

    kind: Kind
    parameters: Sequence[Parameter]

    def __post_init__(self) -> None:
        check_kind(self.kind)
        object.__setattr__(self, "parameters", tuple(self.parameters))
        names = [parameter.name for parameter in self.parameters]
        expected = [parameter.name for parameter in DEFAULTS[self.kind, 2]]
        if sorted(names) != sorted(expected):
            raise ParameterError(
                f"a space of kind '{self.kind}' has the parameters {', '.join(names)}; it must have each of "
                f"{', '.join(expected)} once"
            )
        for parameter in self.parameters:
            _check_values(parameter)

    def __getitem__(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that leave a tree as it is, whatever their values at the root."""
        return tuple(one for one in self.parameters if one.name not in ANATOMIES[self.kind].structural)

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return {"kind": self.kind, "parameters": [parameter.plain() for parameter in self.parameters]}

    def said(self) -> dict[str, str]:
        """Return each parameter's values and deltas in words, without those of what no tree has."""
        return {
            one.name: one.said() + "".join(f" ±{number_text(delta)}" for delta in one.deltas)
            for one in self.parameters
            if one.name not in OPTIONAL or any(self[OPTIONAL[one.name]].ends)
        }


def default_space(kind: Kind = "unet", axes: int = 2, *changed: Parameter) -> Space:
    """Return the space that `search` draws from by default, with some parameters changed.

    Pyramids are drawn of volumes where a kernel or pool is changed to one that keeps sections apart, of length 1 along
    z.

    Parameters
    ----------
    kind : {"unet", "lattice"}
    axes : int
        2 for images, 3 for volumes.
    *changed : Range or Choice
        In place of those of the same name.
    """
    check_kind(kind)
    if axes not in (2, 3):
        raise ParameterError(f"axes of a space is {axes}; it must be 2 or 3")
    own = {parameter.name: parameter for parameter in DEFAULTS[kind, axes]}
    for parameter in changed:
        if parameter.name not in own:
            raise ParameterError(f"a '{kind}' has no parameter '{parameter.name}'; it has {', '.join(own)}")
        own[parameter.name] = parameter
    if axes == 3 and _keeps_sections_apart(changed) and "pyramid" not in {one.name for one in changed}:
        own["pyramid"] = Choice("pyramid", PYRAMIDS)
    return Space(kind, tuple(own.values()))


def space_of(plain: Any, axes: int = 2) -> Space:
    """Return the space of values of JSON; parameters that are left out are the default's.

    Raises
    ------
    ParameterError
        If they are none.
    """
    if not isinstance(plain, Mapping) or not {"kind"} <= set(plain) <= {"kind", "parameters"}:
        raise ParameterError("a space has a kind, 'unet' or 'lattice', and a list of parameters; see tz.Space")
    return default_space(plain["kind"], axes, *map(parameter_of, plain.get("parameters", ())))


def check_kind(kind: str) -> None:
    """Raise a ParameterError if trees build no such networks."""
    if kind not in ANATOMIES:
        raise ParameterError(f"there are no trees of kind '{kind}'; choose among {', '.join(ANATOMIES)}")


def _keeps_sections_apart(parameters: Sequence[Parameter]) -> bool:
    """Whether a kernel or a pool is longer within sections than along z, where its length is 1."""
    ends = [end for one in parameters if one.name in ("kernel", "pool") for end in one.ends if isinstance(end, tuple)]
    return any(end[0] == 1 and max(end) > 1 for end in ends)


def _check_values(parameter: Parameter) -> None:
    """Raise a ParameterError if values of a parameter are not the numbers that it needs."""
    name = parameter.name
    values = [one for end in parameter.ends for one in (end if name in LENGTHS and isinstance(end, tuple) else (end,))]
    if name == "kernel":
        fit = isinstance(parameter, Choice) and all(isinstance(one, int) and one > 0 and one % 2 for one in values)
        wanted = "a Choice of odd numbers, each alone or one for each axis"
    elif name in COUNTS + LENGTHS:
        fit = all(isinstance(one, int) for one in values)
        wanted = "whole numbers, such as a Range with whole=True"
    else:
        fit, wanted = all(isinstance(one, int | float) for one in values), "numbers"
    if not fit:
        raise ParameterError(f"{name} of a space is {parameter.said()}; give {wanted}")


PYRAMIDS = (0, 8, 16)
"""Channels of a pyramid on a network that keeps sections apart."""


def _unet(depth: tuple[int, int], width: tuple[int, int], kernels: tuple[Any, ...]) -> tuple[Parameter, ...]:
    return (
        Range("depth", *depth, whole=True),
        Range("convolutions", 1, 3, deltas=(0, 1), whole=True),
        Range("width", *width, deltas=(0.25, 0.5, 0.5), log=True, whole=True),
        Choice("kernel", kernels, deltas=(1, 1)),
        Choice("pool", (2,)),
        Choice("pyramid", (0,)),
        Choice("crf", (0, 3)),
        Choice("crf_radius", (2, 3)),
        Range("dropout", 0.0, 0.3),
        Range("learning_rate", 5e-4, 1e-2, log=True),
        Range("weight_decay", 1e-4, 1e-1, log=True),
    )


def _lattice(sizes: tuple[int, ...], levels: tuple[int, int]) -> tuple[Parameter, ...]:
    return (
        Range("levels", *levels, whole=True),
        Range("rounds", 1, 4, deltas=(1,), whole=True),
        Range("width", 16, 128, deltas=(0.5,), log=True, whole=True),
        Range("dropout", 0.0, 0.3),
        Range("pixel_width", 8, 64, deltas=(0.5,), log=True, whole=True),
        Choice("size", sizes),
        Choice("crf_steps", (0, 3)),
        Range("learning_rate", 5e-4, 1e-2, log=True),
        Range("weight_decay", 1e-5, 1e-2, log=True),
    )


DEFAULTS: dict[tuple[str, int], tuple[Parameter, ...]] = {
    ("unet", 2): _unet((2, 5), (4, 48), (3, 5)),
    ("unet", 3): _unet((1, 3), (4, 24), (3,)),
    ("lattice", 2): _lattice((16, 12, 8), (1, 4)),
    ("lattice", 3): _lattice((8, 6), (0, 1)),
}

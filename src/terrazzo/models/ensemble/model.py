"""Several fitted models as one: a kind of model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, BlockGrid
from terrazzo.errors import ModelError
from terrazzo.memory import table_bytes
from terrazzo.models.ensemble.placed_pass import grid_on
from terrazzo.models.ensemble.shared_passes import Placed, cell_of, figure_name, placed, shared_passes
from terrazzo.models.fitted_model import FittedModel, common_header
from terrazzo.models.kinds import FIRST_KIND, kind_named
from terrazzo.models.passes.declared import Pass
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.statistic import FeatureSet
from terrazzo.wording import counted, listed

if TYPE_CHECKING:
    from torch import Tensor

FEWEST = 2


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble(FittedModel):
    """Several fitted models as one: the mean of their probabilities, or their vote.

    A class is that of the highest mean, or of most votes; ties go to the lowest. Means are of probabilities in 8 bits,
    as images of them are written; where these are equal, the class that more members say is taken.

    Parameters
    ----------
    members : sequence of FittedModel
        At least two, of any kinds, with the same classes, channels and axes.
    vote : bool
        Whether each member counts for its class alone.
    fitted : dict
        How members were chosen: numbers for people.

    Raises
    ------
    ModelError
        If there are fewer than two members, one of them is an ensemble or is there twice, their classes, channels or
        axes differ, or one gives no probabilities and they do not vote.
    """

    members: tuple[FittedModel, ...]
    vote: bool = False
    fitted: dict[str, float] = field(default_factory=dict)
    class_names: tuple[str, ...] = field(init=False)
    colours: tuple[str, ...] = field(init=False)
    pixel_size: tuple[float, ...] | None = field(init=False)
    pixel_unit: str | None = field(init=False)
    seen: Distribution | None = field(init=False)

    kind = "ensemble"
    title = "ensemble"

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        check_members(self.members)
        first = self.members[0]
        seen = next((one.seen for one in self.members if one.seen is not None), None)
        for name in ("class_names", "colours", "pixel_size", "pixel_unit"):
            object.__setattr__(self, name, getattr(first, name))
        object.__setattr__(self, "seen", seen)
        self.passes()

    @property
    def axes(self) -> int:
        """The number of spatial axes of its images."""
        return self.members[0].axes

    @property
    def channels(self) -> int:
        """The number of channels of its images."""
        return self.members[0].channels

    @cached_property
    def _placed(self) -> list[Placed]:
        return placed(self.members, "cpu")

    @property
    def _measuring(self) -> list[Placed]:
        """The first member of each place in which superpixels are made."""
        return [one for one in self._placed if one.first]

    @property
    def _base(self) -> FittedModel:
        """The member of whose lattice the blocks are, and whose superpixels a result has, if any."""
        return next((one.model for one in self._measuring), self.members[0])

    def grid(self, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
        """Return the blocks of an image: of whole cells of every member, about as wide as the smallest of theirs."""
        grids = [member.grid(extent, block) for member in self.members]
        cells, base = [cell_of(member) for member in self.members], self._base.grid(extent, block)
        block_cells = []
        for axis, size in enumerate(base.lattice.size):
            step = math.lcm(STORAGE_CHUNKS_PER_BLOCK * size, *(cell[axis] for cell in cells))
            wanted = min(one.block_cells[axis] * one.lattice.size[axis] for one in grids)
            block_cells.append(max(1, round(wanted / step)) * step // size)
        return BlockGrid(base.lattice, tuple(block_cells))

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the members' passes before their last, once where members share them; then all their classes."""
        members = self._placed if device == "cpu" else placed(self.members, device)
        decides = self.fingerprint(), device
        return shared_passes(members, vote=self.vote, classes=len(self.class_names), decides=decides)

    def fingerprint(self) -> str:
        """Return a hash of the members and of how they decide."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        parts = (self.kind, self.vote, *(member.fingerprint() for member in self.members))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def check_image(self, channels: int, dtype: np.dtype[Any]) -> None:
        """Raise a TerrazzoError if images with these channels are none for one of the members."""
        for member in self.members:
            member.check_image(channels, dtype)

    def named_parameters(self) -> dict[str, Any]:
        """Return the parameters of the superpixels that a result has."""
        return self._base.named_parameters()

    def uncalibrated(self) -> Ensemble:
        """Return the ensemble of the same members before they were calibrated."""
        return replace(self, members=tuple(member.uncalibrated() for member in self.members))

    def probabilities_note(self) -> str | None:
        """Return what an image of probabilities holds where members vote."""
        if not self.vote:
            return None
        return f"the image of probabilities holds each class's share of the votes of {len(self.members)} models"

    def notes(self, figures: Mapping[str, int]) -> list[str]:
        """Return what the members have to warn of, each once."""
        found: dict[str, None] = {}
        for number, one in enumerate(self._placed):
            of_place = {name: name + one.place.suffix for its in one.passes[:-1] for name in its.figures}
            own = {name: figure_name(name, number) for name in one.passes[-1].figures}
            known = {name: figures[given] for name, given in (of_place | own).items() if given in figures}
            found |= dict.fromkeys(one.model.notes(known))
        return list(found)

    @property
    def node_columns(self) -> tuple[str, ...]:
        """The names of the features of the superpixels that a result has."""
        return self._base.node_columns

    @property
    def edge_columns(self) -> tuple[str, ...]:
        """The names of the features of their edges."""
        return self._base.edge_columns

    def pixels_computed(self, grid: BlockGrid) -> float | None:
        """Return the pixels that the superpixels of all blocks compute together."""
        computed = [one.model.pixels_computed(grid_on(grid, one.place.cell)) for one in self._measuring]
        return sum(one or 0.0 for one in computed) or None

    def most_rows(self, grid: BlockGrid) -> tuple[int, int]:
        """Return how many nodes and edges a result has at most."""
        return self._base.most_rows(grid)

    def bytes_meanwhile(self, grid: BlockGrid) -> int:
        """Return the bytes of superpixels and rows that members of another place keep until the run ends."""
        total, axes = 0, len(grid.lattice.shape)
        for one in self._measuring[1:]:
            there = grid_on(grid, one.place.cell)
            itemsize, (nodes, edges) = there.lattice.dtype.itemsize, one.model.most_rows(there)
            columns = len(one.model.node_columns), len(one.model.edge_columns)
            total += math.prod(grid.lattice.shape) * itemsize + table_bytes(nodes, edges, axes, itemsize, *columns)
        return total

    def header(self) -> dict[str, Any]:
        """Return how members decide, and the header of each, as values of JSON."""
        headers = [{"kind": one.kind, **one.header(), **common_header(one)} for one in self.members]
        return {"vote": self.vote, "members": headers}

    def tensors(self) -> dict[str, Tensor]:
        """Return the arrays of all members, those of the first under names that begin with "1."."""
        return {
            # copies: members that share some would share them in the file, which it refuses
            f"{number}.{name}": tensor.clone()
            for number, member in enumerate(self.members, 1)
            for name, tensor in member.tensors().items()
        }

    @classmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, Tensor], features: FeatureSet | None = None
    ) -> Ensemble:
        """Return the ensemble of a header and the tensors of its members; see `FittedModel.restored`."""
        members = []
        for number, own in enumerate(header["members"], 1):
            kind, begins = own.get("kind", FIRST_KIND), f"{number}."
            if kind == cls.kind:
                raise ModelError(_nested(number))
            theirs = {name.removeprefix(begins): t for name, t in tensors.items() if name.startswith(begins)}
            members.append(kind_named(kind).restored(own, theirs, features))
        return cls(tuple(members), bool(header["vote"]), header["fitted"])

    def described(self) -> dict[str, Any]:
        """Return how members decide, and what each says of itself."""
        members = [{"kind": one.title, **one.described()} for one in self.members]
        return {"decision": self._decision, "members": members}

    def said(self) -> dict[str, str | None]:
        """Return its members, how they decide and what they share, for people."""
        titles = [one.title for one in self.members]
        kinds = [counted(titles.count(title), title) for title in dict.fromkeys(titles)]
        return {"Members": listed(kinds), "Decision": self._decision}

    @property
    def _decision(self) -> str:
        return "vote" if self.vote else "mean of probabilities"


def check_members(members: tuple[FittedModel, ...]) -> None:
    """Raise a ModelError unless models may be one ensemble."""
    if len(members) < FEWEST:
        raise ModelError(f"an ensemble has {counted(len(members), 'model')}; give at least two")
    first, known = members[0], dict[str, int]()
    for number, one in enumerate(members, 1):
        if isinstance(one, Ensemble):
            raise ModelError(_nested(number))
        _check_same("classes", number, listed(one.class_names), listed(first.class_names))
        _check_same("channels", number, one.channels, first.channels)
        _check_same("axes", number, one.axes, first.axes)
        before = known.setdefault(one.fingerprint(), number)
        if before != number:
            raise ModelError(f"models {before} and {number} of the ensemble are the same; give each once")


def _check_same(what: str, number: int, found: object, wanted: object) -> None:
    if found != wanted:
        raise ModelError(
            f"model {number} of the ensemble has the {what} {found} and model 1 {wanted}; give models that were fitted "
            f"on the same {what}"
        )


def _nested(number: int) -> str:
    return f"model {number} of the ensemble is an ensemble itself; give its members in its place"

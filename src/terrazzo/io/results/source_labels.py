"""Labels inside the OME-Zarr image that they belong to: where they go, and how they get there whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.io.ngff import class_image, is_multiscale, multiscale, ome_metadata, origin
from terrazzo.io.readers.selection import select_text
from terrazzo.io.readers.zarr_reader import is_store
from terrazzo.io.results.leftovers import made_whole
from terrazzo.version import __version__

# our own attribute of a label image: which result it shows
MARK = "terrazzo"


@dataclass(frozen=True)
class SourceLabels:
    """The place of a label image in the group "labels" of an OME-Zarr image.

    Parameters
    ----------
    image : Path
        The group of the image.
    name : str
        Of the label image.
    """

    image: Path
    name: str

    @classmethod
    def of(cls, image: Image, name: str) -> SourceLabels:
        """Return the place for labels of an opened image.

        Raises
        ------
        InputError
            If it is no OME-Zarr image, or may not be written to.
        """
        group = _image_group(image)
        part = select_text(tuple(one for one in image.stored.selected if one.axis != "c"))
        if part:
            raise InputError(
                f"labels inside '{group}' are of all of it, and the image is open at {part}; write a result only"
            )
        if not os.access(group, os.W_OK):
            raise InputError(f"'{group}' is read-only, so labels cannot be written into it; write a result only")
        return cls(group, name)

    @property
    def path(self) -> Path:
        """The group of the label image."""
        return self.image / "labels" / self.name

    def shows(self, result_id: str) -> bool:
        """Whether the label image is there, whole, and shows the result with this id."""
        return self.path.exists() and self._mark().get("result") == result_id

    def check_free(self, overwrite: bool) -> None:
        """Raise an InputError if a label image is there that must stay."""
        if not self.path.exists():
            return
        if not overwrite:
            raise InputError(f"'{self.image}' has labels '{self.name}' already; add --overwrite to replace them")
        if not self._mark():
            raise InputError(
                f"'{self.image}' has labels '{self.name}' that terrazzo did not write, so they are not overwritten; "
                "rename or remove them first"
            )

    @contextmanager
    def filled(
        self, image: Image, pyramid: Pyramid, class_names: tuple[str, ...], colours: tuple[str, ...], result_id: str
    ) -> Iterator[LevelArrays]:
        """Give the empty arrays of classes; when the context ends well they are moved to their place, else removed.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        try:
            with made_whole(self.path, replacing=True) as made:
                arrays = LevelArrays(str(made), pyramid)
                attributes = self._attributes(image, pyramid, class_names, colours)
                group = zarr.create_group(made, zarr_format=self._format, attributes=attributes | _mark_of(result_id))
                arrays.create(group, np.dtype(np.uint8))
                yield arrays
        except OSError as error:
            raise InputError(f"labels cannot be written into '{self.image}': {error.strerror or error}") from error
        finally:
            if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()

    def register(self) -> None:
        """Name the label image in the group "labels", which is what viewers look at."""
        labels = zarr.open_group(self.path.parent, mode="a", zarr_format=self._format, use_consolidated=False)
        found = dict(ome_metadata(labels.attrs.asdict()))
        names = found.get("labels") or []
        if self.name not in names:
            found["labels"] = [*names, self.name]
            labels.attrs.update({"ome": {"version": "0.5"} | found} if self._format == 3 else found)
        image = zarr.open_group(self.image, mode="r")
        if image.metadata.consolidated_metadata is not None:
            zarr.consolidate_metadata(self.image, zarr_format=self._format)

    @property
    def _format(self) -> Any:
        return zarr.open_group(self.image, mode="r").metadata.zarr_format

    def _attributes(
        self, image: Image, pyramid: Pyramid, class_names: tuple[str, ...], colours: tuple[str, ...]
    ) -> dict[str, Any]:
        ome = ome_metadata(zarr.open_group(self.image, mode="r").attrs.asdict())
        starts = origin(ome, str((Path(image.path) / image.stored.key).relative_to(self.image)))
        factors = {str(level): steps for level, steps in enumerate(pyramid.factors)}
        first = [starts.get(axis, 0.0) for axis in image.axes]
        entry = multiscale(self.name, image.axes, image.pixel_size, image.pixel_unit, factors, origin=first)
        if self._format == 2:
            return class_image(entry, class_names, colours, version="0.4")
        return {"ome": class_image(entry, class_names, colours)}

    def _mark(self) -> dict[str, Any]:
        mark = zarr.open_group(self.path, mode="r").attrs.get(MARK) if is_store(self.path) else None
        return mark if isinstance(mark, dict) else {}


def _mark_of(result_id: str) -> dict[str, Any]:
    return {MARK: {"result": result_id, "version": __version__}}


def _image_group(image: Image) -> Path:
    """Return the OME-Zarr group that an image was opened from."""
    root = Path(image.path)
    for group in (root / image.stored.key).parents if image.stored.kind == "zarr" else ():
        if not group.is_relative_to(root):
            break
        if is_store(group) and is_multiscale(ome_metadata(zarr.open(group, mode="r").attrs.asdict())):
            return group
    raise InputError(f"'{image.path}' is no OME-Zarr image, so labels cannot be written into it; write a result only")

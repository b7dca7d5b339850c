"""HDF5: the dataset that is named behind the file's path, or the only image in the file."""

from __future__ import annotations

import json
import weakref
from contextlib import suppress
from typing import Any

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.failures import require_level
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.location import inside_file
from terrazzo.pixel_size import MICROMETRE


def describe(path: str, level: int) -> Description:
    """Describe the dataset at "file.h5/group/name", or the only image of a file or group; see `Description`."""
    with _opened(path) as file:
        dataset = _dataset(path, file, _split(path)[1])
        require_level(path, level, 1)
        _refuse_filters(path, dataset)
        size = _pixel_size(dataset)
        return Description(
            key=dataset.name,
            shape=dataset.shape,
            dtype=dataset.dtype,
            chunks=dataset.chunks,
            axes=_vigra_axes(dataset) or _labelled_axes(dataset),
            pixel_size=size,
            pixel_unit=MICROMETRE if size else None,
        )


def open_array(path: str, key: str) -> Any:
    """Open the dataset `key`, for windows."""
    file = _opened(path)
    dataset = file[key]
    # The file stays open for as long as the dataset is in use.
    weakref.finalize(dataset, file.close)
    return dataset


def _opened(path: str) -> Any:
    import h5py  # loads the HDF5 library, which other formats do without

    try:
        return h5py.File(_split(path)[0], "r")
    except OSError as error:
        if "unable to lock file" not in str(error):
            raise
        raise InputError(
            f"'{path}' is open for writing in another program; close it there, or set HDF5_USE_FILE_LOCKING=FALSE if "
            "it is finished"
        ) from error


def _split(path: str) -> tuple[Any, str]:
    found = inside_file(path)
    if found is None:
        raise InputError(f"There is no HDF5 file at '{path}'.")
    return found


def _dataset(path: str, file: Any, name: str) -> Any:
    node = file.get(name) if name else file
    if node is not None and hasattr(node, "shape"):
        return node
    images = _images(file if node is None else node)
    if node is None:
        raise InputError(f"'{path}' names nothing in the file{_advice(file, images)}.")
    if len(images) != 1:
        raise InputError(f"'{path}' holds {len(images)} arrays that can be images{_advice(file, images)}.")
    return file[images[0]]


def _images(group: Any) -> list[str]:
    """Names of the datasets with two long axes or more of real numbers; links out of the file are not followed."""
    found: list[str] = []

    def visit(_: str, node: Any) -> None:
        if hasattr(node, "shape") and node.shape and node.dtype.kind in "buif" and np.sum(np.array(node.shape) > 1) > 1:
            found.append(node.name)

    group.visititems(visit)
    return sorted(found)


def _advice(file: Any, images: list[str]) -> str:
    if not images:
        return ", an array of real numbers with two axes or more: save the image as one"
    listed = ", ".join(f"'{name}'" for name in images[:5])
    more = ", ..." if len(images) > 5 else ""
    return f"; it holds {listed}{more}: open one of these by its path, such as '{file.filename}{images[0]}'"


def _refuse_filters(path: str, dataset: Any) -> None:
    from h5py import h5z

    plan = dataset.id.get_create_plist()
    for number in range(plan.get_nfilters()):
        code, *_, name = plan.get_filter(number)
        if not h5z.filter_avail(code):
            called = name.decode(errors="replace").split(";")[0] or str(code)
            raise InputError(
                f"'{path}' is compressed by the HDF5 plugin {called}, which is not installed; compress it with gzip, "
                "or say where the plugin is in HDF5_PLUGIN_PATH."
            )


def _vigra_axes(dataset: Any) -> str | None:
    """Axes as ilastik and vigra write them: JSON in an attribute."""
    with suppress(KeyError, TypeError, ValueError):
        return "".join(str(axis["key"]) for axis in json.loads(dataset.attrs["axistags"])["axes"]).lower()
    return None


def _labelled_axes(dataset: Any) -> str | None:
    """Axes by HDF5's own dimension labels, where every label is one letter."""
    labels = [dimension.label for dimension in dataset.dims]
    return "".join(labels).lower() if all(len(label) == 1 for label in labels) else None


def _pixel_size(dataset: Any) -> dict[str, float] | None:
    """Size of a pixel as ImageJ's HDF5 plugin writes it: micrometres along z, y and x."""
    with suppress(KeyError, TypeError, ValueError):
        sizes = dict(zip("zyx", map(float, dataset.attrs["element_size_um"]), strict=True))
        return sizes if all(0 < length < np.inf for length in sizes.values()) else None
    return None

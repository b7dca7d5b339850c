"""Images and annotations as they are given to a fit, checked against each other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blockwise.inputs.data_array import check_same_places
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array, plane_array, size_of, tells_size
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.pixel_size import is_same_size, size_ratio
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, gap_note, mask_hint, value_counts
from terrazzo.training.rules.few_annotated import say_few_annotated
from terrazzo.training.rules.named_classes import (
    ClassNames,
    annotated_colours,
    chosen_colours,
    chosen_names,
    given_colours,
    named_classes,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class AnnotatedInputs:
    """What a model of any kind is fitted on.

    Parameters
    ----------
    images, annotations : sequence of Image or array
        As they were given.
    pixels : list of dask.array.Array, each (c, y, x) or (c, z, y, x)
    planes : list of dask.array.Array of whole numbers, each (y, x) or (z, y, x)
    axes, channels : int
        That all images have.
    class_names, colours : tuple of str
        One per class.
    """

    images: Sequence[ImageLike]
    annotations: Sequence[ImageLike]
    pixels: list[da.Array]
    planes: list[da.Array]
    axes: int
    channels: int
    class_names: tuple[str, ...]
    colours: tuple[str, ...]

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @property
    def drawn(self) -> bool:
        """Whether all annotations are shapes, which no map changes."""
        return all(isinstance(one, Image) and one.stored.kind == "drawn" for one in self.annotations)

    @property
    def pixel_size(self) -> tuple[tuple[float, ...] | None, str | None]:
        """The pixel size that all images have, but for rounding, and its unit."""
        return common_pixel_size(self.images)


def annotated_inputs(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    class_names: ClassNames | None = None,
    axes: int | None = None,
) -> AnnotatedInputs:
    """Return images and annotations with their classes: those named, else as many as the annotations hold.

    Parameters
    ----------
    images, annotations : sequence of Image or array
    class_names : sequence of str, or mapping of str to colour, optional
    axes : int, optional
        3 if arrays with three axes are volumes (z, y, x).

    Raises
    ------
    InputError
        If images differ in axes or channels, an annotation holds no whole numbers or, without names, other values than
        classes and 255, or a class below the highest has no pixel.
    ParameterError
        If they are no lists, or names and colours do not fit.
    """
    check_lists(images, annotations)
    for image, annotation in zip(images, annotations, strict=True):
        check_same_places(image, annotation, "the annotation")
    pixels = [image_array(image, axes) for image in images]
    axes, channels = common_axes(pixels, [path_of(image) for image in images])
    planes = [class_plane(annotation, axes) for annotation in annotations]
    named = named_classes(annotations, class_names)
    mapped = any(isinstance(one, Image) and type(one.stored) is not StoredArray for one in annotations)
    paths = [path_of(annotation) for annotation in annotations]
    names = chosen_names(named, count_classes(planes, mapped, paths) if named is None else len(named))
    given = given_colours(class_names) or annotated_colours(annotations, len(names))
    return AnnotatedInputs(
        images, annotations, pixels, planes, axes, channels, names, chosen_colours(given, len(names))
    )


def check_lists(images: object, annotations: object) -> None:
    """Raise an error unless there are lists with one annotation for each image."""
    if not isinstance(images, list | tuple) or not isinstance(annotations, list | tuple):
        raise ParameterError("images and annotations must be lists; write fit([image], [annotation])")
    if len(images) != len(annotations) or not images:
        raise InputError(f"{len(images)} images came with {len(annotations)} annotations; give one each")


def common_axes(arrays: Sequence[da.Array], paths: Sequence[str] = ()) -> tuple[int, int]:
    """Return the number of spatial axes and of channels that all images have; a message names the first of `paths`."""
    axes, channels = (sorted(set(counts)) for counts in zip(*((a.ndim - 1, a.shape[0]) for a in arrays), strict=True))
    if len(axes) > 1:
        raise InputError("some images have the spatial axes (y, x) and some (z, y, x); all must have the same")
    if len(channels) > 1:
        other = next(number for number, array in enumerate(arrays) if len(array) != len(arrays[0]))
        raise InputError(
            f"the images have {channels} channels, {_called(paths, 0)} {len(arrays[0])} and {_called(paths, other)} "
            f"{len(arrays[other])}; all must have the same number"
        )
    return axes[0], channels[0]


def common_pixel_size(images: Sequence[ImageLike]) -> tuple[tuple[float, ...] | None, str | None]:
    """Return the pixel size that all images have, but for rounding, and its unit."""
    known = [size_of(image) for image in images if tells_size(image)]
    if not known:
        return None, None
    ratios = [size_ratio(*one, *known[0]) for one in known]
    if None not in ratios and all(map(is_same_size, ratios)):
        return known[0]
    if any(size for size, _ in known):
        _log.warning("the images' pixels differ in size, or some are not known: the model remembers no pixel size")
    return None, None


def class_plane(annotation: ImageLike, axes: int) -> da.Array:
    """Return an annotation as a Dask array (y, x) or (z, y, x)."""
    plane = plane_array(annotation)
    if plane.ndim != axes or plane.dtype.kind not in "bui":
        raise InputError(
            f"an annotation is {plane.dtype} with {plane.ndim} axes; it must hold whole numbers {axis_names(axes)}, a "
            "class each"
        )
    return plane.astype(np.uint8) if plane.dtype.kind == "b" else plane


def count_classes(planes: Sequence[da.Array], mapped: bool = False, paths: Sequence[str] = ()) -> int:
    """Return one more than the highest class of all annotations, which are read; a message names one of `paths`.

    Raises
    ------
    InputError
        If a value is neither a class nor 255, or a class below the highest has no pixel in any of them.
    """
    named = zip(planes, paths or [""] * len(planes), strict=True)
    chunks = ((chunk, path) for plane, path in named for chunk in plane.to_delayed().ravel())
    counts = sum(dask.delayed(_value_counts)(*one) for one in chunks).compute()[:NOT_ANNOTATED]
    note = gap_note(counts, mapped)
    if note is not None and np.count_nonzero(counts) > 1:  # of one class alone there is more to say
        raise InputError(note)
    return int(np.flatnonzero(counts).max(initial=0)) + 1


def path_of(image: ImageLike) -> str:
    """Return the file of an image or annotation, for messages; empty if there is none."""
    return image.path if isinstance(image, Image) else ""


def _value_counts(values: NDArray[np.integer[Any]], path: str) -> NDArray[np.int64]:
    with about(path):
        return value_counts(values)


def _called(paths: Sequence[str], number: int) -> str:
    return f"'{paths[number]}'" if paths and paths[number] else f"image {number}"


def check_annotation(
    annotated: NDArray[np.float64], class_names: Sequence[str] | None = None, *, drawn: bool = False
) -> None:
    """Raise a ParameterError unless pixels of two classes are annotated; a warning names classes with very few."""
    refuse_one_class(annotated, class_names, drawn=drawn)
    say_few_annotated(annotated, class_names)


def refuse_one_class(
    annotated: NDArray[np.float64 | np.int64], class_names: Sequence[str] | None = None, *, drawn: bool = False
) -> None:
    """Raise a ParameterError unless pixels of two classes are annotated; `drawn` says that they are of shapes."""
    found = np.flatnonzero(annotated)
    if found.size == 0:
        raise ParameterError("no pixel is annotated; annotate some pixels of at least two classes")
    if found.size == 1:
        only = int(found[0])
        name = f"class {only}" if class_names is None else class_names[only]
        called = name if name == f"class {only}" else f"class '{name}'"
        mask = "" if drawn else f" or, {mask_hint(only)}"  # shapes have no values to map
        what = "draw some shapes" if drawn else "annotate some pixels"
        raise ParameterError(f"{called} is the only one annotated; {what} of another class{mask}")


def pixels_of(counts: Iterable[NDArray[np.unsignedinteger]]) -> NDArray[np.float64]:
    """Annotated pixels per class, over several tables of counts."""
    return np.sum([table.sum(axis=0, dtype=np.float64) for table in counts], axis=0)  # type: ignore[no-any-return]

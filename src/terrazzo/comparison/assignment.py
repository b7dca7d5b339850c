"""What a method is given: images on disk with their annotations, and how to learn from them; plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask.array as da

from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array, plane_array
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers.location import stem_of
from terrazzo.io.readers.selection import parse_select, select_text
from terrazzo.settings import names_of, spread


@dataclass(frozen=True)
class Source:
    """Where an image is, so that another process can open it.

    Parameters
    ----------
    path : str
    level : int
    axes : str
        The axes of the file.
    select : str
        What is opened of them, as `parse_select` reads it; nothing for all.
    """

    path: str
    level: int
    axes: str
    select: str = ""

    @classmethod
    def of(cls, image: Image) -> Source:
        """Return where an opened image is."""
        return cls(image.path, image.level, image.stored.axes, select_text(image.stored.selected))

    def image(self) -> Image:
        """Open it as an image."""
        return open_image(self.path, level=self.level, axes=self.axes, select=parse_select(self.select))

    def labels(self) -> Image:
        """Open it as a label image."""
        return open_labels(self.path, level=self.level, axes=self.axes, select=parse_select(self.select))


@dataclass(frozen=True)
class AnnotatedSource:
    """An image with the annotation, or the part of it, that counts."""

    name: str
    image: Source
    annotation: Source


@dataclass(frozen=True)
class Assignment:
    """What a method learns from, and under which rules.

    Parameters
    ----------
    sources : tuple of AnnotatedSource
        For training and for validation.
    validation : tuple of int
        Which of them tell when to stop: the same for every method.
    class_names : tuple of str
    seconds : float or None
        The most seconds of training.
    epochs : int or None
        The most epochs of a network; None for its own default.
    seed : int
    device : str
    settings : dict
        Of this method alone.
    """

    sources: tuple[AnnotatedSource, ...]
    validation: tuple[int, ...]
    class_names: tuple[str, ...]
    seconds: float | None = None
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"
    settings: dict[str, Any] = field(default_factory=dict)

    def images(self) -> list[Image]:
        """Open the images."""
        return [one.image.image() for one in self.sources]

    def annotations(self) -> list[Image]:
        """Open the annotations."""
        return [one.annotation.labels() for one in self.sources]

    def options(self) -> dict[str, Any]:
        """Return what a fit is told: the rules for all methods, then the settings of this one, which go before."""
        options = {
            "class_names": self.class_names,
            "validation": self.validation,
            "seconds": self.seconds,
            "seed": self.seed,
            "device": self.device,
        }
        if self.epochs is not None:
            options["epochs"] = self.epochs
        if self.settings.get("steps") is not None:  # its own length goes before that of all
            del options["seconds"]
        return options | self.settings

    def values(self, *kinds: type) -> tuple[Any, ...]:
        """Return a value of each kind of settings: the rules for all methods, then those of this one, by name."""
        known = names_of(*kinds)
        return spread({name: own for name, own in self.options().items() if name in known} | self.settings, *kinds)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Assignment:
        """Return what `dataclasses.asdict` wrote."""
        plain = dict(values)
        plain["sources"] = sources_from_json(plain["sources"])
        plain["validation"], plain["class_names"] = tuple(plain["validation"]), tuple(plain["class_names"])
        return cls(**plain)


def sources_from_json(values: Sequence[Mapping[str, Any]]) -> tuple[AnnotatedSource, ...]:
    """Return what `dataclasses.asdict` wrote."""
    return tuple(AnnotatedSource(one["name"], Source(**one["image"]), Source(**one["annotation"])) for one in values)


def check_pairs(images: Sequence[ImageLike], annotations: Sequence[ImageLike]) -> None:
    """Raise an error unless each image has an annotation of its extent."""
    if not isinstance(images, list | tuple) or not isinstance(annotations, list | tuple):
        raise ParameterError("images and annotations must be lists; write compare([image, …], [annotation, …], …)")
    if len(images) != len(annotations) or not images:
        raise InputError(f"{len(images)} images came with {len(annotations)} annotations; give one each")
    for name, image, annotation in zip(image_names(images), images, annotations, strict=True):
        extent, shape = image_array(image).shape[1:], plane_array(annotation).shape
        if shape != extent:
            axes = axis_names(len(extent))
            raise InputError(
                f"the annotation of {name} has {shape} pixels {axes} and its image {extent}; they must be equal"
            )


def image_names(images: Sequence[ImageLike]) -> list[str]:
    """Return a different name for each image: its file's, and a number where that is none or not the only one."""
    stems = [stem_of(Path(image.path)) if isinstance(image, Image) else "image" for image in images]
    return [stem if stems.count(stem) == 1 else f"{stem} {place}" for place, stem in enumerate(stems)]


def named_sources(images: Sequence[ImageLike], annotations: Sequence[ImageLike], folder: Path) -> list[AnnotatedSource]:
    """Return where each image and annotation is, once those in memory are written to a folder."""
    sources = []
    for place, (name, image, annotation) in enumerate(zip(image_names(images), images, annotations, strict=True)):
        opened = image if isinstance(image, Image) else _stored(image_array(image), folder / f"image-{place}.zarr")
        labels = annotation
        if not isinstance(labels, Image) or type(labels.stored) is not StoredArray:  # arrays, shapes, counts from 1
            labels = _stored_labels(plane_array(annotation), folder / f"annotation-{place}.zarr")
        sources.append(AnnotatedSource(name, Source.of(opened), Source.of(labels)))
    return sources


def _stored(array: da.Array, path: Path) -> Image:
    if not path.exists():
        write_ome_zarr(path, array, axes="czyx" if array.ndim == 4 else "cyx")
    return open_image(path)


def _stored_labels(array: da.Array, path: Path) -> Image:
    if not path.exists():
        write_ome_zarr(path, array, axes="zyx" if array.ndim == 3 else "yx")
    return open_labels(path)

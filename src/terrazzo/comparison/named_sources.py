"""Images and annotations as sources with names: what is not on disk as labels is written for other processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dask.array as da

from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array
from terrazzo.comparison.assignment import AnnotatedSource, Source
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.files import stem_of
from terrazzo.io.images.image import Image
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.images.stored_array import StoredArray


def check_pairs(images: Sequence[ImageLike], annotations: Sequence[ImageLike]) -> None:
    """Raise an error unless each image has an annotation of its extent."""
    if not isinstance(images, list | tuple) or not isinstance(annotations, list | tuple):
        raise ParameterError("images and annotations must be lists; write compare([image, …], [annotation, …], …)")
    if len(images) != len(annotations) or not images:
        raise InputError(f"{len(images)} images came with {len(annotations)} annotations; give one each")
    for name, image, annotation in zip(names_of(images), images, annotations, strict=True):
        extent, shape = image_array(image).shape[1:], _plane(annotation).shape
        if shape != extent:
            axes = axis_names(len(extent))
            raise InputError(
                f"the annotation of {name} has {shape} pixels {axes} and its image {extent}; they must be equal"
            )


def names_of(images: Sequence[ImageLike]) -> list[str]:
    """Return a different name for each image: its file's, and a number where that is none or not the only one."""
    stems = [stem_of(Path(image.path)) if isinstance(image, Image) else "image" for image in images]
    return [stem if stems.count(stem) == 1 else f"{stem} {place}" for place, stem in enumerate(stems)]


def named_sources(images: Sequence[ImageLike], annotations: Sequence[ImageLike], folder: Path) -> list[AnnotatedSource]:
    """Return where each image and annotation is, once those in memory are written to a folder."""
    sources = []
    for place, (name, image, annotation) in enumerate(zip(names_of(images), images, annotations, strict=True)):
        opened = image if isinstance(image, Image) else _stored(image_array(image), folder / f"image-{place}.zarr")
        labels = annotation
        if not isinstance(labels, Image) or type(labels.stored) is not StoredArray:  # arrays, shapes, counts from 1
            labels = _stored_labels(_plane(annotation), folder / f"annotation-{place}.zarr")
        sources.append(AnnotatedSource(name, Source.of(opened), Source.of(labels)))
    return sources


def _plane(annotation: ImageLike) -> da.Array:
    return annotation.plane if isinstance(annotation, Image) else da.asarray(annotation)


def _stored(array: da.Array, path: Path) -> Image:
    if not path.exists():
        write_ome_zarr(path, array, axes="czyx" if array.ndim == 4 else "cyx")
    return open_image(path)


def _stored_labels(array: da.Array, path: Path) -> Image:
    if not path.exists():
        write_ome_zarr(path, array, axes="zyx" if array.ndim == 3 else "yx")
    return open_labels(path)

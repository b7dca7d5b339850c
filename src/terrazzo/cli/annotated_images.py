"""Images and their annotations, as the commands that learn from them find and open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from terrazzo.cli.options import STACKED, Annotating, ReadingMany, parse_classes, parse_map, parsed_select

if TYPE_CHECKING:
    from terrazzo.io.annotations.annotation import Annotation
    from terrazzo.io.images.image import Image


@dataclass(frozen=True, eq=False)
class AnnotatedImages:
    """What a command learns from.

    Parameters
    ----------
    images : list of Image
    annotations : list of Annotation
        Of each image its own, all with the same classes.
    masks : list of Image or None
        Of each image its own, if masks are given.
    """

    images: list[Image]
    annotations: list[Annotation]
    masks: list[Image] | None


def open_annotated_images(
    images: str,
    annotations: str,
    output: Path,
    reading: ReadingMany,
    annotating: Annotating,
    *,
    classes: str | Mapping[str, str] | None = None,
    mask: str | None = None,
) -> AnnotatedImages:
    """Find images and annotations, pair them by name and open them.

    Parameters
    ----------
    images, annotations, mask : str
        A file, a folder or a glob each.
    output : path
        Which must be none of them.
    reading, annotating
        The options about images and about annotations.
    classes : str or mapping of str to str, optional
        As for --classes, or colours by name.

    Raises
    ------
    InputError
        If they do not pair, cannot be opened, or would be written over.
    """
    from terrazzo.io.annotations.open_annotation import open_annotations, open_mask
    from terrazzo.io.files import find_annotations, find_images, pair_by_stem
    from terrazzo.io.images.open_image import open_image
    from terrazzo.io.output_path import check_output

    pairs = pair_by_stem(find_images(images, stack=reading.stack), find_annotations(annotations, stack=reading.stack))
    paths = [image for image, _ in pairs]
    inside = [] if mask is None else pair_by_stem(paths, find_annotations(mask, stack=reading.stack), "mask")
    check_output(output, *(path for pair in (*pairs, *inside) for path in pair))
    opened = [open_image(image, **reading.opening()) for image in paths]
    drawn = open_annotations(
        [annotation for _, annotation in pairs],
        opened,
        classes=dict(classes) if isinstance(classes, Mapping) else parse_classes(classes),
        empty=annotating.empty,
        level=annotating.annotation_level,
        axes=annotating.annotation_axes,
        map=parse_map(annotating.map),
        select=parsed_select(annotating.annotation_select),
    )
    masked = [(path, image) for image, (_, path) in zip(opened, inside, strict=False)]
    masks = [open_mask(*pair, axes=STACKED if reading.stack else None) for pair in masked] if masked else None
    return AnnotatedImages(opened, drawn, masks)

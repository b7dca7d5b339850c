"""The classes that annotations name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from terrazzo.errors import ParameterError
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.palette import PALETTE, class_colours, is_colour

ClassNames: TypeAlias = Sequence[str] | Mapping[str, str]
"""A name per class, or a name and a colour `#rrggbb`."""


def named_classes(annotations: Sequence[Any], class_names: ClassNames | None) -> tuple[str, ...] | None:
    """Return the names of the classes: those given, else those of the annotations; None if nobody says.

    Raises
    ------
    ParameterError
        If an annotation was opened with other classes.
    """
    names = None if class_names is None else tuple(class_names)
    for annotation in annotations:
        own = annotation.class_names if isinstance(annotation, Annotation) else None
        if names is None:
            names = own
        if own is not None and names is not None and own != names:
            raise ParameterError(
                f"the classes of '{annotation.path}' are {', '.join(own)} and others are {', '.join(names)}; open all "
                "annotations with the same classes="
            )
    return names


def given_colours(class_names: ClassNames | None) -> tuple[str, ...] | None:
    """Return the colours that come with the names; None if none do."""
    return tuple(class_names.values()) if isinstance(class_names, Mapping) else None


def annotated_colours(annotations: Sequence[Any], classes: int) -> tuple[str, ...] | None:
    """Return a colour per class, the first that an annotation has for it, else the default's; None if none has any."""
    known = [one.colours for one in annotations if isinstance(one, Annotation) and one.colours is not None]
    if not known:
        return None
    found = (next((colour for colour in colours if colour is not None), None) for colours in zip(*known, strict=True))
    return tuple(colour or PALETTE[i % len(PALETTE)] for i, colour in zip(range(classes), found, strict=True))


def chosen_names(given: ClassNames | None, classes: int) -> tuple[str, ...]:
    """Return one name per class; a ParameterError if those given are not that many different ones."""
    names = tuple(f"class {i}" for i in range(classes)) if given is None else tuple(given)
    if len(names) != classes or len(set(names)) < classes or not all(names):
        raise ParameterError(
            f"class_names are {names}; give {classes} different ones, one per class, none of them empty"
        )
    return names


def chosen_colours(given: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    """Return one colour per class; a ParameterError if those given are not that many of the form #rrggbb."""
    colours = tuple(class_colours(classes, ()) if given is None else given)
    if len(colours) != classes or not all(map(is_colour, colours)):
        raise ParameterError(f"colours are {colours}; give {classes} of the form #rrggbb, one per class")
    return colours

"""What a method is given: images on disk with their annotations, and how to learn from them; plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_image, open_labels
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
    """

    path: str
    level: int
    axes: str

    @classmethod
    def of(cls, image: Image) -> Source:
        """Return where an opened image is."""
        return cls(image.path, image.level, image.stored.axes)

    def image(self) -> Image:
        """Open it as an image."""
        return open_image(self.path, level=self.level, axes=self.axes)

    def labels(self) -> Image:
        """Open it as a label image."""
        return open_labels(self.path, level=self.level, axes=self.axes)


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

"""What `project.json` says: superpixels, classes, images with their annotations, models with their scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.palette import is_colour
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import FeatureSet, statistic_named
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.version import __version__

PROJECT = "project.json"
FORMAT = 1


@dataclass(frozen=True)
class ProjectImage:
    """An image of a project.

    Parameters
    ----------
    name : str
        What it is called in the project, and what its graph and its result are named after.
    path, beside : str
        Where it is: from the root of the file system, and as seen from the project, which may move with it.
    annotation : str
        The file of what is drawn on it, as seen from the project; it need not be there yet.
    content : str
        A stamp of the image's files, which changes when they are written again.
    pixels : str
        A hash of its pixels in windows at fixed positions, by which a copy is known to be the same.
    level : int
        The level of a pyramid that is taken.
    axes : str or None
        The axes of the file, where it does not say them.
    """

    name: str
    path: str
    beside: str
    annotation: str
    content: str
    pixels: str
    level: int = 0
    axes: str | None = None


@dataclass(frozen=True)
class ProjectModel:
    """A model that was fitted in a project.

    Parameters
    ----------
    file : str
        As seen from the project.
    start : str or None
        The file of the model that it began with.
    images : list of str
        The names of the images that something was drawn on.
    annotated : dict of str to int
        The annotated pixels of each class.
    scores : dict of str to float
        How the fit went.
    """

    file: str
    start: str | None
    images: list[str]
    annotated: dict[str, int]
    scores: dict[str, float]


@dataclass(frozen=True)
class ProjectFile:
    """What a project knows.

    Parameters
    ----------
    superpixels : SuperpixelParameters
        How images become superpixels.
    features : tuple of Statistic
        What is measured of them.
    channels : int
        Of all images; 0 while there is none.
    block : int or None
        About how many pixels wide blocks are.
    classes : dict of str to str
        The name of each class, in the order of their values, with its colour `#rrggbb`.
    images : tuple of ProjectImage
    models : tuple of ProjectModel
        The newest is the last.
    """

    superpixels: SuperpixelParameters
    features: FeatureSet
    channels: int
    block: int | None
    classes: dict[str, str]
    images: tuple[ProjectImage, ...] = ()
    models: tuple[ProjectModel, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """How images become superpixels, and what is measured of them."""
        return Recipe(self.channels, self.superpixels, self.features)

    def image(self, name: str) -> ProjectImage:
        """Return the image of a name; an InputError if there is none."""
        for one in self.images:
            if one.name == name:
                return one
        there = ", ".join(one.name for one in self.images) or "none yet"
        raise InputError(f"the project has no image '{name}'; its images are {there}")

    def with_image(self, image: ProjectImage) -> ProjectFile:
        """Return the same with one more image, or with another in place of the one of its name."""
        names = [one.name for one in self.images]
        if image.name not in names:
            return replace(self, images=(*self.images, image))
        return replace(self, images=tuple(image if one.name == image.name else one for one in self.images))


def read_project(folder: Path) -> ProjectFile:
    """Read `project.json`.

    Raises
    ------
    InputError
        If there is none, or it is damaged or of a newer version.
    """
    file = folder / PROJECT
    if not file.is_file():
        raise InputError(f"'{folder}' is no project (it holds no {PROJECT}); make one with terrazzo project init")
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        if plain["format"] > FORMAT:
            raise InputError(
                f"'{folder}' was made by terrazzo {plain['version']} and this is {__version__}; install a newer one"
            )
        classes = {str(one["name"]): str(one["color"]) for one in plain["classes"]}
        if not all(map(is_colour, classes.values())):
            raise ValueError(f"the colours {list(classes.values())}")
        images = tuple(_of(ProjectImage, one) for one in plain["images"])
        models = tuple(_of(ProjectModel, one) for one in plain["models"])
        given: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in plain["superpixels"].items()
        }
        made = SuperpixelParameters(**given)
        features = tuple(map(statistic_named, plain["statistics"]))
        return ProjectFile(made, features, int(plain["channels"]), plain["block"], classes, images, models)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"'{file}' is damaged ({error!r}); put back the one that you have saved") from error


def write_project(folder: Path, project: ProjectFile) -> None:
    """Write `project.json`, whole or not at all."""
    plain = {
        "format": FORMAT,
        "version": __version__,
        "superpixels": asdict(project.superpixels),
        "statistics": [one.name for one in project.features],
        "channels": project.channels,
        "block": project.block,
        "classes": [{"name": name, "color": colour} for name, colour in project.classes.items()],
        "images": list(map(asdict, project.images)),
        "models": list(map(asdict, project.models)),
    }
    with reported_as_not_written(folder):
        partial = folder / f".{PROJECT}.partial"
        partial.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / PROJECT)


def _of(kind: Any, plain: Mapping[str, Any]) -> Any:
    return kind(**{own.name: plain[own.name] for own in fields(kind)})

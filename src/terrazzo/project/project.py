"""A project on disk: images by path, what is drawn on them, graphs that are computed once, models and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blockwise.runs.write_classes import write_classes
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.model_file import open_model, write_fitted
from terrazzo.io.results.result import Result, open_result
from terrazzo.lattice import spacing
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.project.drawn import drawn_images, name_classes
from terrazzo.project.fit_graphs import fit_graphs
from terrazzo.project.kept_tables import AnnotatedGraph
from terrazzo.project.lock import locked
from terrazzo.project.measuring import forget_graph, graph_path, is_measured, measured_graph, tables_path
from terrazzo.project.project_file import (
    PROJECT,
    ProjectFile,
    ProjectImage,
    ProjectModel,
    read_project,
    write_project,
)
from terrazzo.project.project_images import new_image, opened_image, seen_from
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.project.visible import window_classes
from terrazzo.project.what_images_share import coloured, fitting, on_axes
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.statistics.features import LATTICE_FEATURES
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.start import Start
from terrazzo.wording import by

FOLDERS = ("annotations", "graphs", "tables", "models", "results")


@dataclass(frozen=True)
class Project:
    """A project that is there, at its folder; see `Project.begin` for a new one.

    What it knows is on disk: a handle is small, and two of them say the same. What writes holds the project while it
    does: another program is told, and `held` does so for longer.

    Parameters
    ----------
    folder : path

    Raises
    ------
    InputError
        If there is no project.

    Examples
    --------
    >>> study = tz.Project("study")  # doctest: +SKIP
    >>> study.fit()  # doctest: +SKIP
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).expanduser().resolve())
        read_project(self.folder)

    @classmethod
    def begin(
        cls,
        folder: str | Path,
        images: Sequence[Any] = (),
        *,
        size: int | Sequence[int] | None = None,
        classes: Sequence[str] | Mapping[str, str] = (),
        superpixels: SuperpixelParameters | None = None,
        block: int | None = None,
    ) -> Project:
        """Make a project; where one with the same superpixels is there, it goes on.

        Parameters
        ----------
        folder : path
            A new one, or an empty one.
        images : sequence of path
            As for `add`.
        size : int or sequence of int, optional
            The spacing of superpixels in pixels: 16, unless `superpixels` say it.
        classes : sequence of str, or mapping of str to colour, optional
            In the order of their values; names that are drawn later are added to them.
        superpixels : SuperpixelParameters, optional
        block : int, optional
            About how many pixels wide blocks are.

        Raises
        ------
        InputError
            If the folder holds something else, or a project with other superpixels.
        """
        target = Path(folder).expanduser()
        asked = superpixels or SuperpixelParameters()
        if size is not None:
            asked = replace(asked, size=spacing(size, len(asked.size) if np.ndim(size) == 0 else len(size)))  # type: ignore[arg-type]
        if (target / PROJECT).is_file():
            there = read_project(target).superpixels
            if (size, superpixels) != (None, None) and on_axes(asked, len(there.size)) != there:
                raise InputError(
                    f"'{target}' is a project with superpixels of {by(there.size)} pixels, or made otherwise; leave "
                    "size and superpixels out to go on with it, or choose another folder"
                )
        else:
            if target.exists() and (not target.is_dir() or any(target.iterdir())):
                raise InputError(f"'{target}' exists and is no project; choose another folder, or empty it")
            for name in FOLDERS:
                (target / name).mkdir(parents=True, exist_ok=True)
            write_project(target, ProjectFile(asked, LATTICE_FEATURES, 0, block, {}))
        project = cls(target)
        project.name_classes(classes)
        project.add(images)
        return project

    @property
    def known(self) -> ProjectFile:
        """What `project.json` says."""
        return read_project(self.folder)

    @property
    def unmeasured(self) -> list[str]:
        """The names of images whose graphs are not computed yet."""
        return [name for name in self.images if not is_measured(self.folder, name)]

    @property
    def images(self) -> tuple[str, ...]:
        """The names of its images."""
        return tuple(one.name for one in self.known.images)

    @property
    def classes(self) -> dict[str, str]:
        """The name of each class, in the order of their values, with its colour."""
        return self.known.classes

    @property
    def models(self) -> tuple[ProjectModel, ...]:
        """Its models with their scores; the newest is the last."""
        return self.known.models

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the project for as long as the context lasts: another program that would write is told."""
        with locked(self.folder):
            yield

    def add(
        self,
        images: Sequence[Any],
        *,
        annotations: Sequence[Any] | None = None,
        level: int = 0,
        axes: str | None = None,
        overwrite: bool = False,
    ) -> None:
        """Add images by their paths; no graph is computed yet.

        One of a name that is there and with the same pixels is where it is said to be from now on.

        Parameters
        ----------
        images : sequence of path
        annotations : sequence of path, optional
            Of each image the file of what is drawn on it, which need not be there yet: by default
            `annotations/NAME.geojson` in the project.
        level, axes
            As for `open_image`.
        overwrite : bool
            Whether an image of the same name and with other pixels takes the place of the one that is there.

        Raises
        ------
        InputError
            If an image cannot be opened, has other axes or channels than those that are there, or other pixels than the
            one of its name.
        """
        drawn: Sequence[Any] = [None] * len(images) if annotations is None else annotations
        if len(drawn) != len(images):
            raise ParameterError(f"{len(images)} images came with {len(drawn)} annotations; give one each")
        with self.held():
            for path, annotation in zip(images, drawn, strict=True):
                self._add(new_image(self.folder, path, annotation, level, axes), annotation is None, overwrite)

    def image(self, name: str) -> Image:
        """Return an image; an InputError if it is not where it was or has changed."""
        return opened_image(self.folder, self.known.image(name))[0]

    def annotation_path(self, name: str) -> Path:
        """Return the file of what is drawn on an image, which need not be there."""
        return self.folder / self.known.image(name).annotation

    def name_classes(self, classes: Sequence[str] | Mapping[str, str]) -> None:
        """Add classes after those that are there, each with a colour of its own or one of the palette."""
        with self.held():
            name_classes(self.folder, coloured(classes))

    def draw_in(self, name: str, path: str | Path) -> None:
        """Say in which file is what is drawn on an image from now on; the file of before stays as it is."""
        with self.held():
            known = self.known
            file = seen_from(self.folder, path)
            write_project(self.folder, known.with_image(replace(known.image(name), annotation=file)))

    def graph(self, name: str) -> Result:
        """Return the superpixels and graph of an image; an InputError if they are not computed yet."""
        self.known.image(name)
        if name in self.unmeasured:
            raise InputError(
                f"the graph of image '{name}' is not computed yet; run terrazzo project add '{self.folder}'"
            )
        return open_result(graph_path(self.folder, name))

    def model(self) -> LatticeModel | None:
        """Return the newest model; None if nothing is fitted."""
        models = self.known.models
        if not models:
            return None
        found = open_model(self.folder / models[-1].file)
        return found if isinstance(found, LatticeModel) else None

    def fitted(self) -> LatticeModel:
        """Return the newest model; an InputError if nothing is fitted."""
        model = self.model()
        if model is None:
            raise InputError(f"nothing is fitted in '{self.folder}'; draw on an image and run terrazzo project fit")
        return model

    @shows_progress
    def measure(self, names: Sequence[str] | None = None, *, client: Client | None = None) -> None:
        """Compute the superpixels and graphs that are not there; called again, it goes on where it stopped.

        Parameters
        ----------
        names : sequence of str, optional
            By default all images.
        client : distributed.Client, optional
            Where, as for `write_prediction`.
        """
        with self.held():
            self._graphs(names, client)

    @shows_progress
    def fit(
        self,
        *,
        network: LatticeSettings | None = None,
        training: LatticeTraining | None = None,
        anew: bool = False,
        client: Client | None = None,
    ) -> LatticeModel:
        """Fit a model on what is drawn, from the weights of the newest model, and keep it with its scores.

        Parameters
        ----------
        network : LatticeSettings, optional
            By default that of the newest model, or the default.
        training : LatticeTraining, optional
            By default 2 epochs, of 50 steps, at a rate of 0.001 from a model, and `LatticeTraining()` from nothing.
        anew : bool
            Whether to begin at nothing, though there is a model.
        client : distributed.Client, optional
            Where blocks are computed that are not there yet.

        Raises
        ------
        InputError
            If nothing is drawn, a shape lies outside its image, or an image is not where it was.
        ParameterError
            If what is drawn cannot be learned from.
        """
        with self.held():
            graphs = self._graphs([one.name for one in drawn_images(self.folder)], client)
            # read again after graphs, which take long: what was drawn meanwhile counts
            drawn = [one for one in drawn_images(self.folder) if one.name in graphs]
            known, how_trained = self.known, training or LatticeTraining()
            weighted = BoundaryWeights(how_trained.boundary, how_trained.boundary_width)
            annotated = [
                AnnotatedGraph(
                    one.image,
                    one.annotation,
                    graphs[one.name],
                    tables_path(self.folder, one.name),
                    len(known.classes),
                    how_trained.samples,
                    weighted,
                )
                for one in drawn
            ]
            start = None if anew else self.model()
            names = [one.name for one in drawn]
            same = start is not None and known.models[-1].images == names
            begun = None if start is None else Start(start, tuple(known.classes), start.spread if same else None)
            how: dict[str, Any] = {"network": network, "training": training, "start": begun, "client": client}
            model, pixels = fit_graphs(annotated, known.recipe, known.classes, **how)
            self._keep(model, names, pixels, begun is not None)
            return model

    @shows_progress
    def predict(
        self,
        names: Sequence[str] | None = None,
        *,
        probabilities: bool = False,
        device: str = "auto",
        client: Client | None = None,
    ) -> list[Result]:
        """Write the classes that the newest model gives, into `results/NAME.zarr`; called again it goes on.

        Parameters
        ----------
        names : sequence of str, optional
            By default all images.
        probabilities, device, client
            As for `write_prediction`.
        """
        with self.held():
            model = self.fitted()
            options: dict[str, Any] = {"probabilities": probabilities, "device": device, "client": client}
            return [
                write_classes(
                    model, self.image(name), graph.result, self.folder / "results" / f"{name}.zarr", **options
                )
                for name, graph in self._graphs(names, client).items()
            ]

    def window(self, name: str, window: tuple[slice, ...], *, device: str = "auto") -> NDArray[np.uint8]:
        """Return the classes that the newest model gives of a window, (y, x) or (z, y, x), and write nothing.

        Parameters
        ----------
        name : str
            The image, whose graph must be there.
        window : tuple of slice
        device : str
        """
        return window_classes(self.fitted(), self.image(name), StoredGraph(self.graph(name)), window, device=device)

    def _add(self, new: ProjectImage, keeps_annotation: bool, overwrite: bool) -> None:
        known = self.known
        image = opened_image(self.folder, new)[0]
        superpixels = fitting(known, image)
        there = next((one for one in known.images if one.name == new.name), None)
        if there is not None:
            if there.pixels != new.pixels and not overwrite:
                raise InputError(
                    f"the project has an image '{new.name}' with other pixels, at '{there.path}'; rename one of them, "
                    "or add --overwrite to put the new one in its place"
                )
            if there.pixels != new.pixels or there.level != new.level:
                forget_graph(self.folder, new.name)
            if keeps_annotation:
                new = replace(new, annotation=there.annotation)
        channels = len(image.channels)
        write_project(self.folder, replace(known.with_image(new), superpixels=superpixels, channels=channels))

    def _graphs(self, names: Sequence[str] | None, client: Client | None) -> dict[str, StoredGraph]:
        found: dict[str, StoredGraph] = {}
        wanted = self.images if names is None else names
        for name in wanted:
            found[name] = measured_graph(self.folder, name, client)
            tell(Step("graphs", len(found), len(wanted)))
        return found

    def _keep(self, model: LatticeModel, images: list[str], pixels: dict[str, int], goes_on: bool) -> None:
        known = self.known
        number = 1 + max((int(Path(one.file).stem) for one in known.models), default=0)
        file = f"models/{number:04}.safetensors"
        write_fitted(model, self.folder / file, overwrite=True)
        begun = known.models[-1].file if goes_on else None
        scores = {name: float(value) for name, value in model.fitted.items()}
        kept = ProjectModel(file, begun, images, pixels, scores)
        write_project(self.folder, replace(known, models=(*known.models, kept)))

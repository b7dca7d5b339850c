"""A page: each file that it consists of, by its name; none of them lies on disk but those of neuroglancer's client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from terrazzo.arguments import A_RESULT, AN_IMAGE, require
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.viewing.client import ENTRY, client_files
from terrazzo.viewing.image_layer import image_layer, shown_levels
from terrazzo.viewing.kept_windows import KeptWindows
from terrazzo.viewing.layer import Layer
from terrazzo.viewing.result_layers import result_layers
from terrazzo.viewing.shown_level import steps_between
from terrazzo.viewing.space import Space
from terrazzo.viewing.state import NAMES, first_state, names_document
from terrazzo.viewing.zarr_facade import ZarrFacade
from terrazzo.wording import lengths

START = "start.js"


class Page:
    """The files of a page, by names such as "index.html" and "classes/0/c/3/5": whatever is asked for, no other exists.

    Parameters
    ----------
    image : Image
    result : Result, optional
        Made from one of its levels.

    Raises
    ------
    InputError
        If the result is not finished or has the extent of no level of the image, or neuroglancer is not installed.
    """

    def __init__(self, image: Image, result: Result | None = None) -> None:
        require(image, Image, *AN_IMAGE)
        if result is not None:
            require(result, Result, *A_RESULT)
        self._kept = KeptWindows()
        client = client_files()
        space = Space.of(image)
        layers = [image_layer(image, self._kept)]
        if result is not None:
            result.check_finished()
            layers += result_layers(result, _base(image, result))
        self._stores = {layer.name: ZarrFacade(layer, space) for layer in layers}
        self._documents = _documents(layers, space, Path(image.path).name, client.pop(ENTRY))
        self._client = client

    def get(self, name: str) -> bytes | None:
        """Return a file; None if there is none of this name.

        Raises
        ------
        InputError
            If what is shown can no longer be read, or the page is closed.
        """
        if name in self._documents:
            return self._documents[name]
        if name in self._client:
            return self._client[name].read_bytes()
        store, _, inside = name.partition("/")
        return self._stores[store].get(inside) if store in self._stores else None

    def names(self) -> Iterator[str]:
        """Yield the name of each file."""
        yield from self._documents
        yield from self._client
        for name, store in self._stores.items():
            for inside in store.names():
                yield f"{name}/{inside}"

    def __len__(self) -> int:
        return len(self._documents) + len(self._client) + sum(map(len, self._stores.values()))

    def close(self) -> None:
        """Read nothing more."""
        self._kept.close()


def _base(image: Image, result: Result) -> tuple[float, ...]:
    """Return how many pixels of the image lie from one pixel of its result to the next."""
    extent = result.grid.lattice.shape
    known = [level.extent for level in shown_levels(image)]
    if extent not in known:
        others = f", or in its coarser levels {', '.join(map(lengths, known[1:]))}" if known[1:] else ""
        raise InputError(
            f"the result '{result.path}' has {lengths(extent)} pixels and '{image.path}' {lengths(image.extent)}"
            f"{others}; give the image that it was made from, or the result alone"
        )
    return steps_between(image.extent, extent)


def _documents(layers: Sequence[Layer], space: Space, title: str, entry: Path) -> dict[str, bytes]:
    state = first_state(layers, space, title)
    # the coarsest level is not looked at from far away
    fit = space.fit() | {"most": 2 * max(layers[0].levels[-1].steps[-2:])}
    start = Path(__file__).with_name(START).read_text()
    start = f"const FIT = {json.dumps(fit)};\n" + start.replace("STATE", json.dumps(state), 1)
    # a browser asks for an icon at the server's root unless there is one here
    before = f'<link rel="icon" href="data:,"><script src="{START}"></script>'
    page = entry.read_text().replace("<script ", f"{before}<script ", 1)
    found = {ENTRY: page.encode(), START: start.encode()}
    named = (layer for layer in layers if layer.segment_names)
    return found | {f"{one.name}/{NAMES}/info": json.dumps(names_document(one)).encode() for one in named}

"""`tz.view`: an image and its result in the browser, for as long as the value that it returns is open."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from terrazzo.html import Html, escaped, table
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.viewing.page import Page
from terrazzo.viewing.server import Server


class View:
    """A page that is served on this machine.

    Attributes
    ----------
    address : str
        What a browser on this machine opens. The token in it is what lets one in.
    port : int
        To be led on where the browser is on another machine, as `ssh -L` does.
    """

    def __init__(self, page: Page, port: int) -> None:
        self._server = Server(page, port)
        self.address, self.port = self._server.address, self._server.port

    def wait(self) -> None:
        """Return once the page is closed, by another thread or by an interruption."""
        self._server.wait()

    def close(self) -> None:
        """Close the page; its port is free again."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<terrazzo.View {self.address}>"

    def _repr_html_(self) -> str:
        link = Html(f'<a href="{escaped(self.address)}" target="_blank" rel="noreferrer">{escaped(self.address)}</a>')
        return table("terrazzo.View", {"Address": link})


def view(image: Image, result: Result | None = None, *, port: int = 0) -> View:
    """Show an image, and its result over it, in a browser: classes, superpixels, probabilities and how unsure they are.

    A server on a thread of this process gives neuroglancer, a viewer that runs in the browser, the pixels that it asks
    for, read from the files in which they lie. Nothing is copied. Levels that an image lacks are made as people look.
    Only programs on this machine that know the address are answered.

    Parameters
    ----------
    image : Image
        Of any format; coarser levels than the one that is open are shown where it has them.
    result : Result, optional
        A finished result that was made from this level of the image or a coarser one.
    port : int
        Where the server listens, on 127.0.0.1; 0 takes a free port.

    Returns
    -------
    View
        Its `address` is what a browser opens. `close()` ends it, as leaving its context does.

    Raises
    ------
    InputError
        If the result is not finished, or has the extent of no level of the image; if the port is in use; or if
        neuroglancer is not installed.
    ParameterError
        If `port` is no port.

    Examples
    --------
    >>> import terrazzo as tz
    >>> with tz.view(tz.open_image("slide.ome.zarr"), tz.open_result("result.zarr")) as page:  # doctest: +SKIP
    ...     print(page.address)
    ...     page.wait()
    """
    return View(Page(image, result), port)

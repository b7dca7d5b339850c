"""Do all workers have the terrazzo that this process has?"""

from __future__ import annotations

from collections.abc import Callable

from distributed import Client, get_worker

from terrazzo.errors import ParameterError
from terrazzo.version import __version__


def check_versions(client: Client) -> None:
    """Ask each worker for its version of terrazzo.

    Raises
    ------
    ParameterError
        If a worker has another one or none; it names the first.
    """
    found = client.run(_question(), on_error="return")
    others = sorted((address, version) for address, version in found.items() if version != __version__)
    if others:
        address, version = others[0]
        raise ParameterError(
            f"{len(others)} of {len(found)} workers have another terrazzo than this process, which has {__version__}: "
            f"the worker at {address} has {version}; install the same version everywhere"
        )


def check_version(version: str) -> None:
    """Raise a ParameterError unless this process, a worker that may have come later, has that version of terrazzo."""
    if version != __version__:
        raise ParameterError(
            f"the worker at {get_worker().address} has terrazzo {__version__} and the process that hands out blocks "
            f"{version}; install the same version everywhere and run the same again, which goes on where this stopped"
        )


def _question() -> Callable[[], str]:
    """Return a function that travels whole, so that a worker without terrazzo can answer as well."""

    def version() -> str:
        try:
            from terrazzo.version import __version__
        except ImportError:
            return "none"
        return __version__

    return version

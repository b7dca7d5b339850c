"""What a run asks of its cluster now and then: how many threads it has, and whether a worker is paused or another's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from dask.delayed import Delayed
from distributed import Client, KilledWorker, get_worker

from terrazzo.errors import ParameterError, TerrazzoError
from terrazzo.memory import readable_bytes
from terrazzo.version import __version__

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_QUESTIONS = 5
PAUSED = "paused"
RUNNING = "running"


def computed(lazy: Delayed, client: Client, what: str) -> Any:
    """Return a lazy value, computed on a cluster; `what` it is, for messages.

    Raises
    ------
    ParameterError
        If it kills workers again and again, the scheduler goes away, or a worker has another terrazzo.
    """
    watch = WorkerWatch(client)
    try:
        return client.compute(lazy).result()
    except Exception as error:
        watch.explain(error, what)
        raise


class WorkerWatch:
    """A cluster's number of threads, asked again every few seconds, because workers come and go.

    A worker that is paused for want of memory is named in one line of the log.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster; the first worker is waited for.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.said: set[str] = set()
        self._ask()
        if not self.threads_there:
            _log.warning("the cluster has no worker yet; waiting for the first")
            client.wait_for_workers(1)
            self._ask()

    def threads(self) -> int:
        """Return how many tasks the cluster runs at a time, at least 1."""
        if time.monotonic() - self.asked > SECONDS_BETWEEN_QUESTIONS:
            self._ask()
        return self.threads_there or 1

    def explain(self, error: BaseException, what: str) -> None:
        """Raise what a user can do about an error that a task has ended in, such as "block (0, 1)"; else return.

        Raises
        ------
        ParameterError
            If it killed its workers again and again, the scheduler is gone, or a worker has another terrazzo.
        """
        if isinstance(error, TerrazzoError):
            return
        if isinstance(error, KilledWorker):
            raise ParameterError(
                f"workers died again and again at {what}, perhaps for want of memory: give each worker "
                "more memory, or begin anew with a smaller block"
            ) from error
        if isinstance(error, CancelledError) or self.client.status != RUNNING:
            raise self._lost() from error
        # what a worker that came later makes of a task that it does not know is open-ended
        check_versions(self.client)

    def _ask(self) -> None:
        try:
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, KeyError) as error:  # a client that has just lost its scheduler knows of nothing
            raise self._lost() from error
        self.threads_there = sum(worker["nthreads"] for worker in workers.values())
        self.asked = time.monotonic()
        for address, worker in workers.items():
            if worker["status"] == PAUSED and address not in self.said:
                self.said.add(address)
                _log.warning(
                    "the worker at %s is paused: it holds %s of its %s of memory and goes on when it holds less; if it "
                    "does not, stop and begin anew with a smaller block or more memory",
                    *(address, readable_bytes(worker["metrics"]["memory"]), readable_bytes(worker["memory_limit"])),
                )

    def _lost(self) -> ParameterError:
        return ParameterError(
            f"the Dask scheduler at '{self.client.scheduler.address}' has gone away; start one and run the same "
            "again, which goes on where this stopped"
        )


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

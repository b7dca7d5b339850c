"""Does every worker see what is written to a folder? Blocks that leave something to each other have to."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from distributed import Client

from terrazzo.blockwise.cluster.worker_watch import WorkerWatch

_log = logging.getLogger(__name__)


def client_sharing(folder: Path, client: Client | None) -> Client | None:
    """Return a client if all its workers see the files of a folder; else None, and say so in one line of the log."""
    if client is None or _is_seen(folder, client):
        return client
    _log.warning(
        "not every worker sees '%s', so what is kept there is computed in this process; choose a scratch folder that "
        "all workers see under the same name",
        folder,
    )
    return None


def _is_seen(folder: Path, client: Client) -> bool:
    WorkerWatch(client)  # waits for the first worker
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".seen-") as file:
        return all(client.run(os.path.exists, str(folder / Path(file.name).name)).values())

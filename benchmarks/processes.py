"""A command line in processes of its own: what it prints as JSON, its seconds, and the memory of all of them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import psutil

POLL_SECONDS = 1.0  # reading the maps of five processes takes some 30 ms


def terrazzo(*arguments: object) -> dict[str, Any]:
    """Run the command line; return its JSON with wall seconds and the peak PSS of all its processes, in MiB."""
    line = [sys.executable, "-m", "terrazzo", *map(str, arguments), "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(line)} ended with {process.returncode}")
    wall = time.perf_counter() - began
    return json.loads(output) | {"wall_seconds": round(wall, 1), "peak_pss_mib": peak[0] // 2**20}


def _watch(pid: int, peak: list[int]) -> None:
    """Keep the largest sum of the proportional set sizes of a process and all that it has started."""
    while psutil.pid_exists(pid):
        total = 0
        try:
            for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
                total += process.memory_full_info().pss
        except psutil.Error:
            pass
        peak[0] = max(peak[0], total)
        time.sleep(POLL_SECONDS)

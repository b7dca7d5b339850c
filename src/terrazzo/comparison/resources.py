"""What a stretch of work takes: seconds, memory of this process and of the GPU, energy where the machine tells."""

from __future__ import annotations

import importlib
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

POWERCAP = Path("/sys/class/powercap")
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


@dataclass
class Resources:
    """What was taken, once the work has ended.

    Parameters
    ----------
    seconds : float
    peak_memory : int
        The most bytes that were resident in this process, its imports included.
    gpu_memory : int or None
        The most bytes that torch's allocator gave out; None where no GPU was used.
    gpu_device_memory : int or None
        The most bytes of the device that were taken, the context and the allocator's reserve included.
    energy : float or None
        Joules of the processor's package and the GPU, whatever else they did; None where the machine does not tell.
    energy_from : str
        What told the energy, or that nothing did.
    """

    seconds: float = 0.0
    peak_memory: int = 0
    gpu_memory: int | None = None
    gpu_device_memory: int | None = None
    energy: float | None = None
    energy_from: str = "not told by this machine"


@contextmanager
def measured(device: torch.device | None = None) -> Iterator[Resources]:
    """Measure what is done inside the context, on that GPU if it is one; the figures are there when it has ended."""
    taken = Resources()
    _reset_peak()
    gpu = device if device is not None and device.type == "cuda" else None
    if gpu is not None:
        torch.cuda.reset_peak_memory_stats(gpu)
    meters = _joules()
    began = time.perf_counter()
    try:
        yield taken
    finally:
        if gpu is not None:
            torch.cuda.synchronize(gpu)
        taken.seconds = time.perf_counter() - began
        taken.peak_memory = peak_memory()
        _note_energy(taken, meters, _joules())
        if gpu is not None and torch.cuda.max_memory_allocated(gpu):
            _note_gpu_memory(taken, gpu)


def peak_memory() -> int:
    """Return the most bytes that were resident in this process since its start or the last measurement's.

    The kernel's figure of the process's own memory: that of `getrusage` begins with what the parent held.
    """
    if STATUS.is_file():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _reset_peak() -> None:
    """Let the peak begin at what is resident now, where the system allows it."""
    try:
        CLEAR.write_text(RESET_PEAK)
    except OSError:
        return


def _note_gpu_memory(taken: Resources, gpu: torch.device) -> None:
    free, total = torch.cuda.mem_get_info(gpu)
    taken.gpu_memory = torch.cuda.max_memory_allocated(gpu)
    taken.gpu_device_memory = total - free - torch.cuda.memory_reserved(gpu) + torch.cuda.max_memory_reserved(gpu)


def _joules() -> dict[str, tuple[float, float]]:
    """Return each meter's reading in joules, and where it starts again from 0."""
    readings: dict[str, tuple[float, float]] = {}
    for domain in sorted(POWERCAP.glob("intel-rapl:?")):
        try:
            now, most = (int((domain / name).read_text()) / 1e6 for name in ("energy_uj", "max_energy_range_uj"))
        except (OSError, ValueError):
            continue  # on many machines only root may read it
        readings[f"RAPL {(domain / 'name').read_text().strip()}"] = (now, most)
    return readings | _gpu_joules()


def _gpu_joules() -> dict[str, tuple[float, float]]:
    try:
        nvml: Any = importlib.import_module("pynvml")
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        totals = [nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3 for handle in handles]
    except Exception:  # not installed, no driver, or a card that does not count
        return {}
    return {f"NVML GPU {i}": (total, float("inf")) for i, total in enumerate(totals)}


def _note_energy(
    taken: Resources, before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> None:
    common = [name for name in before if name in after]
    if not common:
        return
    spent = (after[name][0] - before[name][0] for name in common)
    taken.energy = sum(used if used >= 0 else used + before[name][1] for name, used in zip(common, spent, strict=True))
    taken.energy_from = ", ".join(common)

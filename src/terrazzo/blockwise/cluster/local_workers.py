"""How many processes and threads a local cluster gets: as many as there are cores, if memory allows."""

from __future__ import annotations

# What a process holds before it works (mostly torch), and what a thread's block of 2048 x 2048 pixels takes.
PROCESS_BYTES = 400 * 2**20
THREAD_BYTES = 500 * 2**20


def processes_and_threads(cores: int, memory: int) -> tuple[int, int]:
    """Return the processes, and the threads of each, that use most cores within `memory` bytes, but at least one each.

    Of equal numbers of threads that with most processes is chosen: they do not wait for each other's interpreter.
    """
    layouts = [
        (processes, threads) for processes in range(1, cores + 1) for threads in range(1, cores // processes + 1)
    ]
    fitting = [(p, t) for p, t in layouts if p * (PROCESS_BYTES + t * THREAD_BYTES) <= memory]
    return max(fitting, key=lambda layout: (layout[0] * layout[1], layout[0]), default=(1, 1))

"""Run as a script, what a process of its own has to do with a kind of model that the package does not know.

python run_threshold.py kill IMAGE MODEL RESULT BLOCK    predict, and be killed when three blocks are done
python run_threshold.py peak IMAGE MODEL RESULT BLOCK    print the memory of a task, measured and projected
"""

import json
import os
import signal
import sys

import thresholds  # noqa: F401  which registers the kind
from peak_of_tasks import peak

import terrazzo as tz
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.planning.work import Work, reading_of
from terrazzo.io.results.result_writer import ResultWriter


def kill_at_the_third(step):
    if step.done == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def main(what, path, model_path, result_path, block):
    image, model = tz.open_image(path), tz.open_model(model_path)
    if what == "kill":
        with tz.on_progress(kill_at_the_third):
            tz.write_prediction(model, image, result_path, block=int(block))
    result = tz.write_prediction(model, image, result_path, block=int(block))
    work, (one,), grid = Work.of(model, reading_of(image)), model.passes(), result.grid
    block = grid[tuple((count - 1) // 2 for count in grid.shape)]
    # a block that is finished is computed, and not written again
    measured = peak(write_pass, block, one, Sources(image.stored), ResultWriter(result))
    print(json.dumps([measured, work.memory_of_task(one, grid)]))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One more function in an analysis that has its own Dask client: per-class intensities of a smoothed image.

python examples/existing_analysis.py [SIDE]
"""

import sys

import dask
import dask.array as da
import numpy as np
from dask_image.ndfilters import gaussian_filter
from dask_image.ndmeasure import mean, standard_deviation
from distributed import Client

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image


def main(side: int = 1024) -> None:
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        raw, truth = colony_image((side, side), chunks=512, seed=1)
        image = gaussian_filter(raw.astype(np.float32), 1)  # what the analysis did before

        scribbles = da.where(da.arange(side, chunks=512)[None] < side // 2, truth, np.uint8(255))
        model = tz.fit([image], [scribbles], class_names=CLASS_NAMES, size=12, layers=4, width=32, epochs=30)

        classes = tz.predict(model, image)  # still lazy, with the image's chunks
        values = range(len(CLASS_NAMES))
        statistics = [f(image, classes, values) for f in (mean, standard_deviation)]
        for name, *row in zip(CLASS_NAMES, *dask.compute(*statistics), strict=True):
            print(f"{name}: " + " ± ".join(f"{value:.1f}" for value in row))
        print(f"workers: {len(client.nthreads())}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""One more function in an analysis that has its own Dask client: per-class intensities of a smoothed image.

python examples/existing_analysis.py [SIDE]
"""

import sys

import dask.array as da
import dask.dataframe as dd
import numpy as np
from dask_image.ndfilters import gaussian_filter
from distributed import Client

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image


def main(side: int = 1024) -> None:
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        raw, truth = colony_image((side, side), chunks=512, seed=1)
        image = gaussian_filter(raw.astype(np.float32), 1)  # what the analysis did before

        scribbles = da.where(da.arange(side, chunks=512)[None] < side // 2, truth, np.uint8(255))
        network, training = tz.LatticeSettings(width=32), tz.LatticeTraining(steps=150)
        model = tz.fit([image], [scribbles], class_names=CLASS_NAMES, size=12, network=network, training=training)

        classes = tz.predict(model, image)  # still lazy, with the image's chunks
        columns = {"class": classes, "intensity": image}
        table = dd.concat([dd.from_dask_array(da.ravel(c), columns=name) for name, c in columns.items()], axis=1)
        statistics = table.groupby("class")["intensity"].agg(["count", "mean", "std"]).compute()
        for value, row in statistics.sort_index().iterrows():
            print(f"{CLASS_NAMES[value]}: {row['mean']:.1f} ± {row['std']:.1f} on {row['count']:.0f} pixels")
        print(f"workers: {len(client.nthreads())}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

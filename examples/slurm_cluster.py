"""A whole slide on a SLURM cluster: jobs that are workers, one result on the file system that they share.

python examples/slurm_cluster.py SLIDE MODEL RESULT [--jobs 8] [--queue normal] [--time 02:00:00]
python examples/slurm_cluster.py SLIDE MODEL RESULT --script     print the job script and submit nothing
python examples/slurm_cluster.py SLIDE MODEL RESULT --local      the same run on a cluster of this machine

The first two need dask-jobqueue (pip install dask-jobqueue). Run it where jobs may be submitted from, such as a login
node, inside tmux: it holds the scheduler, which needs a core and less than 1 GiB.
"""

from __future__ import annotations

import argparse

from distributed import Client, LocalCluster
from distributed.deploy import SpecCluster

import terrazzo as tz

# 16 blocks of 2048 x 2048 at a time need about 0.5 GiB each, and each process 0.4 GiB for itself.
CORES, PROCESSES, MEMORY = 16, 4, "16GiB"


def slurm_cluster(options: argparse.Namespace) -> SpecCluster:
    """Return a cluster whose workers are SLURM jobs; none is submitted before it is scaled."""
    from dask_jobqueue import SLURMCluster

    return SLURMCluster(
        queue=options.queue,
        walltime=options.time,
        cores=CORES,
        processes=PROCESSES,
        memory=MEMORY,
        # kernels and the network compute with one thread each: the threads of a worker are for different blocks
        job_script_prologue=[f"export {name}_NUM_THREADS=1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")],
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
    )


def predict(cluster: SpecCluster, options: argparse.Namespace) -> None:
    """Write the result on the cluster, from its first worker on; those that come later join in."""
    with cluster, Client(cluster) as client:
        image, model = tz.open_image(options.slide), tz.open_model(options.model)
        result = tz.write_prediction(model, image, options.result, client=client, overwrite=options.overwrite)
        print(f"{result.run['figures']['superpixels']} superpixels in {result.path}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide")
    parser.add_argument("model")
    parser.add_argument("result")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--queue")
    parser.add_argument("--time", default="02:00:00")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--script", action="store_true")
    parser.add_argument("--local", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    if options.local:
        predict(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"), options)
        return
    cluster = slurm_cluster(options)
    if options.script:
        print(cluster.job_script())
        return
    cluster.scale(jobs=options.jobs)
    predict(cluster, options)


if __name__ == "__main__":
    main()

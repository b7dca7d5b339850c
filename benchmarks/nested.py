"""Domains without annotation: nested graphs beside the outer graph alone, neighbours' means and single cells.

python benchmarks/nested.py starmap [SEEDS] [FIRST SEED]
python benchmarks/nested.py image [SIDE] [FOLDER]

An image has 30 channels and three domains that differ only in which channels rise and fall together.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import torch
from processes import terrazzo
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, confusion_matrix

import terrazzo as tz
from terrazzo.models.nested.majority import votes_of_nearest
from terrazzo.multiplexed import multiplexed_image
from terrazzo.training.nested.nodes import nodes_of_table

STARMAP = Path(__file__).parents[2] / "shared" / "data" / "starmap"
DIRECTIONS, NEAREST, BLOCK = 20, 50, 1024


def starmap() -> tuple[anndata.AnnData, np.ndarray]:
    """Return the annotated cells with their positions, and the layer of each, which only scores look at."""
    table = anndata.read_h5ad(STARMAP / "starmap_BY3_1k.h5ad")
    known = pd.read_csv(STARMAP / "Starmap_BY3_1k_meta_annotated_18oct22.csv")
    cells = table[known["Unnamed: 0"].to_numpy()].copy()
    cells.obsm["spatial"] = known[["x", "y"]].to_numpy()
    return cells, known["smoothed_manual"].to_numpy()


def clustered(values: np.ndarray, positions: np.ndarray, domains: int, seed: int) -> dict[str, np.ndarray]:
    """Return the k-means clusters of values, and the same after the majority of the nearest."""
    main = PCA(DIRECTIONS, random_state=seed).fit_transform(values)
    labels = KMeans(domains, n_init=5, random_state=seed).fit_predict(main)
    return {"": labels, "majority": votes_of_nearest(positions, labels, domains, NEAREST).argmax(axis=1)}


def of_seed(cells: anndata.AnnData, truth: np.ndarray, seed: int) -> dict[str, float]:
    domains, nodes = len(np.unique(truth)), nodes_of_table(cells, None, None)
    _, near = cKDTree(nodes.positions).query(nodes.positions, 16)
    around = nodes.values[near[:, 1:]].mean(axis=1)
    found: dict[str, np.ndarray] = {}
    # BANKSY's: a cell beside the mean of those around it, which counts for 0.8 of the variance
    banksy = np.hstack([nodes.values * np.sqrt(0.2), around * np.sqrt(0.8)])
    for name, values in (("expression", nodes.values), ("neighbours", banksy)):
        found |= {
            f"{name} {how}".strip(): labels for how, labels in clustered(values, nodes.positions, domains, seed).items()
        }
    training = tz.NestedTraining(domains=domains, seed=seed, device="cpu")
    seconds = {}
    for name, inner in (("nested", True), ("outer alone", False)):
        embedded = tz.embed(cells, network=tz.NestedSettings(inner=inner, nearest=0), training=training)
        found[name], seconds[name] = embedded.domains, embedded.fitted["seconds"]
        votes = votes_of_nearest(nodes.positions, embedded.domains, domains, NEAREST)
        found[f"{name} majority"] = votes.argmax(axis=1)
    scores = {name: adjusted_rand_score(truth, labels) for name, labels in found.items()}
    return scores | {f"{name} seconds": value for name, value in seconds.items()}


def image(side: int = 4096, folder: str | None = None) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        made = Path(temporary)
        pixels, truth = multiplexed_image((side, side), chunks=1024)
        tz.write_ome_zarr(made / "image.ome.zarr", pixels, axes="cyx")
        every = max(1, side // 1024)
        known = truth[::every, ::every].compute().ravel()
        for name, inner in (("nested", True), ("outer alone", False)):
            network, training = tz.NestedSettings(inner=inner), tz.NestedTraining(domains=3, device="cpu")
            model = tz.fit_nested([tz.open_image(made / "image.ome.zarr")], network=network, training=training)
            path = tz.write_model(model, made / f"{name}.safetensors")
            result = made / f"{name}.zarr"
            options = ("-m", path, "-o", result, "--workers", 1, "--block", BLOCK, "--device", "cpu")
            run = terrazzo("predict", made / "image.ome.zarr", *options)
            everything = (slice(None, None, every), slice(None, None, every))
            found = tz.open_result(result).read_classes(everything).ravel()
            figures = {
                "what": name,
                "megapixels": round(side * side / 1e6, 1),
                "adjusted_rand": round(adjusted_rand_score(known, found), 4),
                "accuracy": round(matched(known, found), 4),
                "fit_seconds": round(model.fitted["seconds"]),
                "predict_seconds": run["wall_seconds"],
                "seconds_per_megapixel": round(run["wall_seconds"] / (side * side / 1e6), 2),
                "peak_pss_mib": run["peak_pss_mib"],
            }
            print(json.dumps(figures), flush=True)


def matched(known: np.ndarray, found: np.ndarray) -> float:
    """Return the share of pixels that are right when domains are named as fits best."""
    counts = confusion_matrix(known, found)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / counts.sum()


def main(seeds: int = 10, first: int = 0) -> None:
    torch.set_num_threads(1)
    cells, truth = starmap()
    rows = []
    for seed in range(first, first + seeds):
        rows.append(of_seed(cells, truth, seed))
        print(json.dumps({"seed": seed, **{name: round(value, 4) for name, value in rows[-1].items()}}), flush=True)
    for name in rows[0]:
        values = [row[name] for row in rows]
        print(
            json.dumps({"what": name, "mean": round(np.mean(values), 4), "std": round(np.std(values), 4)}), flush=True
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["image"]:
        image(*map(int, sys.argv[2:3]), *sys.argv[3:4])
    elif not STARMAP.is_dir():
        sys.exit(f"{STARMAP} is absent: nothing to measure")
    else:
        main(*map(int, sys.argv[2:]))

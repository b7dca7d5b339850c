import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import zarr
from told import telling

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import InputError
from terrazzo.progress import on_progress

ALL = (slice(None), slice(None))
SIZE = {"type": "scale", "scale": [1.0, 0.5, 0.25]}


def write_0_4(path, pixels, **others):
    """Write an image as tools of before Zarr v3 do: two levels, metadata at the top of the attributes."""
    axes = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space", "unit": "micrometer"} for n in "yx")]
    half = {"type": "scale", "scale": [1.0, 1.0, 0.5]}
    levels = {"0": (pixels, SIZE), "1": (pixels[:, ::2, ::2], half)}
    datasets = [{"path": name, "coordinateTransformations": [scale]} for name, (_, scale) in levels.items()]
    group = zarr.create_group(path, zarr_format=2)
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets, **others}]
    for name, (values, _) in levels.items():
        group.create_array(name, data=values, chunks=(1, 50, 64))


@pytest.fixture(params=["0.4", "0.5"])
def source(request, pixels, tmp_path):
    """An OME-Zarr image of either version that nobody else writes to."""
    path = tmp_path / "image.ome.zarr"
    if request.param == "0.4":
        write_0_4(path, pixels)
    else:
        tz.write_ome_zarr(path, pixels, pixel_size=(0.5, 0.25), chunks=(50, 64))
    return tz.open_image(path)


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=24)


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_the_classes_are_in_the_image_with_every_level(result, source):
    path = tz.write_labels_into(result, source)
    assert path == Path(source.path) / "labels" / "classes"
    labels = tz.open_labels(path)
    assert np.array_equal(labels.plane.compute(), result.read_classes(ALL))
    assert (labels.pixel_size, labels.pixel_unit) == ((0.5, 0.25), "micrometer")
    for level, (y, x) in enumerate(result.pyramid.factors):
        stored = zarr.open_array(path / str(level), mode="r")
        assert stored.metadata.zarr_format == zarr.open_group(source.path, mode="r").metadata.zarr_format
        assert np.array_equal(stored[:], result.read_classes(ALL)[::y, ::x])


def test_the_metadata_are_valid_of_the_version_of_the_image(result, source):
    pytest.importorskip("ome_zarr_models")
    from ome_zarr_models import v05
    from ome_zarr_models.v04.image_label import ImageLabelAttrs
    from ome_zarr_models.v04.labels import LabelsAttrs

    path = tz.write_labels_into(result, source)
    label, labels = (zarr.open_group(folder, mode="r") for folder in (path, path.parent))
    if label.metadata.zarr_format == 3:
        v05.ImageLabel.from_zarr(label)
        assert v05.Labels.from_zarr(labels).attributes.ome.labels == ["classes"]
    else:  # the attributes alone: whole groups of 0.4 fail in ome-zarr-models 1.6 with a current pydantic
        ImageLabelAttrs.model_validate(label.attrs.asdict())
        assert LabelsAttrs.model_validate(labels.attrs.asdict()).labels == ["classes"]


def test_ome_zarr_py_finds_the_classes_in_the_image(result, source):
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    tz.write_labels_into(result, source)
    nodes = {node.zarr.basename(): node for node in Reader(parse_url(source.path))()}
    assert np.array_equal(nodes["classes"].data[0], result.read_classes(ALL))


def test_other_labels_stay_and_stay_listed(result, source):
    labels = zarr.open_group(source.path, mode="a").create_group("labels")
    nested = labels.metadata.zarr_format == 3
    labels.attrs.update({"ome": {"version": "0.5", "labels": ["cells"]}} if nested else {"labels": ["cells"]})
    labels.create_group("cells")
    tz.write_labels_into(result, source)
    attributes = zarr.open_group(source.path, path="labels", mode="r").attrs.asdict()
    assert attributes.get("ome", attributes)["labels"] == ["cells", "classes"]
    assert "cells" in zarr.open_group(source.path, path="labels", mode="r")


def test_what_a_result_has_written_is_left_as_it_is(result, source):
    tz.write_labels_into(result, source)
    before = files_of(source.path)
    path = tz.write_labels_into(result, source)
    assert files_of(source.path) == before
    # killed after the labels were in place and before they were listed
    shutil.rmtree(path.parent / "zarr.json", ignore_errors=True)
    for name in ("zarr.json", ".zattrs"):
        (path.parent / name).unlink(missing_ok=True)
    tz.write_labels_into(result, source)
    assert files_of(source.path) == before


def test_labels_of_another_result_are_replaced_only_when_asked(result, model, stored, source, tmp_path):
    tz.write_labels_into(result, source)
    other = tz.write_prediction(model, stored, tmp_path / "other.zarr", block=48)
    before = files_of(source.path)
    with pytest.raises(InputError, match=r"image\.ome\.zarr' has labels 'classes' already; add --overwrite to replace"):
        tz.write_labels_into(other, source)
    assert files_of(source.path) == before
    path = tz.write_labels_into(other, source, overwrite=True)
    assert zarr.open_array(path / "0").chunks == other.grid.storage_chunk
    assert sorted(one.name for one in path.parent.iterdir() if one.is_dir()) == ["classes"]


def test_labels_that_terrazzo_did_not_write_are_never_replaced(result, source):
    zarr.open_group(source.path, mode="a").create_group("labels").create_group("classes")
    with pytest.raises(InputError, match="that terrazzo did not write, so they are not overwritten; rename or remove"):
        tz.write_labels_into(result, source, overwrite=True)
    assert tz.write_labels_into(result, source, name="predicted").name == "predicted"


@pytest.mark.parametrize("moment", ["blocks", "levels"])
def test_what_is_interrupted_leaves_nothing(result, source, moment):
    before = files_of(source.path)
    last = len(result.grid) + (1 if moment == "levels" else -1)

    def interrupt(step):
        if step.done == last:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), on_progress(interrupt):
        tz.write_labels_into(result, source)
    assert files_of(source.path) == before
    assert not (Path(source.path) / "labels").exists()


def test_worker_processes_write_the_same(result, source):
    with cluster_client(workers=1) as client:
        path = tz.write_labels_into(result, source, client=client)
    assert np.array_equal(tz.open_labels(path).plane.compute(), result.read_classes(ALL))


def test_a_place_that_refuses_writes_is_named(result, source):
    (Path(source.path) / "labels").touch()
    with pytest.raises(InputError, match=r"labels cannot be written into '.*image\.ome\.zarr': "):
        tz.write_labels_into(result, source)


def test_an_image_that_is_no_ome_zarr_is_refused(result, pixels, tmp_path):
    imageio.imwrite(tmp_path / "image.tif", pixels[0])
    zarr.create_array(tmp_path / "plain.zarr", data=pixels[0])
    for name in ("image.tif", "plain.zarr"):
        with pytest.raises(InputError, match=f"{name}' is no OME-Zarr image, so labels cannot be written into it"):
            tz.write_labels_into(result, tz.open_image(tmp_path / name))


def test_a_result_that_is_not_finished_is_refused(model, stored, source, tmp_path):
    def interrupt(name, *_):
        if name == "classes":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), telling(interrupt):
        tz.write_prediction(model, stored, tmp_path / "result.zarr")
    with pytest.raises(InputError, match="is not finished; run the same terrazzo predict again to finish it"):
        tz.write_labels_into(tz.open_result(tmp_path / "result.zarr"), source)


def test_another_level_is_refused(result, pixels, tmp_path):
    write_0_4(tmp_path / "image.zarr", pixels)
    with pytest.raises(InputError, match=r"the image has \(65, 85\) pixels \(y, x\) and the result \(130, 170\); give"):
        tz.write_labels_into(result, tz.open_image(tmp_path / "image.zarr", level=1))


def test_labels_lie_where_their_level_of_the_image_lies(model, pixels, tmp_path):
    moved = {"coordinateTransformations": [{"type": "translation", "translation": [0.0, 30.0, 40.0]}]}
    write_0_4(tmp_path / "image.zarr", pixels, **moved)
    image = tz.open_image(tmp_path / "image.zarr", level=1)
    path = tz.write_labels_into(tz.write_prediction(model, image, tmp_path / "result.zarr", block=48), image)
    first, second = zarr.open_group(path).attrs["multiscales"][0]["datasets"][:2]
    start = {"type": "translation", "translation": [30.0, 40.0]}
    assert first["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, 0.5]}, start]
    assert second["coordinateTransformations"] == [{"type": "scale", "scale": [2.0, 1.0]}, start]


def test_consolidated_metadata_tell_of_the_labels(result, source):
    zarr.consolidate_metadata(source.path)
    tz.write_labels_into(result, source)
    assert "labels/classes/0" in zarr.open_consolidated(source.path)


def test_the_classes_of_a_volume_are_in_the_volume(volume_model, volume, tmp_path):
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx", pixel_size=(2, 0.5, 0.5))
    image = tz.open_image(tmp_path / "volume.zarr")
    result = tz.write_prediction(volume_model, image, tmp_path / "result.zarr", block=24)
    labels = tz.open_labels(tz.write_labels_into(result, image))
    assert np.array_equal(labels.plane.compute(), result.read_classes((slice(None),) * 3))
    assert labels.pixel_size == (2, 0.5, 0.5)

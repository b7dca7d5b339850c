from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from shown import require_client, squares, write_shown

import terrazzo as tz

EXTENT = (240, 300)


@pytest.fixture(scope="package")
def slide(tmp_path_factory):
    """A coloured image without coarser levels, and a result of it."""
    require_client()
    folder = tmp_path_factory.mktemp("slide")
    pixels = squares((3, *EXTENT), 256)
    kind = {"photometric": "rgb", "tile": (32, 48), "resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(folder / "slide.tif", np.moveaxis(pixels, 0, -1), **kind)
    shown = write_shown(folder / "result.zarr", EXTENT, (12, 12), made_from={"image": str(folder / "slide.tif")})
    return SimpleNamespace(folder=folder, pixels=pixels, image=tz.open_image(folder / "slide.tif"), **vars(shown))

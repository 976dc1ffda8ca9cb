"""Sampling elevation models against rasters written by hand."""

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from corridor.coordinates import from_wgs84
from corridor.errors import InputError
from corridor.surface import sample


def write(path, cells, *, crs, west, north, step, nodata=-9999.0):
    profile = {"driver": "GTiff", "height": cells.shape[0], "width": cells.shape[1], "count": 1}
    with rasterio.open(
        path,
        "w",
        **profile,
        dtype="float32",
        crs=crs,
        nodata=nodata,
        transform=Affine(step, 0.0, west, 0.0, -step, north),
    ) as raster:
        raster.write(cells.astype("float32"), 1)
    return path


def test_cells_no_data_and_outside(tmp_path):
    cells = np.arange(1200.0 * 4).reshape(1200, 4)  # more rows than one block
    cells[1, 1] = -9999.0
    cells[2, 2] = 32767.0  # a fill value the file does not declare
    path = write(tmp_path / "dem.tif", cells, crs=CRS.from_epsg(4326), west=104.0, north=31.2, step=0.001)
    lon = 104.0 + 0.001 * np.array([0.5, 3.5, 1.5, 2.5, 4.5, 0.5])
    lat = 31.2 - 0.001 * np.array([0.5, 1199.5, 1.5, 2.5, 0.5, -0.5])
    assert np.array_equal(
        sample(path, lon, lat), [0.0, 4799.0, np.nan, np.nan, np.nan, np.nan], equal_nan=True
    )


def test_points_are_carried_into_the_system_of_the_raster(tmp_path):
    x, y = from_wgs84(105.3, 30.2, crs="EPSG:4544")
    path = write(
        tmp_path / "gk.tif",
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        crs=CRS.from_epsg(4544),
        west=float(x) - 150.0,
        north=float(y) + 50.0,
        step=100.0,
    )
    assert sample(path, [105.3], [30.2]) == pytest.approx([2.0])


def test_what_is_no_elevation_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        sample(tmp_path / "absent.tif", [104.0], [30.0])
    text = tmp_path / "text.tif"
    text.write_text("not a raster")
    with pytest.raises(InputError, match="not a readable raster"):
        sample(text, [104.0], [30.0])
    elsewhere = write(
        tmp_path / "far.tif", np.ones((2, 2)), crs=CRS.from_epsg(4326), west=0.0, north=1.0, step=0.1
    )
    with pytest.raises(InputError, match="none of the points"):
        sample(elsewhere, [104.0], [30.0])
    nameless = write(tmp_path / "crs.tif", np.ones((2, 2)), crs=None, west=104.0, north=31.0, step=1.0)
    with pytest.raises(InputError, match="no reference system"):
        sample(nameless, [104.5], [30.5])

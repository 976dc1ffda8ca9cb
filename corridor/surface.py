"""Elevation of the ground at points, sampled from an elevation model (GeoTIFF) that the user gives."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

#: What no ground in the world exceeds, m: cells beyond are fill values the file does not declare.
LOWEST_M, HIGHEST_M = -500.0, 9000.0

#: Rows of a block read at once: memory stays below this many rows of the raster.
_BLOCK_ROWS = 512


def sample(path: Path, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return the elevation of the cell each point lies in.

    Points are carried into the reference system of the raster, which OSMnx's raster function leaves to the
    caller; its first band must be meters above sea level.

    Parameters
    ----------
    path
        Raster of any format and size rasterio reads.
    lon, lat
        (n,) degrees WGS 84.

    Returns
    -------
    (n,) float64, m; NaN outside the raster and where it has no data.

    Raises
    ------
    corridor.errors.InputError
        If the file is missing, no raster, has no reference system, or covers none of the points.
    """
    x, y = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    with _opened(path) as raster:
        to_raster = Transformer.from_crs("EPSG:4326", raster.crs.to_wkt(), always_xy=True)
        elevation = _cells(raster, *to_raster.transform(x, y))
    if x.size and not np.isfinite(elevation).any():
        raise InputError(
            Fault("the raster covers none of the points", str(path), "Check its extent and reference system")
        )
    return elevation


def check(path: Path) -> None:
    """Refuse what is no elevation model, as :func:`sample` would, without reading its cells."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    """Open a raster that names its reference system; faults of reading become errors that name the file."""
    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                mend = "Assign one, e.g. EPSG:4326"
                raise InputError(Fault("the raster names no reference system", str(path), mend))
            yield raster
    except RasterioIOError as error:
        raise InputError(Fault(f"not a readable raster ({error})", str(path), "Give a GeoTIFF")) from error


def _cells(
    raster: rasterio.DatasetReader, east: NDArray[np.float64], north: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read the cells block of rows by block of rows."""
    elevation = np.full(len(east), np.nan)
    finite = np.isfinite(east) & np.isfinite(north)
    a, b, c, d, e, f = (~raster.transform)[:6]
    x, y = np.where(finite, east, 0.0), np.where(finite, north, 0.0)
    column = np.floor(a * x + b * y + c).astype(np.int64)
    row = np.floor(d * x + e * y + f).astype(np.int64)
    inside = finite & (column >= 0) & (column < raster.width) & (row >= 0) & (row < raster.height)
    for block in np.unique(row[inside] // _BLOCK_ROWS):
        chosen = np.flatnonzero(inside & (row // _BLOCK_ROWS == block))
        top, left = int(row[chosen].min()), int(column[chosen].min())
        height, width = int(row[chosen].max()) - top + 1, int(column[chosen].max()) - left + 1
        cells = raster.read(1, window=Window(left, top, width, height), masked=True)
        values = np.ma.filled(cells.astype(np.float64), np.nan)
        elevation[chosen] = values[row[chosen] - top, column[chosen] - left]
    with np.errstate(invalid="ignore"):
        elevation[(elevation < LOWEST_M) | (elevation > HIGHEST_M)] = np.nan
    return elevation

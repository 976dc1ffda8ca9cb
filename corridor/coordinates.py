"""Coordinates at the edge: WGS 84 inside, CGCS2000, GCJ-02 and BD-09 only where data enters or leaves.

The reference system is always named by the person who brings the data and never guessed.

CGCS2000 is treated as WGS 84: the two differ by less than 1 m (a few centimeters of realization, and plate
motion since epoch 2000.0), below every other error here. Its 3 and 6 degree Gauss-Kruger zones are EPSG:4491
to EPSG:4554, x = easting and y = northing in m.

GCJ-02 shifts coordinates in China by 100-700 m; the state has not published it. The formula is the one all
open implementations share [1]_; BD-09 shifts GCJ-02 once more. Both inverses iterate the forward formula.
Outside the box ``CHINA`` GCJ-02 equals WGS 84; the box is the customary one and holds neighboring countries
too. Libraries on PyPI were looked at on 2026-11-22: eviltransform 0.1.1 (2018) has no BD-09, coord-convert
0.2.1 (2019) and prcoords 1.0.2 (2019) convert one point at a time, xyconvert 0.1.2 (2020) is vectorized but
its inverse is not iterated and it has no outside rule; none has been released since.

References
----------
.. [1] googollee/eviltransform (2013-), https://github.com/googollee/eviltransform; formula and test points.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS, Transformer

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Pair = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Box in which GCJ-02 shifts coordinates, degrees: (west, south, east, north).
CHINA = (72.004, 0.8293, 137.8347, 55.8271)

#: Names understood besides the Gauss-Kruger zones, and what each means.
NAMES = {
    "WGS84": "WGS84",
    "EPSG:4326": "WGS84",
    "CGCS2000": "CGCS2000",
    "EPSG:4490": "CGCS2000",
    "GCJ-02": "GCJ-02",
    "GCJ02": "GCJ-02",
    "BD-09": "BD-09",
    "BD09": "BD-09",
}
_ZONES = range(4491, 4555)

#: Krasovsky 1940 ellipsoid as the GCJ-02 formula uses it: semi-major axis in m, eccentricity squared.
_AXIS_M, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323

#: The inverse stops when no coordinate moves by more than this, degrees (about 0.1 mm).
TOLERANCE_DEG = 1e-9
_MOST_ITERATIONS = 30


def crs_name(crs: str) -> str:
    """Return the canonical name of a reference system: one of the values of ``NAMES`` or ``EPSG:<zone>``.

    Raises
    ------
    corridor.errors.InputError
        If the name is not known; nothing is guessed.
    """
    text = re.sub(r"[\s_]", "", crs).upper()
    text = {"WGS-84": "WGS84", "CGCS-2000": "CGCS2000"}.get(text, text)
    if text in NAMES:
        return NAMES[text]
    number = re.fullmatch(r"EPSG:(\d+)", text)
    if number and int(number[1]) in _ZONES:
        return text
    known = ", ".join(sorted(set(NAMES.values())))
    raise InputError(
        Fault(f"the reference system {crs!r} is not known", "crs", f"Use {known} or EPSG:4491 to EPSG:4554")
    )


def to_wgs84(x: ArrayLike, y: ArrayLike, *, crs: str) -> Pair:
    """Return longitude and latitude in WGS 84.

    Parameters
    ----------
    x, y
        (n,) longitude and latitude in degrees, or easting and northing in m of a Gauss-Kruger zone.
    crs
        Reference system they are in, see :func:`crs_name`.

    Returns
    -------
    lon, lat
        (n,) float64 degrees; GCJ-02 and BD-09 are inverted to 1e-9 degrees.

    Raises
    ------
    corridor.errors.InputError
        For an unknown reference system, or coordinates that are not finite.
    """
    east, north = _finite(x, y)
    name = crs_name(crs)
    if name in {"WGS84", "CGCS2000"}:
        return east, north
    if name == "GCJ-02":
        return _gcj02_to_wgs84(east, north)
    if name == "BD-09":
        return _gcj02_to_wgs84(*_inverse(_gcj02_to_bd09, east, north))
    lon, lat = _zone(name).transform(east, north, direction="INVERSE")
    return _finite(lon, lat)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, *, crs: str) -> Pair:
    """Return WGS 84 coordinates in another reference system: the inverse of :func:`to_wgs84`.

    Parameters
    ----------
    lon, lat
        (n,) degrees WGS 84.
    crs
        Reference system wanted, see :func:`crs_name`.

    Returns
    -------
    x, y
        (n,) float64: degrees, or m of a Gauss-Kruger zone.
    """
    east, north = _finite(lon, lat)
    name = crs_name(crs)
    if name in {"WGS84", "CGCS2000"}:
        return east, north
    if name == "GCJ-02":
        return _wgs84_to_gcj02(east, north)
    if name == "BD-09":
        return _gcj02_to_bd09(*_wgs84_to_gcj02(east, north))
    return _finite(*_zone(name).transform(east, north))


def _finite(x: ArrayLike, y: ArrayLike) -> Pair:
    """Return both as float64 arrays, or refuse what is not a number."""
    east, north = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        raise InputError(
            Fault("a coordinate is not a finite number", "coordinates", "Check the values and their system")
        )
    return east, north


@lru_cache(maxsize=8)
def _zone(name: str) -> Transformer:
    """Return degrees CGCS2000 -> m of a Gauss-Kruger zone."""
    zone = CRS.from_user_input(name)
    return Transformer.from_crs(zone.geodetic_crs, zone, always_xy=True)


def _inside(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where GCJ-02 shifts."""
    west, south, east, north = CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _wgs84_to_gcj02(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Pair:
    """Shift what lies in China."""
    inside = _inside(lon, lat)
    shifted_lon, shifted_lat = _shifted(lon, lat)
    return np.where(inside, shifted_lon, lon), np.where(inside, shifted_lat, lat)


def _gcj02_to_wgs84(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Pair:
    """Undo the shift where the original lies in China, but for originals on the very rim of the box."""
    near = (np.abs(lon) <= 180.0) & (np.abs(lat) < 89.0)  # noqa: PLR2004  the formula divides by cos(lat)
    safe_lon, safe_lat = np.where(near, lon, 105.0), np.where(near, lat, 35.0)
    original_lon, original_lat = _inverse(_shifted, safe_lon, safe_lat)
    inside = near & _inside(original_lon, original_lat)
    return np.where(inside, original_lon, lon), np.where(inside, original_lat, lat)


def _shifted(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Pair:
    """WGS 84 -> GCJ-02, anywhere."""
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    both = 20.0 * np.sin(6.0 * pi * x) + 20.0 * np.sin(2.0 * pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north = north + 2.0 / 3.0 * (
        both
        + (20.0 * np.sin(pi * y) + 40.0 * np.sin(pi * y / 3.0))
        + (160.0 * np.sin(pi * y / 12.0) + 320.0 * np.sin(pi * y / 30.0))
    )
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east = east + 2.0 / 3.0 * (
        both
        + (20.0 * np.sin(pi * x) + 40.0 * np.sin(pi * x / 3.0))
        + (150.0 * np.sin(pi * x / 12.0) + 300.0 * np.sin(pi * x / 30.0))
    )
    phi = np.radians(lat)
    root = np.sqrt(1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2)
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / root**3
    parallel_m = _AXIS_M / root * np.cos(phi)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _gcj02_to_bd09(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Pair:
    """GCJ-02 -> BD-09 (Baidu)."""
    turn = np.pi * 3000.0 / 180.0
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * turn)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * turn)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _inverse(
    forward: Callable[[NDArray[np.float64], NDArray[np.float64]], Pair],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> Pair:
    """Solve forward(a, b) = (x, y) by fixed-point iteration; the shifts vary slowly, so it contracts."""
    a, b = x.copy(), y.copy()
    for _ in range(_MOST_ITERATIONS):
        east, north = forward(a, b)
        step_x, step_y = x - east, y - north
        a, b = a + step_x, b + step_y
        if max(np.max(np.abs(step_x), initial=0.0), np.max(np.abs(step_y), initial=0.0)) < TOLERANCE_DEG:
            break
    return a, b

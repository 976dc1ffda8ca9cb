"""Reference systems against published points, pyproj and round trips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from corridor.coordinates import CHINA, crs_name, from_wgs84, to_wgs84
from corridor.errors import InputError

# Test points of googollee/eviltransform, go/transform_test.go @ 1643645: (lon, lat) WGS 84 -> GCJ-02.
EVILTRANSFORM = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
]


@pytest.mark.parametrize(("wgs", "gcj"), EVILTRANSFORM)
def test_gcj02_against_published_points(wgs, gcj):
    assert from_wgs84(*wgs, crs="GCJ-02") == pytest.approx(gcj, abs=1e-12)
    assert to_wgs84(*gcj, crs="GCJ-02") == pytest.approx(wgs, abs=1e-9)


def test_bd09_against_published_points():
    # Points of hujiulong/gcoord, test/unit/crs @ 0f69931, published to 7-8 digits.
    assert from_wgs84(123, 45, crs="GCJ-02") == pytest.approx((123.00607541, 45.00197815), abs=1e-6)
    assert from_wgs84(123, 45, crs="BD-09") == pytest.approx((123.0124491, 45.0083293), abs=1e-6)
    # There the inverses are approximate: 5 digits are all they promise.
    assert to_wgs84(123, 45, crs="GCJ-02") == pytest.approx((122.99395597, 44.99804071), abs=1e-5)
    assert to_wgs84(123, 45, crs="BD-09") == pytest.approx((122.98762210, 44.99171540), abs=1e-5)


# On the very rim of the box rounding decides which side a point lies on.
LON, LAT = st.floats(CHINA[0] + 1e-6, CHINA[2] - 1e-6), st.floats(CHINA[1] + 1e-6, CHINA[3] - 1e-6)


@given(LON, LAT, st.sampled_from(["GCJ-02", "BD-09"]))
def test_round_trips_in_china(lon, lat, crs):
    again = to_wgs84(*from_wgs84(lon, lat, crs=crs), crs=crs)
    assert again == pytest.approx((lon, lat), abs=1e-8)


@given(st.floats(100.0, 110.0), st.floats(26.0, 33.0))
def test_shifts_have_the_known_size_in_the_region(lon, lat):
    gcj = from_wgs84(lon, lat, crs="GCJ-02")
    assert 100.0 < Geod(ellps="WGS84").inv(lon, lat, *map(float, gcj))[2] < 700.0
    bd = from_wgs84(lon, lat, crs="BD-09")
    assert bd[0] - gcj[0] == pytest.approx(0.0065, abs=5e-4)
    assert bd[1] - gcj[1] == pytest.approx(0.006, abs=5e-4)


@pytest.mark.parametrize("point", [(-122.4, 37.8), (151.2, -33.9), (2.35, 48.86), (179.0, 10.0)])
def test_gcj02_is_wgs84_outside_china(point):
    assert from_wgs84(*point, crs="GCJ-02") == point
    assert to_wgs84(*point, crs="GCJ-02") == point


def test_gauss_kruger_by_its_definition():
    # On the central meridian the easting is 500 km; with the zone number in front where the system has it.
    x, y = from_wgs84([105.0, 105.0], [0.0, 30.0], crs="EPSG:4544")
    assert x == pytest.approx([500_000.0, 500_000.0], abs=1e-6)
    assert y[0] == pytest.approx(0.0, abs=1e-6)
    # Scale 1 there, so the northing is the length of the meridian.
    assert y[1] == pytest.approx(Geod(ellps="GRS80").inv(105, 0, 105, 30)[2], abs=1e-3)
    assert from_wgs84(105.0, 30.0, crs="EPSG:4523")[0] == pytest.approx(35_500_000.0, abs=1e-6)
    lon, lat = to_wgs84(*from_wgs84([103.2, 106.7], [29.1, 31.4], crs="EPSG:4544"), crs="EPSG:4544")
    assert np.allclose(lon, [103.2, 106.7], atol=1e-9)
    assert np.allclose(lat, [29.1, 31.4], atol=1e-9)


def test_names_are_spelled_freely_but_never_guessed():
    assert [crs_name(name) for name in ("wgs 84", "WGS-84", "gcj02", "bd-09", "cgcs 2000", "epsg:4544")] == [
        "WGS84",
        "WGS84",
        "GCJ-02",
        "BD-09",
        "CGCS2000",
        "EPSG:4544",
    ]
    for name in ("", "EPSG:3857", "EPSG:4555", "Mars"):
        with pytest.raises(InputError, match="is not known"):
            to_wgs84(104.0, 30.0, crs=name)


def test_what_is_no_number_is_refused():
    with pytest.raises(InputError, match="finite"):
        to_wgs84([104.0, np.nan], [30.0, 30.0], crs="WGS84")


def test_inputs_stay_untouched():
    lon, lat = np.array([104.0]), np.array([30.0])
    out, _ = to_wgs84(lon, lat, crs="GCJ-02")
    assert (lon[0], lat[0]) == (104.0, 30.0)
    assert not np.shares_memory(out, lon)

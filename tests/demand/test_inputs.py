from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demand.inputs import POSITIVE, SHARE, Limits, adoption_year, route_faults, zone_faults


@pytest.mark.parametrize(
    ("limits", "value", "inside"),
    [
        (POSITIVE, 0.0, False),
        (POSITIVE, 1e-9, True),
        (POSITIVE, float("inf"), False),
        (SHARE, 0.0, True),
        (SHARE, 1.0, True),
        (SHARE, 1.0001, False),
        (SHARE, float("nan"), False),
        (Limits(low=-0.5, high=0.5), -0.5, True),
    ],
)
def test_limits(limits, value, inside):
    assert limits.hold(value) is inside


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("adoption.share.coach_12m.2030", ("coach_12m", 2030)),
        ("adoption.share.coach_12m.soon", None),
        ("adoption.share.bus_9m.2030", None),
        ("adoption.share.coach_12m", None),
        ("station.share.coach_12m.2030", None),
    ],
)
def test_adoption_keys(key, found):
    assert adoption_year(key) == found


def test_good_zones_and_routes_have_no_fault(zones, routes):
    assert zone_faults(zones) == []
    assert route_faults(routes, zones) == []


def test_bad_zones(zones):
    wrong = zones.drop(columns="employment_transport")
    assert [str(fault) for fault in zone_faults(wrong)] == [
        "zones: column employment_transport is missing. Add the column"
    ]
    zones["population"] = 0.0
    zones["kind"] = ["county", "county", "county", "city", "gateway"]
    assert [fault.where for fault in zone_faults(zones)] == [
        "zones, column kind, D",
        "zones, column population",
    ]
    assert "there is no county" in str(zone_faults(zones.assign(kind="gateway"))[0])


def test_many_bad_rows_are_counted_not_listed(zones):
    many = zones.iloc[[0] * 8].set_axis([f"Z{row}" for row in range(8)])
    many["population"] = -1.0
    assert "Z4 and 3 more" in zone_faults(many)[0].where


def test_bad_routes(zones, routes):
    strange = zones.rename(index={"B": "Q"})
    text = " ".join(str(fault) for fault in route_faults(routes, strange))
    assert "without a row in the table: B" in text
    assert "1 zones were not routed" in text
    twice = replace(routes, origin=np.zeros_like(routes.origin), destination=np.ones_like(routes.destination))
    assert "do not add up to 1" in str(route_faults(twice, zones)[0])
    by_turns = (np.arange(len(routes)) % 2 + 1).astype(np.int32)
    apart = replace(routes, origin=np.zeros_like(routes.origin), destination=by_turns)
    assert "do not stand in a row" in str(route_faults(apart, zones)[0])
    turned = replace(routes, origin=routes.destination, destination=routes.origin)
    assert "origin < destination" in str(route_faults(turned, zones)[0])
    endless = replace(routes, length_km=np.full(len(routes), np.nan))
    assert "length_km" in route_faults(endless, zones)[0].where

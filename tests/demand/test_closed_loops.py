"""Energy balance over closed loops: nobody gets hydrogen, or energy, by coming back to where he started."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from demand.energy import KWH_PER_KG, Road, both_ways, edge_energy
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import driven
from planner.inputs import assumptions_in_force, load_inputs

DATA = Path(__file__).parents[2] / "data"
GRAVITY = 9.80665
J_PER_KWH = 3.6e6
AIR_AT_5000_M = 0.7

#: Pairs of zones driven out by one route and home by another.
LOOPS = 400


def resistance_kwh(road, vehicles):
    """What rolling alone takes at the wheels, (n_vehicles, n_edges): no way to avoid it, uphill or down."""
    grade = np.minimum((road.climb_m + road.descent_m) / (1000.0 * road.length_km), 1.0)
    meters = 1000.0 * road.length_km / np.sqrt(1.0 + grade**2)
    weight = np.array([1000.0 * each.mass_t * GRAVITY * each.rolling for each in vehicles])
    return weight[:, None] * meters / J_PER_KWH


def wheel_kwh(road, vehicles, hours):
    """Rolling, the climb's potential energy and the least drag at the speed driven: (n_vehicles, n_edges)."""
    speed = 1000.0 * road.length_km / (3600.0 * hours)
    area = np.array([each.drag_area_m2 for each in vehicles])[:, None]
    mass = np.array([1000.0 * each.mass_t for each in vehicles])[:, None]
    drag = 0.5 * AIR_AT_5000_M * area * speed**2 * 1000.0 * road.length_km / J_PER_KWH
    lift = mass * GRAVITY * (road.climb_m - road.descent_m) / J_PER_KWH
    return resistance_kwh(road, vehicles) + lift + drag


@pytest.fixture(scope="module")
def region():
    if not (DATA / "roads_edges.parquet").is_file():
        pytest.skip("the road tables are not in data/")
    inputs = load_inputs()
    values, _ = assumptions_in_force(inputs.assumptions, {})
    network, terrain = inputs.network, inputs.terrain
    height = terrain.nodes["elevation_m"].fillna(terrain.nodes["elevation_m"].mean()).to_numpy()
    road = Road(
        length_km=network.length_km,
        speed_kmh=network.length_km / network.hours,
        climb_m=np.nan_to_num(terrain.climb_m),
        descent_m=np.nan_to_num(terrain.descent_m),
        altitude_m=(height[network.tails] + height[network.heads]) / 2.0,
    )
    return inputs, values, road


@pytest.fixture(scope="module")
def loops(region):
    """Arcs out by one route of a pair and arcs of the road home by another, to be driven the other way."""
    inputs, _, _ = region
    routes = inputs.routes
    second = np.flatnonzero(routes.pair[1:] == routes.pair[:-1]) + 1
    chosen = np.random.default_rng(4).choice(second, LOOPS, replace=False)
    return [
        tuple(
            arcs[arcs >= 0]
            for arcs in (inputs.route_arcs[slice(*routes.offsets[row : row + 2])] for row in pair)
        )
        for pair in zip(chosen - 1, chosen, strict=True)
    ]


@pytest.mark.parametrize("laden", [True, False])
def test_no_loop_over_the_real_roads_gives_anything_back(region, loops, laden):
    _, values, road = region
    vehicles = driven(values, laden=laden)
    out, back = both_ways(road, vehicles)
    wheels_out = wheel_kwh(road, vehicles, out.hours)
    turned = Road(
        length_km=road.length_km,
        speed_kmh=road.speed_kmh,
        climb_m=road.descent_m,
        descent_m=road.climb_m,
        altitude_m=road.altitude_m,
    )
    wheels_back = wheel_kwh(turned, vehicles, back.hours)
    rolled = resistance_kwh(road, vehicles)
    assert len(vehicles) == len(VEHICLE_CLASSES)
    for there, home in loops:
        rise = (road.climb_m - road.descent_m)[there].sum() - (road.climb_m - road.descent_m)[home].sum()
        assert abs(rise) < 1.0  # the loop closes: meters
        kg = out.kg[:, there].sum(axis=1) + back.kg[:, home].sum(axis=1)
        wheels = wheels_out[:, there].sum(axis=1) + wheels_back[:, home].sum(axis=1)
        rolling = rolled[:, there].sum(axis=1) + rolled[:, home].sum(axis=1)
        assert (wheels > 0).all()
        # Hydrogen holds more than the wheels dissipate: recovery is a share of what was put in before.
        assert (kg * KWH_PER_KG > rolling).all()
        assert (kg * KWH_PER_KG > wheels * 0.999).all()


@st.composite
def synthetic_loops(draw):
    """Edges whose heights end where they began."""
    n = draw(st.integers(3, 12))
    height = draw(arrays(np.float64, n, elements=st.floats(0.0, 600.0)))
    km = draw(arrays(np.float64, n, elements=st.floats(8.0, 40.0)))
    kmh = draw(arrays(np.float64, n, elements=st.floats(30.0, 100.0)))
    rolling = draw(arrays(np.float64, n, elements=st.floats(0.0, 50.0)))  # up and down within an edge
    rise = np.roll(height, -1) - height
    return Road(
        length_km=km,
        speed_kmh=kmh,
        climb_m=np.maximum(rise, 0.0) + rolling,
        descent_m=np.maximum(-rise, 0.0) + rolling,
        altitude_m=np.maximum(height, np.roll(height, -1)),
    )


@given(road=synthetic_loops())
@settings(max_examples=80, deadline=None)
def test_no_synthetic_loop_gives_anything_back(small_region, road):
    for laden in (True, False):
        vehicles = driven(small_region, laden=laden)
        one_way, other = both_ways(road, vehicles)
        rolling = resistance_kwh(road, vehicles).sum(axis=1)
        for way in (one_way, other):
            assert (way.kg >= 0).all()
            assert (way.kg.sum(axis=1) * KWH_PER_KG > rolling).all()
            assert (wheel_kwh(road, vehicles, way.hours).sum(axis=1) > 0).all()


@given(road=synthetic_loops())
@settings(max_examples=40, deadline=None)
def test_the_way_back_is_the_road_turned(small_region, road):
    turned = Road(
        length_km=road.length_km,
        speed_kmh=road.speed_kmh,
        climb_m=road.descent_m,
        descent_m=road.climb_m,
        altitude_m=road.altitude_m,
    )
    vehicles = driven(small_region, laden=True)
    back, expected = both_ways(road, vehicles)[1], edge_energy(turned, vehicles)
    for name in ("kg", "hours", "climbs"):
        np.testing.assert_array_equal(getattr(back, name), getattr(expected, name))


@given(road=synthetic_loops())
@settings(max_examples=60, deadline=None)
def test_every_class_uses_more_laden_than_empty_on_any_loop(small_region, road):
    full, light = (edge_energy(road, driven(small_region, laden=laden)) for laden in (True, False))
    assert (full.kg.sum(axis=1) > light.kg.sum(axis=1)).all()

from __future__ import annotations

import numpy as np
import pytest

from corridor.errors import InfeasibleError, InputError
from demand.freight import freight_mass, round_trips, trip_ends, truck_trips
from demand.inputs import TRUCK_CLASSES


def test_trips_add_up_to_the_ends_of_every_zone(zones, routes, assumptions):
    trips = truck_trips(zones, routes, assumptions=assumptions, year=2023)
    ends = trip_ends(zones, assumptions=assumptions, year=2023)
    for name in TRUCK_CLASSES:
        at_origin = np.bincount(routes.origin, weights=trips[name], minlength=5)
        at_destination = np.bincount(routes.destination, weights=trips[name], minlength=5)
        np.testing.assert_allclose(at_origin + at_destination, ends[name], rtol=1e-8)


def test_trips_carry_the_tonnes(zones, routes, assumptions):
    trips = truck_trips(zones, routes, assumptions=assumptions, year=2023)
    load_t = {name: assumptions[f"vehicle.{name}.payload_t"] * 0.8 for name in TRUCK_CLASSES}
    carried = sum(2 * trips[name].sum() * (1 - 0.35) * load_t[name] for name in TRUCK_CLASSES)
    share = assumptions["freight.intercity_share"]
    assert carried == pytest.approx((180e6 + 115e6) / 365 * share, rel=1e-8)


def test_freight_grows_with_the_years(assumptions):
    grown = round_trips(assumptions, year=2033) / round_trips(assumptions, year=2023)
    np.testing.assert_allclose(grown, 1.02**10)


def test_a_gateway_gets_half_its_counted_trucks(zones, assumptions):
    ends = trip_ends(zones, assumptions=assumptions, year=2023)
    assert ends.loc["GW-E"].sum() == pytest.approx(500 / 2)
    branch = zones.assign(road_ref=[None, None, None, None, "G5012"])
    assert trip_ends(branch, assumptions=assumptions, year=2023).loc["GW-E"].sum() == pytest.approx(1000 / 2)


def test_mass_is_a_share_and_does_not_depend_on_how_a_county_is_cut(zones, assumptions):
    mass = freight_mass(zones, assumptions)
    assert mass.sum() == pytest.approx(1.0)
    assert mass[4] == 0.0
    columns = ["population", "employment_transport", "employment_manufacturing"]
    cut = zones.copy()
    cut.loc["A", columns] = zones.loc["A", columns].astype(float) * 0.3
    cut.loc["A2"] = zones.loc["A"]
    cut.loc["A2", columns] = (zones.loc["A", columns].astype(float) * 0.7).to_numpy()
    again = freight_mass(cut, assumptions)
    assert again[0] + again[5] == pytest.approx(mass[0])


def test_gateways_beyond_all_freight_are_refused(zones, routes, assumptions):
    assumptions["freight.gateway_trucks_per_day.main"] = 1e6
    with pytest.raises(InfeasibleError, match=r"freight.gateway_trucks_per_day"):
        truck_trips(zones, routes, assumptions=assumptions, year=2023)


def test_shares_must_add_up(zones, routes, assumptions):
    assumptions["freight.tonne_share.rigid_18t"] = 0.5
    with pytest.raises(InputError, match=r"shares add up to 1.37, not 1"):
        truck_trips(zones, routes, assumptions=assumptions, year=2023)

from __future__ import annotations

import numpy as np
import pytest

from corridor.errors import InfeasibleError
from demand.coaches import coach_trips, trip_ends


def test_coaches_carry_the_passengers(zones, routes, assumptions):
    trips = coach_trips(zones, routes, assumptions=assumptions, year=2023)
    passengers = 2 * trips.sum() * assumptions["coach.passengers_per_coach"] * 365
    assert passengers == pytest.approx(110e6, rel=1e-8)
    assert (trips[routes.length_km < 50] == 0).all()


def test_county_ends_follow_population(zones, assumptions):
    ends = trip_ends(zones, assumptions=assumptions, year=2023)
    np.testing.assert_allclose(ends["A"] / ends["B"], 1e6 / 4e5)
    assert ends["GW-E"] == pytest.approx(100 / 2)


def test_coach_travel_shrinks_as_assumed(zones, assumptions):
    now = trip_ends(zones, assumptions=assumptions, year=2023)
    later = trip_ends(zones, assumptions=assumptions, year=2033)
    np.testing.assert_allclose(later / now, 0.98**10)


def test_gateways_beyond_all_coaches_are_refused(zones, routes, assumptions):
    assumptions["coach.gateway_coaches_per_day.main"] = 1e6
    with pytest.raises(InfeasibleError, match=r"coach.gateway_coaches_per_day"):
        coach_trips(zones, routes, assumptions=assumptions, year=2023)

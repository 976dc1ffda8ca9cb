"""Pilot cities gather fuel-cell trips without adding any hydrogen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corridor.errors import InfeasibleError, InputError
from demand.hydrogen import demand_table
from demand.pilots import pilot_weight, with_pilots

FACTOR = {"pilot.adoption_factor": 3.0, "pilot.faded_year": 2035.0}


def made(zones, routes, used, assumptions, year):
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=year)
    return table.assign(kg=table["trips_per_day"] * table["kg_per_trip"])


def test_weight_by_hand(zones, routes):
    """A and B lie in Chengdu; the factor of 3 has faded to 1 + 2 * 5/8 in 2030."""
    weight = pilot_weight(zones, routes, assumptions=FACTOR, year=2030)
    ends = list(zip(routes.zone_ids[routes.origin], routes.zone_ids[routes.destination], strict=True))
    assert weight[ends.index(("A", "B"))] == pytest.approx(2.25)
    assert weight[ends.index(("A", "D"))] == pytest.approx(1.625)
    assert weight[ends.index(("C", "D"))] == 1.0
    np.testing.assert_array_equal(pilot_weight(zones, routes, assumptions=FACTOR, year=2035), 1.0)


def test_hydrogen_of_every_class_stays_and_moves_to_the_pilots(zones, routes, used, assumptions):
    before = made(zones, routes, used, assumptions, 2030)
    after = made(zones, routes, used, assumptions | FACTOR, 2030)
    totals = [table.groupby("vehicle_class")["kg"].sum() for table in (before, after)]
    pd.testing.assert_series_equal(*totals)
    weight = pilot_weight(zones, routes, assumptions=FACTOR, year=2030)
    plain = weight[before["route"]] == 1.0
    assert plain.any()
    assert (after.loc[plain, "trips_per_day"] < before.loc[plain, "trips_per_day"]).all()


def test_by_default_nothing_changes(zones, routes, used, assumptions):
    assert assumptions["pilot.adoption_factor"] == 1.0
    without = {key: value for key, value in assumptions.items() if not key.startswith("pilot.")}
    pd.testing.assert_frame_equal(
        made(zones, routes, used, assumptions, 2030), made(zones, routes, used, without, 2030)
    )


def test_more_than_all_trips_cannot_run_on_hydrogen():
    one = np.ones((2, 1))
    with pytest.raises(InfeasibleError, match="than there are"):
        with_pilots(0.9 * one, one, one, np.array([1.0, 3.0]))


def test_an_impossible_factor_is_named(zones, routes):
    with pytest.raises(InputError, match=r"pilot\.adoption_factor"):
        pilot_weight(zones, routes, assumptions={"pilot.adoption_factor": 0.5}, year=2030)

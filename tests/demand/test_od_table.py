"""An analyst's trips in place of the modeled ones, against sums by hand."""

import numpy as np
import pandas as pd
import pytest

from demand.hydrogen import all_trips, demand_table
from demand.inputs import VEHICLE_CLASSES
from demand.od_table import GivenTrips, OdTable, replaced

TRACTOR = VEHICLE_CLASSES.index("tractor_49t")


def table_of(zone_ids, rows):
    """A table of rows (origin, destination, class, trips[, share])."""
    shape = (len(zone_ids), len(zone_ids), len(VEHICLE_CLASSES))
    trips, shared, fuel_cell = (np.zeros(shape) for _ in range(3))
    listed = np.zeros(shape, dtype=bool)
    for origin, destination, name, number, *share in rows:
        at = zone_ids.index(origin), zone_ids.index(destination), VEHICLE_CLASSES.index(name)
        trips[at], listed[at] = number, True
        if share:
            shared[at], fuel_cell[at] = number, number * share[0]
    return OdTable(
        zone_ids=np.array(zone_ids, dtype=object),
        trips=trips,
        listed=listed,
        shared_trips=shared,
        fuel_cell_trips=fuel_cell,
    )


@pytest.fixture
def modeled(zones, routes, assumptions):
    return all_trips(zones, routes, assumptions=assumptions, year=2030)


def at_pair(routes, origin, destination):
    ids = list(routes.zone_ids)
    found = (routes.origin == ids.index(origin)) & (routes.destination == ids.index(destination))
    return int(np.flatnonzero(found)[0])


def test_a_listed_class_is_replaced_and_the_others_stay(routes, assumptions, modeled):
    # zones in another order than the routes, and one the routes do not know
    ids = ["X", "GW-E", "D", "C", "B", "A"]
    rows = [
        ("A", "D", "tractor_49t", 30.0),
        ("D", "A", "tractor_49t", 10.0),
        ("C", "GW-E", "tractor_49t", 8.0),
        ("A", "A", "tractor_49t", 7.0),
        ("A", "B", "tractor_49t", 5.0),  # 30 km: below the shortest trip of 50 km
        ("A", "X", "tractor_49t", 3.0),
    ]
    given, report = replaced(table_of(ids, rows), routes, modeled, assumptions=assumptions)
    tractors = given.round_trips["tractor_49t"]
    assert tractors[at_pair(routes, "A", "D")] == pytest.approx(20.0)
    assert tractors[at_pair(routes, "C", "GW-E")] == pytest.approx(4.0)
    assert tractors.sum() == pytest.approx(24.0)
    others = [name for name in VEHICLE_CLASSES if name != "tractor_49t"]
    assert given.round_trips[others].equals(modeled[others])
    assert report.classes == ("tractor_49t",)
    assert report.listed == pytest.approx(63.0)
    assert report.inside_zone == pytest.approx(7.0)
    assert report.too_short == pytest.approx(5.0)
    assert report.no_route == pytest.approx(3.0)
    assert report.moved == pytest.approx((20.0 + 8.0) / 2.0)
    assert report.one_direction_pairs == 3
    assert report.model_round_trips == pytest.approx(modeled["tractor_49t"].sum())
    assert report.round_trips == pytest.approx(24.0)
    kept = 2.0 * report.round_trips + report.inside_zone + report.too_short + report.no_route
    assert kept == pytest.approx(report.listed)


def test_an_own_fuel_cell_share_stands_in_place_of_adoption(zones, routes, used, assumptions, modeled):
    ids = list(routes.zone_ids)
    rows = [
        ("A", "D", "tractor_49t", 30.0, 0.5),
        ("D", "A", "tractor_49t", 10.0, 0.1),
        ("A", "C", "tractor_49t", 10.0),
    ]
    given, _ = replaced(table_of(ids, rows), routes, modeled, assumptions=assumptions)
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030, given=given)
    tractors = table[table["vehicle_class"] == "tractor_49t"].groupby("route")["trips_per_day"].sum()
    assert tractors[at_pair(routes, "A", "D")] == pytest.approx((15.0 + 1.0) / 2.0)
    share = assumptions["adoption.share.tractor_49t.2030"]
    assert tractors[at_pair(routes, "A", "C")] == pytest.approx(5.0 * share)


def test_the_modeled_trips_given_back_change_nothing(zones, routes, used, assumptions, modeled):
    given = GivenTrips(round_trips=modeled, fuel_cell_share=np.full(modeled.shape, np.nan))
    options = {"used": used, "assumptions": assumptions, "year": 2030}
    with_given = demand_table(zones, routes, given=given, **options)
    pd.testing.assert_frame_equal(with_given, demand_table(zones, routes, **options), rtol=1e-12)

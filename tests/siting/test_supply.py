from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.delivery import PARTS, Delivery
from siting.supply import assign_bases, fleet_figures

LINES = {"tube": (4.0, 0.025), "liquid": (9.5, 0.01)}


def _delivery(km, fixed, per_km):
    """A delivery whose cost is a line over the distance; a kg takes a hundredth of a trip."""
    km = np.asarray(km, dtype=float)
    none, each = np.zeros(km.shape), np.full(km.shape, 0.01)
    parts = dict.fromkeys(PARTS, none) | {
        "conversion_plant_cny_per_kg": none + fixed,
        "fuel_toll_cny_per_kg": np.where(
            np.isfinite(km), per_km * np.where(np.isfinite(km), km, 0.0), np.nan
        ),
    }
    return Delivery(
        distance_km=km,
        **parts,
        lost_kg=none,
        trips=each,
        trailers=each,
        tractors=each / 2,
        driver_h=each,
    )


def _modes(rows):
    return {name: _delivery(rows, *line) for name, line in LINES.items()}


def _bases(**columns):
    n = len(columns["capacity_kg_per_day"])
    default = {"production_cny_per_kg": [15.0] * n, "green": [True] * n}
    return pd.DataFrame({**default, **columns}, index=pd.Index([f"B{b}" for b in range(n)], name="base_id"))


def _loads(*kg):
    return pd.Series(kg, index=pd.Index([f"S{j}" for j in range(len(kg))], name="site_id"), dtype=float)


def test_costs_of_a_link_by_hand():
    supply = assign_bases(_loads(100), _bases(capacity_kg_per_day=[500]), deliveries=_modes([[200]]))
    assert supply.links.to_dict("records") == [
        {
            "site_id": "S0",
            "base_id": "B0",
            "mode": "tube",
            "distance_km": 200.0,
            "kg_per_day": 100.0,
            "production_cny_per_kg": 15.0,
            "delivery_cny_per_kg": 9.0,
            "conversion_energy_cny_per_kg": 0.0,
            "conversion_plant_cny_per_kg": 4.0,
            "vehicles_cny_per_kg": 0.0,
            "drivers_cny_per_kg": 0.0,
            "fuel_toll_cny_per_kg": 5.0,
            "losses_cny_per_kg": 0.0,
            "delivered_cny_per_kg": 24.0,
            "trips_per_day": 1.0,
            "trailers": 1.0,
            "tractors": 0.5,
            "driver_h_per_day": 1.0,
            "green": True,
            "shortage_kg_per_day": 0.0,
        }
    ]
    assert supply.certificate.incumbent == pytest.approx(2400.0)
    assert supply.certificate.status == "optimal"


def test_liquid_wins_where_the_road_is_long():
    distances = [[366], [367]]
    supply = assign_bases(_loads(1, 1), _bases(capacity_kg_per_day=[5]), deliveries=_modes(distances))
    assert supply.links["mode"].tolist() == ["tube", "liquid"]


def test_a_full_base_sends_the_station_that_loses_least_elsewhere():
    distances = [[10, 110], [20, 320]]
    supply = assign_bases(
        _loads(100, 100), _bases(capacity_kg_per_day=[150, 500]), deliveries=_modes(distances)
    )
    assert supply.links["base_id"].tolist() == ["B1", "B0"]
    assert supply.shortage_kg_per_day == 0.0


def test_shortage_is_reported_where_it_falls():
    distances = [[10], [20]]
    supply = assign_bases(_loads(100, 80), _bases(capacity_kg_per_day=[150]), deliveries=_modes(distances))
    assert supply.shortage_kg_per_day == pytest.approx(30.0)
    assert supply.links["kg_per_day"].sum() == pytest.approx(150.0)
    nothing = assign_bases(_loads(100), _bases(capacity_kg_per_day=[0]), deliveries=_modes([[10]]))
    row = nothing.links.iloc[0]
    assert row["shortage_kg_per_day"] == 100.0
    assert pd.isna(row["base_id"])
    assert pd.isna(row["delivered_cny_per_kg"])


def test_only_green_bases_when_asked():
    bases = _bases(capacity_kg_per_day=[500, 500], green=[False, True], production_cny_per_kg=[10.0, 20.0])
    question = {"deliveries": _modes([[10, 10]])}
    assert assign_bases(_loads(100), bases, **question).links["base_id"].tolist() == ["B0"]
    assert assign_bases(_loads(100), bases, green_only=True, **question).links["base_id"].tolist() == ["B1"]
    with pytest.raises(InfeasibleError, match="no green supply base"):
        assign_bases(_loads(100), bases.head(1), green_only=True, deliveries=_modes([[10]]))


def test_a_station_without_load_still_has_a_base_and_no_road_means_no_supply():
    distances = [[300, 30], [np.inf, np.inf], [np.inf, 40]]
    supply = assign_bases(
        _loads(0, 10, 10), _bases(capacity_kg_per_day=[50, 50]), deliveries=_modes(distances)
    )
    links = supply.links
    assert links["base_id"].fillna("-").tolist() == ["B1", "-", "B1"]
    assert links["kg_per_day"].tolist() == [0.0, 0.0, 10.0]
    assert links["shortage_kg_per_day"].tolist() == [0.0, 10.0, 0.0]


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_no_assignment_is_cheaper_and_mass_balances(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    ints = lambda low, high, size: data.draw(st.lists(st.integers(low, high), min_size=size, max_size=size))  # noqa: E731
    load, capacity = _loads(*ints(1, 9, n)), ints(0, 20, m)
    distances = np.array(ints(0, 600, n * m)).reshape(n, m)
    bases = _bases(capacity_kg_per_day=capacity, production_cny_per_kg=[float(c) for c in ints(10, 30, m)])
    supply = assign_bases(load, bases, deliveries=_modes(distances))
    assert supply.certificate.status == "optimal"
    links = supply.links
    assert (links["kg_per_day"] + links["shortage_kg_per_day"]).tolist() == pytest.approx(load.tolist())
    for base, kg in links.groupby("base_id")["kg_per_day"].sum().items():
        assert kg <= bases.loc[base, "capacity_kg_per_day"] + 1e-6
    delivered = bases["production_cny_per_kg"].to_numpy() + np.minimum(
        4 + 0.025 * distances, 9.5 + 0.01 * distances
    )
    full = [
        sum(load.iloc[j] * delivered[j, b] for j, b in enumerate(choice))
        for choice in product(range(m), repeat=n)
        if all(sum(load.iloc[j] for j in range(n) if choice[j] == b) <= capacity[b] for b in range(m))
    ]
    if full:
        assert supply.shortage_kg_per_day == pytest.approx(0.0, abs=1e-6)
        assert (links["kg_per_day"] * links["delivered_cny_per_kg"]).sum() == pytest.approx(min(full))
    elif sum(capacity) < load.sum():
        assert supply.shortage_kg_per_day >= load.sum() - sum(capacity) - 1e-6


def test_vehicles_are_those_of_what_is_supplied_and_whole_per_base_and_mode():
    load, bases = _loads(100, 70, 50), _bases(capacity_kg_per_day=[150, 50])
    supply = assign_bases(load, bases, deliveries=_modes([[10, 900], [20, 900], [900, 30]]))
    links = supply.links
    assert links["trailers"].tolist() == pytest.approx((links["kg_per_day"] * 0.01).tolist())
    assert links["shortage_kg_per_day"].sum() == pytest.approx(20.0)
    figures = fleet_figures(links)
    # 150 kg/d from B0 take 1.5 trailers, 50 from B1 half of one.
    assert figures["trailers_needed"] == 3.0
    assert figures["tractors_needed"] == 2.0
    spent = (links["kg_per_day"] * links["delivery_cny_per_kg"]).sum()
    assert figures["delivery_cny_per_kg"] == pytest.approx(spent / 200.0)


def test_nothing_supplied_costs_nothing():
    supply = assign_bases(_loads(0), _bases(capacity_kg_per_day=[5]), deliveries=_modes([[10]]))
    assert set(fleet_figures(supply.links).values()) == {0.0}


def test_faults_are_named_together():
    bases = _bases(capacity_kg_per_day=[-1.0], production_cny_per_kg=[np.nan])
    wrong = {"far": _delivery([[-10.0]], 1.0, 1.0), "small": _delivery([[1.0, 2.0]], 1.0, 1.0)}
    with pytest.raises(InputError) as caught:
        assign_bases(_loads(-5), bases, deliveries=wrong)
    assert len(caught.value.faults) == 6
    with pytest.raises(InputError, match="no mode of delivery"):
        assign_bases(_loads(5), _bases(capacity_kg_per_day=[1.0]), deliveries={})

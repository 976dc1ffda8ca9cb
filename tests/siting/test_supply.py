from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.supply import DeliveryMode, assign_bases

MODES = {
    "tube": DeliveryMode(fixed_cny_per_kg=4.0, cny_per_kg_km=0.025),
    "liquid": DeliveryMode(fixed_cny_per_kg=9.5, cny_per_kg_km=0.01),
}


def _bases(**columns):
    n = len(columns["capacity_kg_per_day"])
    default = {"production_cny_per_kg": [15.0] * n, "green": [True] * n}
    return pd.DataFrame({**default, **columns}, index=pd.Index([f"B{b}" for b in range(n)], name="base_id"))


def _loads(*kg):
    return pd.Series(kg, index=pd.Index([f"S{j}" for j in range(len(kg))], name="site_id"), dtype=float)


def _distances(rows):
    return pd.DataFrame(
        rows,
        index=[f"S{j}" for j in range(len(rows))],
        columns=[f"B{b}" for b in range(len(rows[0]))],
        dtype=float,
    )


def test_costs_of_a_link_by_hand():
    supply = assign_bases(
        _loads(100), _bases(capacity_kg_per_day=[500]), distance_km=_distances([[200]]), modes=MODES
    )
    assert supply.links.to_dict("records") == [
        {
            "site_id": "S0",
            "base_id": "B0",
            "mode": "tube",
            "distance_km": 200.0,
            "kg_per_day": 100.0,
            "production_cny_per_kg": 15.0,
            "delivery_cny_per_kg": 9.0,
            "delivered_cny_per_kg": 24.0,
            "green": True,
            "shortage_kg_per_day": 0.0,
        }
    ]
    assert supply.certificate.incumbent == pytest.approx(2400.0)
    assert supply.certificate.status == "optimal"


def test_liquid_wins_where_the_road_is_long():
    distances = _distances([[366], [367]])
    supply = assign_bases(_loads(1, 1), _bases(capacity_kg_per_day=[5]), distance_km=distances, modes=MODES)
    assert supply.links["mode"].tolist() == ["tube", "liquid"]


def test_a_full_base_sends_the_station_that_loses_least_elsewhere():
    distances = _distances([[10, 110], [20, 320]])
    supply = assign_bases(
        _loads(100, 100), _bases(capacity_kg_per_day=[150, 500]), distance_km=distances, modes=MODES
    )
    assert supply.links["base_id"].tolist() == ["B1", "B0"]
    assert supply.shortage_kg_per_day == 0.0


def test_shortage_is_reported_where_it_falls():
    distances = _distances([[10], [20]])
    supply = assign_bases(
        _loads(100, 80), _bases(capacity_kg_per_day=[150]), distance_km=distances, modes=MODES
    )
    assert supply.shortage_kg_per_day == pytest.approx(30.0)
    assert supply.links["kg_per_day"].sum() == pytest.approx(150.0)
    nothing = assign_bases(
        _loads(100), _bases(capacity_kg_per_day=[0]), distance_km=_distances([[10]]), modes=MODES
    )
    row = nothing.links.iloc[0]
    assert row["shortage_kg_per_day"] == 100.0
    assert pd.isna(row["base_id"])
    assert pd.isna(row["delivered_cny_per_kg"])


def test_only_green_bases_when_asked():
    bases = _bases(capacity_kg_per_day=[500, 500], green=[False, True], production_cny_per_kg=[10.0, 20.0])
    question = {"distance_km": _distances([[10, 10]]), "modes": MODES}
    assert assign_bases(_loads(100), bases, **question).links["base_id"].tolist() == ["B0"]
    assert assign_bases(_loads(100), bases, green_only=True, **question).links["base_id"].tolist() == ["B1"]
    with pytest.raises(InfeasibleError, match="no green supply base"):
        assign_bases(_loads(100), bases.head(1), green_only=True, **question)


def test_a_station_without_load_still_has_a_base_and_no_road_means_no_supply():
    distances = _distances([[300, 30], [np.inf, np.inf], [np.inf, 40]])
    supply = assign_bases(
        _loads(0, 10, 10), _bases(capacity_kg_per_day=[50, 50]), distance_km=distances, modes=MODES
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
    distances = _distances(np.array(ints(0, 600, n * m)).reshape(n, m))
    bases = _bases(capacity_kg_per_day=capacity, production_cny_per_kg=[float(c) for c in ints(10, 30, m)])
    supply = assign_bases(load, bases, distance_km=distances, modes=MODES)
    assert supply.certificate.status == "optimal"
    links = supply.links
    assert (links["kg_per_day"] + links["shortage_kg_per_day"]).tolist() == pytest.approx(load.tolist())
    for base, kg in links.groupby("base_id")["kg_per_day"].sum().items():
        assert kg <= bases.loc[base, "capacity_kg_per_day"] + 1e-6
    delivered = bases["production_cny_per_kg"].to_numpy() + np.minimum(
        4 + 0.025 * distances, 9.5 + 0.01 * distances
    )
    full = [
        sum(load.iloc[j] * delivered.iloc[j, b] for j, b in enumerate(choice))
        for choice in product(range(m), repeat=n)
        if all(sum(load.iloc[j] for j in range(n) if choice[j] == b) <= capacity[b] for b in range(m))
    ]
    if full:
        assert supply.shortage_kg_per_day == pytest.approx(0.0, abs=1e-6)
        assert (links["kg_per_day"] * links["delivered_cny_per_kg"]).sum() == pytest.approx(min(full))
    elif sum(capacity) < load.sum():
        assert supply.shortage_kg_per_day >= load.sum() - sum(capacity) - 1e-6


def test_faults_are_named_together():
    bases = _bases(capacity_kg_per_day=[-1.0], production_cny_per_kg=[np.nan])
    with pytest.raises(InputError) as caught:
        assign_bases(_loads(-5), bases, distance_km=_distances([[10]]).drop(columns="B0"), modes={})
    assert len(caught.value.faults) == 5

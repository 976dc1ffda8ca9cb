"""Two plans side by side: what was added, removed, resized, and what of the difference is proven."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.comparison import CHANGES, STATION_COLUMNS, compare, standing, stations_csv
from planner.plan import Plan
from planner.scenario import Scenario
from siting.certificate import Certificate


def _proof(incumbent, bound=None, *, status=None):
    bound = incumbent if bound is None else bound
    status = status or ("optimal" if bound == incumbent else "feasible")
    return Certificate(
        status=status, incumbent=incumbent, bound=bound, seconds=1.0, solver="test", version="1"
    )


def _plan(sizes, *, served=100.0, proof=None, objective="kg", price=30.0, supply_gap=0.0, links=()):
    """Return a plan of stations by id: (capacity, load)."""
    stations = pd.DataFrame(
        {
            "site_id": list(sizes),
            "name_zh": [f"站{site}" for site in sizes],
            "name_en": [f"Station {site}" for site in sizes],
            "kind": "interchange",
            "status": "new",
            "lon": 105.0,
            "lat": 30.0,
            "capacity_kg_per_day": [float(capacity) for capacity, _ in sizes.values()],
            "load_kg_per_day": [float(load) for _, load in sizes.values()],
            "base_id": "BASE-1",
        }
    )
    supply = pd.DataFrame(links, columns=["site_id", "base_id", "kg_per_day"])
    scenario = Scenario(objective=objective)
    return Plan(
        scenario=scenario,
        stations=stations,
        flows=pd.DataFrame(),
        supply=supply,
        certificate=proof or _proof(served),
        replay={"trips": 1, "faults": 0},
        kpis={
            "served_kg_per_day": served,
            "served_share": served / 1000.0,
            "stations_new": float(len(sizes)),
            "hydrogen_cny_per_kg": price,
        },
        provenance={"supply": {"gap": supply_gap}},
    )


def _figure(comparison, key):
    return next(row for row in comparison.figures if row.key == key)


def test_every_station_is_told_what_became_of_it():
    baseline = _plan({"gone": (1000, 900), "grown": (500, 400), "busier": (500, 100), "as-was": (500, 7)})
    current = _plan({"as-was": (500, 7.2), "grown": (2000, 1500), "busier": (500, 300), "come": (1000, 1)})
    found = compare(baseline, current)
    assert dict(zip(found.stations["site_id"], found.stations["change"], strict=True)) == {
        "come": "added",
        "gone": "removed",
        "grown": "resized",
        "busier": "load",
        "as-was": "same",
    }
    assert list(found.stations["change"]) == list(CHANGES)
    rows = found.stations.set_index("site_id")
    assert rows.loc["come", "change_capacity_kg_per_day"] == 1000.0
    assert rows.loc["gone", "change_capacity_kg_per_day"] == -1000.0
    assert rows.loc["grown", "change_capacity_kg_per_day"] == 1500.0
    assert rows.loc["busier", "change_load_kg_per_day"] == 200.0
    assert np.isnan(rows.loc["come", "baseline_capacity_kg_per_day"])
    assert rows.loc["gone", "name_zh"] == "站gone"


def test_a_size_that_was_unknown_is_resized_and_one_that_still_is_is_not():
    unknown = float("nan")
    baseline = _plan({"told": (unknown, 10), "dark": (unknown, 10)})
    current = _plan({"told": (1000, 10), "dark": (unknown, 10)})
    rows = compare(baseline, current).stations.set_index("site_id")["change"]
    assert rows.to_dict() == {"told": "resized", "dark": "same"}


def test_a_plan_differs_from_itself_in_nothing():
    plan = _plan({"a": (1000, 900)}, links=[("a", "BASE-1", 900.0)])
    found = compare(plan, plan)
    assert found.changed().empty
    assert {row.delta for row in (*found.figures, found.objective)} == {0.0}
    assert found.objective.standing == "proven"
    assert list(found.supply["change_kg_per_day"]) == [0.0]


_sizes = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.sampled_from([500, 1000, 4000]), st.integers(0, 500))
)


@settings(deadline=None, max_examples=60)
@given(before=_sizes, after=_sizes)
def test_comparing_the_other_way_round_changes_every_sign(before, after):
    links = [
        [(site, f"BASE-{site}", float(load)) for site, (_, load) in of.items()] for of in (before, after)
    ]
    baseline = _plan(before, served=80.0, price=31.0, links=links[0])
    current = _plan(after, served=95.0, price=29.0, links=links[1])
    there, back = compare(baseline, current), compare(current, baseline)
    for one, other in zip(there.figures, back.figures, strict=True):
        assert (one.key, one.delta) == (other.key, -other.delta)
        assert one.is_better is None or one.is_better != other.is_better
    changes = [name for name in STATION_COLUMNS if name.startswith("change_")]
    one, other = (found.stations.set_index("site_id")[changes] for found in (there, back))
    pd.testing.assert_frame_equal(one.sort_index(), -other.sort_index(), check_index_type=False)
    pd.testing.assert_frame_equal(
        there.supply[["change_kg_per_day"]].sort_index(),
        -back.supply[["change_kg_per_day"]].sort_index(),
        check_index_type=False,
    )
    # Nothing is lost or told twice: those added and those kept are the stations of the current plan.
    assert set(there.stations["site_id"]) == {*before, *after}
    assert there.stations["site_id"].is_unique
    kept = len(there.stations) - there.count("added") - there.count("removed")
    assert there.count("added") + kept == len(after)
    assert there.count("removed") == back.count("added")
    assert there.count("resized") == back.count("resized")
    total = there.stations["change_capacity_kg_per_day"].sum()
    assert (
        total
        == current.stations["capacity_kg_per_day"].sum() - baseline.stations["capacity_kg_per_day"].sum()
    )


@pytest.mark.parametrize(
    ("before", "after", "objective", "told"),
    [
        (_proof(100.0), _proof(101.0), "kg", "proven"),
        (_proof(100.0), _proof(100.0), "kg", "proven"),
        # The plan that looks worse may be as good: its bound is above the other's incumbent.
        (_proof(100.0, 102.0), _proof(101.0), "kg", "within_gap"),
        # The better one is open, but the other cannot reach it.
        (_proof(100.0), _proof(101.0, 110.0), "kg", "proven"),
        (_proof(100.0, 100.5), _proof(101.0, 110.0), "kg", "proven"),
        # Costs are proven from below.
        (_proof(100.0, 95.0), _proof(98.0), "least_cost", "within_gap"),
        (_proof(100.0, 99.0), _proof(98.0, 90.0), "least_cost", "proven"),
        (replace(_proof(100.0, status="feasible"), bound=None), _proof(500.0), "kg", "within_gap"),
        (replace(_proof(100.0), incumbent=None, status="unknown"), _proof(500.0), "kg", "not_compared"),
    ],
)
def test_the_order_is_proven_where_the_certificates_keep_apart(before, after, objective, told):
    served = {"least_share": 0.5} if objective == "least_cost" else {}
    scenario = Scenario(objective=objective, **served)
    baseline, current = (
        replace(_plan({}, served=proof.incumbent or 0.0, proof=proof), scenario=scenario)
        for proof in (before, after)
    )
    assert standing(baseline, current) == told
    assert standing(current, baseline) == told
    assert compare(baseline, current).objective.standing == told


def test_plans_of_different_objectives_are_not_compared_by_them():
    found = compare(_plan({}, objective="trips"), _plan({}, objective="kg"))
    assert found.objective.standing == "not_compared"
    assert found.objective.delta is None
    assert _figure(found, "served_kg_per_day").delta == 0.0


def test_a_figure_that_follows_the_objective_is_marked_within_the_gap():
    # 2 % more served, and the lesser plan may still gain 3 %.
    found = compare(_plan({}, served=100.0, proof=_proof(100.0, 103.0)), _plan({}, served=102.0))
    assert _figure(found, "served_kg_per_day").standing == "within_gap"
    assert _figure(found, "served_share").standing == "within_gap"
    assert _figure(found, "stations_new").standing is None
    # The certificates keep apart, but what is served changes by less than the gap.
    found = compare(
        _plan({}, served=100.0, proof=_proof(200.0, 206.0)), _plan({}, served=101.0, proof=_proof(300.0))
    )
    assert found.objective.standing == "proven"
    assert _figure(found, "served_kg_per_day").standing == "within_gap"
    assert _figure(compare(_plan({}), _plan({}, served=102.0)), "served_kg_per_day").standing == "proven"


def test_the_price_is_judged_by_the_certificate_of_the_supply():
    def told(before, after):
        return _figure(compare(before, after), "hydrogen_cny_per_kg").standing

    cheap, dear = _plan({}, price=30.0), _plan({}, price=31.0)
    assert told(cheap, dear) == "proven"
    assert told(cheap, _plan({}, price=31.0, supply_gap=0.05)) == "within_gap"
    assert told(_plan({}, price=30.0, supply_gap=0.05), dear) == "proven"
    assert told(cheap, _plan({}, price=31.0, supply_gap=None)) is None


def test_what_is_better_depends_on_the_figure():
    found = compare(_plan({"a": (1, 1)}, served=90.0, price=30.0), _plan({}, served=100.0, price=31.0))
    assert _figure(found, "served_kg_per_day").is_better is True
    assert _figure(found, "hydrogen_cny_per_kg").is_better is False
    assert _figure(found, "stations_new").is_better is None
    assert _figure(found, "served_kg_per_day").relative == pytest.approx(1 / 9)


def test_a_figure_of_one_plan_only_has_no_difference():
    baseline, current = _plan({}), _plan({})
    current = replace(
        current, kpis={**current.kpis, "npv_wan_cny": -5.0, "levelized_cost_cny_per_kg": np.nan}
    )
    found = compare(baseline, current)
    row = _figure(found, "npv_wan_cny")
    assert (row.baseline, row.current, row.delta, row.relative) == (None, -5.0, None, None)
    assert "levelized_cost_cny_per_kg" not in {row.key for row in found.figures}


def test_the_supply_is_compared_base_by_base():
    baseline = _plan({}, links=[("a", "B1", 100.0), ("b", "B1", 50.0), ("b", "B2", 10.0)])
    current = _plan({}, links=[("a", "B2", 400.0), ("b", "B3", 30.0)])
    table = compare(baseline, current).supply
    assert table["change_kg_per_day"].to_dict() == {"B2": 390.0, "B1": -150.0, "B3": 30.0}
    assert list(table.index) == ["B2", "B1", "B3"]
    assert table["current_kg_per_day"].sum() == 430.0


def test_the_changed_stations_leave_as_csv():
    found = compare(_plan({"a": (500, 1), "b": (500, 1)}), _plan({"a": (500, 1), "c": (1000, 1)}))
    content = stations_csv(found)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["site_id"], row["change"]) for row in rows] == [("c", "added"), ("b", "removed")]
    assert tuple(rows[0]) == STATION_COLUMNS
    assert rows[1]["change_capacity_kg_per_day"] == "-500.0"

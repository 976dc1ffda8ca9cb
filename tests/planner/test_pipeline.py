"""The default plan: balances, proof, and what it says of its parts."""

import numpy as np
import pandas as pd
import pytest

from corridor.access import access
from corridor.errors import InfeasibleError, InputError
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.progress import STAGES, Stopped
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def plan(solved):
    return solved(stations=6)


def test_the_proof_is_complete_and_agrees_with_the_flows(plan):
    assert plan.certificate.status == "optimal"
    assert plan.certificate.gap <= 1e-6
    covered = plan.flows.loc[plan.flows["covered"], "kg_per_day"].sum()
    assert plan.certificate.incumbent == pytest.approx(covered, rel=1e-9)


def test_hydrogen_balances_from_flow_to_station_to_base(plan):
    served = plan.flows["served_kg_per_day"].sum()
    assert plan.stations["load_kg_per_day"].sum() == pytest.approx(served, rel=1e-6)
    supplied = plan.supply["kg_per_day"].sum() + plan.kpis["supply_shortage_kg_per_day"]
    assert supplied == pytest.approx(served, rel=1e-6)
    assert plan.kpis["served_kg_per_day"] == pytest.approx(served, rel=1e-9)
    assert (plan.flows["served_kg_per_day"] <= plan.flows["kg_per_day"] * (1 + 1e-9)).all()
    assert (plan.flows.loc[~plan.flows["covered"], "served_kg_per_day"] == 0).all()


def test_stations_stay_within_their_size_and_new_ones_within_the_number_asked(plan):
    assert (plan.stations["load_kg_per_day"] <= plan.stations["capacity_kg_per_day"] + 1e-6).all()
    new = plan.stations[plan.stations["status"] == "new"]
    assert len(new) <= 6
    assert set(new["capacity_kg_per_day"]) <= {500, 1000, 2000, 4000}
    existing = load_inputs().sites.query("status == 'existing'")
    assert set(existing.index) == set(plan.stations.loc[plan.stations["status"] == "existing", "site_id"])


def test_bases_stay_within_capacity_and_costs_add_up(plan):
    bases = load_inputs().bases
    used = plan.supply.groupby("base_id")["kg_per_day"].sum()
    assert (used <= bases.loc[used.index, "capacity_kg_per_day_2030"] + 1e-6).all()
    parts = plan.supply["production_cny_per_kg"] + plan.supply["delivery_cny_per_kg"]
    assert np.allclose(plan.supply["delivered_cny_per_kg"], parts)


def test_served_flows_name_stations_that_are_open_and_on_their_route(plan):
    inputs = load_inputs()
    reached = access(inputs.sites, inputs.network, within_km=1.0)
    nodes_of = pd.Series(reached.node_id).groupby(inputs.sites.index[reached.site]).agg(set)
    open_ids = set(plan.stations["site_id"])
    served = plan.flows[plan.flows["served_kg_per_day"] > 0].sample(50, random_state=1)
    for row in served.itertuples():
        ids = row.stations.split()
        assert ids
        assert set(ids) <= open_ids
        path = set(inputs.routes.path(row.route).tolist())
        assert all(nodes_of[site] & path for site in ids)


def test_every_counted_trip_runs_on_the_corridor_and_the_region_counts_more(plan):
    region = make_plan(Scenario(room=False, stations=0, scope="region"))
    assert region.kpis["demand_kg_per_day"] > plan.kpis["demand_kg_per_day"]
    assert len(region.flows) == len(region.flows[["route", "vehicle_class"]].drop_duplicates())
    merged = plan.flows.merge(region.flows, on=["route", "vehicle_class"], suffixes=("", "_region"))
    assert len(merged) == len(plan.flows)
    assert np.allclose(merged["kg_per_day"], merged["kg_per_day_region"])


def test_locked_sites_are_built_and_forbidden_ones_are_not(plan):
    chosen = plan.stations.loc[plan.stations["status"] == "new", "site_id"].tolist()
    locked = "SA-G5013-ANYUE"
    assert locked in load_inputs().sites.index
    again = make_plan(Scenario(stations=6, locked=(locked,), forbidden=(chosen[0],)))
    ids = set(again.stations["site_id"])
    assert locked in ids
    assert chosen[0] not in ids
    assert again.certificate.incumbent <= plan.certificate.incumbent + 1e-6


def test_progress_passes_every_stage_in_order():
    seen = []
    make_plan(Scenario(room=False, stations=1), on_progress=seen.append)
    order = [STAGES.index(report.stage) for report in seen]
    assert order == sorted(order)
    assert {report.stage for report in seen} == set(STAGES)
    bounds = [report.bound for report in seen if report.bound is not None]
    assert bounds == sorted(bounds, reverse=True)


def test_a_stop_before_siting_gives_nothing_and_during_siting_the_best_so_far():
    with pytest.raises(Stopped):
        make_plan(Scenario(), should_stop=lambda: True)
    siting = []
    plan = make_plan(
        Scenario(stations=12),
        on_progress=lambda report: siting.append(report.stage),
        should_stop=lambda: "siting" in siting,
    )
    assert plan.certificate.status == "feasible"
    assert plan.replay["faults"] == 0
    said = {notice.key for notice in plan.notices}
    assert "stopped_early" in said
    assert "unused_stations" not in said, "nothing of the kind is proven"


@pytest.mark.parametrize(
    ("scenario", "error", "message"),
    [
        (Scenario(locked=("NOWHERE",)), InputError, "there is no site NOWHERE"),
        (Scenario(forbidden=("ST-JIULONGPO",)), InputError, "is an existing station"),
        (Scenario(zone_factor={"999999": 2.0}), InputError, "there is no zone 999999"),
        (Scenario(assumptions={"vehicle.x": 1.0}), InputError, "there is no assumption vehicle.x"),
        (
            Scenario(locked=("SA-G5013-ANYUE",), forbidden=("SA-G5013-ANYUE",)),
            InputError,
            "both locked and forbidden",
        ),
        (Scenario(stations=0, locked=("SA-G5013-ANYUE",)), InfeasibleError, "1 sites are locked"),
    ],
)
def test_impossible_questions_say_why(scenario, error, message):
    with pytest.raises(error, match=message):
        make_plan(scenario)


def test_scarce_supply_is_reported_not_hidden():
    plan = make_plan(
        Scenario(
            room=False,
            stations=6,
            year=2035,
            green_only=True,
            assumptions={"adoption.share.tractor_49t.2035": 1.0},
        )
    )
    capacity = load_inputs().bases.query("green")["capacity_kg_per_day_2035"].sum()
    assert plan.supply["kg_per_day"].sum() <= capacity + 1e-6
    assert plan.supply["green"].all()
    assert plan.kpis["green_share"] == pytest.approx(1.0)
    assert "unusual_assumption" in {notice.key for notice in plan.notices}


def test_notices_name_unused_stations():
    plan = make_plan(Scenario(stations=300))
    assert plan.kpis["stations_new"] < 300
    said = {notice.key: notice for notice in plan.notices}
    assert said["unused_stations"].details["count"] == 300 - plan.kpis["stations_new"]
    assert str(int(300 - plan.kpis["stations_new"])) in said["unused_stations"].say("zh")
    assert isinstance(plan.flows, pd.DataFrame)

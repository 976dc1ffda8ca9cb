"""Sizes that are set and stations that are closed, from the scenario to the plan."""

import shutil
import tomllib

import numpy as np
import pandas as pd
import pytest

from corridor import sources
from corridor.errors import InputError
from planner import edits
from planner import inputs as joined
from planner.explain_report import explain_report
from planner.frontier import solve_frontier
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.scenario import Scenario, to_toml, validated, with_settings
from planner.siting_case import siting_case

#: Two stations as if each had room for anybody: no search, the same on every machine.
PLAIN = Scenario(stations=2, solve={"rounds": 0})
BUSY = "ST-BEIMU"  # an existing station at its limit


@pytest.fixture(scope="module")
def base():
    return make_plan(PLAIN)


@pytest.fixture(scope="module")
def same_stations(base):
    """The scenario in which the new stations of the base are locked, and the one with most load."""
    new = base.stations[base.stations["status"] == "new"]
    scenario = base.scenario
    for site in new["site_id"]:
        scenario = edits.lock(scenario, site)
    return scenario, str(new.sort_values("load_kg_per_day")["site_id"].iloc[-1])


def served_kg(plan):
    return float(plan.kpis["served_kg_per_day"])


def row(plan, site):
    return plan.stations.set_index("site_id").loc[site]


def highest_utilization():
    return float(load_inputs().assumptions.loc["station.highest_utilization", "value"])


def assert_within(plan, site, kg_per_day):
    at = row(plan, site)
    assert at["status"] == "new"
    assert at["capacity_kg_per_day"] == kg_per_day
    assert at["load_kg_per_day"] <= highest_utilization() * kg_per_day * (1.0 + 1e-6)
    assert plan.replay["faults"] == 0
    worst, best = plan.certificate.incumbent, plan.certificate.bound
    if plan.scenario.objective == "least_cost":
        worst, best = best, worst
    assert worst <= best * (1.0 + 1e-9)


def test_less_is_served_the_smaller_a_station_is(base, same_stations):
    scenario, site = same_stations
    free = make_plan(scenario)
    assert served_kg(free) == pytest.approx(served_kg(base))
    before = -np.inf
    for size in (500, 1000, 4000):
        plan = make_plan(edits.resize(scenario, site, size))
        assert_within(plan, site, size)
        assert served_kg(plan) >= before
        assert served_kg(plan) <= served_kg(free) * (1.0 + 1e-6)
        before = served_kg(plan)
    assert before == pytest.approx(served_kg(free))
    assert row(plan, site)["load_kg_per_day"] < 0.8 * 4000


def test_a_small_station_serves_what_its_room_allows_by_hand(same_stations):
    """At a busy site, the smallest station is full: the load is its size times the highest utilization."""
    scenario, site = same_stations
    plan = make_plan(edits.resize(scenario, site, 500))
    assert row(plan, site)["load_kg_per_day"] == pytest.approx(500 * highest_utilization())


def test_a_size_of_a_site_without_station_says_nothing(base):
    other = load_inputs().sites.query("status == 'candidate'").index.difference(base.stations["site_id"])[0]
    plan = make_plan(base.scenario.model_copy(update={"sizes": {other: 500.0}}))
    pd.testing.assert_frame_equal(plan.stations, base.stations)
    assert plan.certificate.bound == base.certificate.bound


@pytest.mark.parametrize(
    "asked",
    [
        {"room": False},
        {"resilience": 0.05},
        {"rollout": {"2027": 1}},
        {"objective": "net_benefit", "solve": {"time_limit_s": 4.0, "rounds": 0}},
        {"objective": "least_cost", "least_share": 0.15, "solve": {"time_limit_s": 4.0, "rounds": 0}},
        {"budget_wan_cny": 6000.0, "solve": {"time_limit_s": 4.0, "rounds": 0}},
    ],
    ids="+".join,
)
def test_every_way_of_siting_keeps_sizes_and_closures(same_stations, asked):
    _, site = same_stations
    sized = edits.resize(PLAIN, site, 4000)
    closed = edits.remove(sized, BUSY, status="existing")
    plan = make_plan(validated(closed.model_dump(exclude_unset=True) | asked, where=""))
    assert_within(plan, site, 4000)
    assert BUSY not in set(plan.stations["site_id"])
    assert not plan.flows["stations"].str.contains(BUSY).any()
    if len(plan.rollout):
        sizes = plan.rollout.loc[plan.rollout["site_id"] == site, "capacity_kg_per_day"]
        assert set(sizes) == {4000.0}


def test_a_closed_station_is_as_if_it_were_not_in_the_table(tmp_path, monkeypatch):
    closed = make_plan(PLAIN.model_copy(update={"closed_stations": (BUSY,)}))
    for name in sources.DATA_FILES:
        shutil.copy(sources.data_directory() / name, tmp_path / name)
    path = tmp_path / "sites.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{BUSY},")]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")
    monkeypatch.setattr(sources, "data_directory", lambda: tmp_path)
    without = make_plan(PLAIN)
    joined._load.cache_clear()
    assert list(closed.stations["site_id"]) == list(without.stations["site_id"])
    assert served_kg(closed) == pytest.approx(served_kg(without))
    assert closed.certificate.bound == pytest.approx(without.certificate.bound, rel=1e-6)
    spots = [plan.weak_spots.set_index("site_id")["left_share"].sort_index() for plan in (closed, without)]
    pd.testing.assert_series_equal(*spots)
    assert closed.gains.set_index("site_id").loc[BUSY, "status"] == "closed"


def test_an_explained_plan_offers_no_closed_station():
    plan = make_plan(Scenario(stations=0, closed_stations=(BUSY,)))
    covered = float(plan.flows.loc[plan.flows["covered"], "kg_per_day"].sum())
    report = explain_report(siting_case(plan.scenario), list(plan.stations["site_id"]), covered_kg=covered)
    assert report.sites.set_index("site_id").loc[BUSY, "status"] == "forbidden"
    assert BUSY not in set(report.stations["replacement_id"].dropna())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sizes": {"NOWHERE": 500.0}}, "there is no site NOWHERE"),
        ({"sizes": {BUSY: 500.0}}, "is an existing station. Its size"),
        ({"closed_stations": ("NOWHERE",)}, "there is no site NOWHERE"),
        ({"closed_stations": ("SA-G5013-ANYUE",)}, "no station stands at site SA-G5013-ANYUE"),
        ({"closed_stations": (BUSY,), "locked": (BUSY,)}, "both locked and closed"),
        ({"sizes": {"SA-G5013-ANYUE": 500.0}, "forbidden": ("SA-G5013-ANYUE",)}, "forbidden and has a size"),
    ],
)
def test_contradictions_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        siting_case(Scenario(**fields))


def test_a_frontier_refuses_sizes():
    with pytest.raises(InputError, match="a frontier chooses all sizes itself"):
        solve_frontier(Scenario(sizes={"SA-G5013-ANYUE": 500.0}))


def test_sizes_are_those_of_stations_that_can_be_built():
    with pytest.raises(InputError, match=r"A: not a size a station can have \(500, 1000, 2000, 4000 kg/d\)"):
        validated({"sizes": {"A": 700}}, where="")


def test_sizes_and_closures_go_through_settings_and_toml():
    content = with_settings({}, ["sizes.A=1000", "sizes.B=500", 'closed_stations=["E"]'])
    scenario = validated(content, where="")
    assert scenario.sizes == {"A": 1000.0, "B": 500.0}
    assert scenario.closed_stations == ("E",)
    assert validated(tomllib.loads(to_toml(scenario)), where="") == scenario
    assert scenario.identity != Scenario().identity


def test_scenarios_without_them_keep_their_identity():
    """As it was before there were sizes and closed stations."""
    assert Scenario().identity == "5229c364ea320c904fe5748f8e7ac236a4ee33461fb622b0449dc5990d8a85be"

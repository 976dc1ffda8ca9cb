"""A plan after an edit: the same as without anything kept from before, and nothing stale in it."""

import gc
import os
import shutil
import weakref

import numpy as np
import pandas as pd
import pytest

from corridor import sources
from corridor.errors import InputError
from planner import detours
from planner import inputs as joined
from planner import siting_case as case_module
from planner.inputs import fingerprint, load_inputs
from planner.pipeline import _detours, make_plan
from planner.scenario import AddedSite, PointDemand, Scenario
from planner.siting_case import siting_case

BASE = Scenario(stations=6)
ADDED = AddedSite(site_id="NEW-LEZHI", name_zh="乐至新站", kind="service_area", lon=105.03, lat=30.27)
POINT = PointDemand(point_id="BUS", name_zh="公交", use="bus", lon=104.15, lat=30.57, kg_per_day=600.0)
EDITS = {
    "lock": {"locked": ("SA-G5013-ANYUE",)},
    "p": {"stations": 7},
    "add": {"added_sites": (ADDED,)},
    "add and lock": {"added_sites": (ADDED,), "locked": ("NEW-LEZHI",)},
    "point": {"point_demands": (POINT,)},
    "range": {"usable_range_km": 300.0},
    "assumption": {"assumptions": {"station.access_km": 2.0}},
    "green": {"green_only": True},
    "objective": {"objective": "co2"},
}


def forget():
    """Let go of everything kept for a re-plan; roads, routes and joined tables stay."""
    case_module._TRAFFIC.clear()
    case_module._COVER.clear()
    detours._ROADS.clear()
    joined._with_added.cache_clear()


def edited(change):
    return BASE.model_copy(update=change)


@pytest.fixture(scope="module")
def base():
    forget()
    return make_plan(BASE)


def assert_same(plan, other):
    assert plan.certificate.status == other.certificate.status
    assert plan.certificate.incumbent == other.certificate.incumbent
    assert plan.certificate.bound == other.certificate.bound
    for name in ("stations", "flows", "supply", "points"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(other, name), check_exact=True)
    assert {**plan.kpis, "seconds": 0.0} == {**other.kpis, "seconds": 0.0}


@pytest.mark.parametrize("name", EDITS)
def test_a_plan_after_an_edit_is_the_plan_without_anything_kept(name):
    siting_case(BASE)
    after_edit = make_plan(edited(EDITS[name]))
    forget()
    assert_same(make_plan(edited(EDITS[name])), after_edit)


def test_a_forbidden_station_goes_and_comes_back_with_the_edit_undone(base):
    chosen = base.stations.loc[base.stations["status"] == "new", "site_id"].iloc[0]
    without = make_plan(edited({"forbidden": (chosen,)}))
    assert chosen not in set(without.stations["site_id"])
    assert_same(make_plan(BASE), base)
    forget()
    assert_same(make_plan(edited({"forbidden": (chosen,)})), without)


@pytest.fixture
def work(monkeypatch):
    """Names of the slow steps as they are done."""
    done = []
    for name in ("demand_table", "cover_sets", "along"):
        step = getattr(case_module, name)

        def noted(*args, _name=name, _step=step, **options):
            done.append(_name)
            return _step(*args, **options)

        monkeypatch.setattr(case_module, name, noted)
    return done


@pytest.mark.parametrize("name", ["lock", "p", "point", "green", "objective"])
def test_edits_of_stations_do_nothing_before_the_search_again(work, name):
    siting_case(BASE)
    work.clear()
    case = siting_case(edited(EDITS[name]))
    assert work == []
    assert case.scenario == edited(EDITS[name])


def test_an_added_site_leaves_the_trips_alone_and_is_joined_once(work):
    siting_case(BASE)
    work.clear()
    case = siting_case(edited(EDITS["add"]))
    assert work == ["cover_sets"]
    work.clear()
    again = siting_case(edited({**EDITS["add and lock"], "stations": 9}))
    assert work == []
    assert again.cover.sets.shape[1] == case.cover.sets.shape[1] == len(load_inputs().sites) + 1


@pytest.mark.parametrize(
    "change",
    [
        {"year": 2035},
        {"usable_range_km": 300.0},
        {"adoption": "bass"},
        {"zone_factor": {"510112": 2.0}},
        {"assumptions": {"freight.growth_per_year": 0.0}},
    ],
)
def test_edits_of_the_trips_are_not_missed(work, change):
    before = siting_case(BASE).demand
    work.clear()
    after = siting_case(edited(change))
    assert sorted(work) == ["along", "cover_sets", "demand_table"]
    assert not after.demand.equals(before)


def test_fields_that_do_not_move_the_trips_are_named_and_no_others():
    of_trips = (
        "year scope adoption usable_range_km closures network od_table link_counts zone_factor assumptions"
    )
    assert set(Scenario.model_fields) - set(case_module._NOT_OF_TRIPS) == set(of_trips.split())


def test_own_trips_edited_on_disk_are_noticed_and_touched_ones_kept(tmp_path, work):
    path = tmp_path / "od.csv"
    text = "origin,destination,vehicle_class,trips_per_day\n510112,500112,tractor_49t,{}\n"
    path.write_text(text.format(500), encoding="utf-8")
    scenario = BASE.model_copy(update={"od_table": str(path)})
    few = siting_case(scenario).demand["trips_per_day"].sum()
    work.clear()
    os.utime(path, (0, 0))
    assert siting_case(scenario).demand["trips_per_day"].sum() == few
    assert work == []
    path.write_text(text.format(900), encoding="utf-8")  # as many bytes as before
    os.utime(path, (0, 0))
    assert siting_case(scenario).demand["trips_per_day"].sum() > few + 5.0
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        siting_case(scenario)


def test_shipped_tables_edited_on_disk_are_noticed(tmp_path, monkeypatch):
    for name in sources.DATA_FILES:
        shutil.copy(sources.data_directory() / name, tmp_path / name)
    monkeypatch.setattr(sources, "data_directory", lambda: tmp_path)
    before, mark = siting_case(BASE), fingerprint(BASE)
    assert siting_case(BASE).demand is before.demand
    path = tmp_path / "sites.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    dropped = next(line for line in lines if ",candidate," in line)
    path.write_text("".join(line for line in lines if line != dropped), encoding="utf-8")
    after = siting_case(BASE)
    assert len(after.inputs.sites) == len(before.inputs.sites) - 1
    assert after.cover.sets.shape[1] == before.cover.sets.shape[1] - 1
    assert fingerprint(BASE) != mark
    joined._load.cache_clear()


def assert_same_legs(legs, others):
    assert len(legs) == len(others)
    for leg, other in zip(legs, others, strict=True):
        assert leg.tank == other.tank
        for name in ("first", "between", "last", "to_km", "between_km", "from_km", "use"):
            assert np.array_equal(getattr(leg, name), getattr(other, name))


def test_ways_off_the_routes_stay_until_sites_or_vehicles_change():
    def ways(change):
        return _detours(siting_case(edited({"detour": 0.1, **change})))

    first = ways({})
    farther = ways({"detour": 0.2, "stations": 9, "locked": ("SA-G5013-ANYUE",)})
    assert farther.legs is first.legs
    assert (farther.trips.longest_km > first.trips.longest_km).all()
    larger = {"assumptions": {"vehicle.tractor_49t.tank_kg": 40.0}}
    heavier, added = ways(larger), ways({"added_sites": (ADDED,)})
    assert len(added.sites) == len(first.sites) + 1
    assert max(leg.tank for leg in heavier.legs) > max(leg.tank for leg in first.legs)
    forget()
    assert_same_legs(ways({"added_sites": (ADDED,)}).legs, added.legs)


def test_only_the_latest_trips_and_cover_sets_stay_in_memory():
    forget()
    first = siting_case(BASE)
    watched = [weakref.ref(one) for one in (first.driving.out_kg, first.used.out_kg, first.reached.site)]
    del first
    gc.collect()
    assert all(one() is not None for one in watched)
    siting_case(edited({"year": 2027}))
    gc.collect()
    assert [one() for one in watched] == [None, None, None]


def test_what_may_not_be_asked_is_refused_with_or_without_anything_kept(base):
    siting_case(BASE)
    for wrong in ({"locked": ("NOWHERE",)}, {"assumptions": {"no.such": 1.0}}):
        with pytest.raises(InputError, match=r"there is no (site|assumption)"):
            make_plan(edited(wrong))
    assert_same(make_plan(BASE), base)

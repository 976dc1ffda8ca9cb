"""What differs between scenarios is said, all of it, in both languages."""

import pytest

from planner import edits
from planner.changes import _TELLERS, changes
from planner.inputs import load_inputs
from planner.presets import PRESETS, preset
from planner.scenario import AddedSite, PointDemand, Scenario, SolveOptions

SITE, OTHER, EXISTING = "SA-G5013-ANYUE", "IC-G5001-170", "ST-BEIMU"
ADDED = AddedSite(site_id="N", name_zh="乐至新站", name_en="New Lezhi", kind="port", lon=105.0, lat=30.2)
POINT = PointDemand(point_id="B", name_zh="公交", use="bus", lon=104.15, lat=30.57, kg_per_day=600.0)

#: For each field values that all differ from each other; the default counts as another.
VALUES = {
    "name": ["a", "b"],
    "year": [2027, 2035],
    "scope": ["region"],
    "adoption": ["bass", "cost"],
    "stations": [3, 4],
    "objective": ["trips", "vehicle_km", "co2", "net_benefit", "least_cost"],
    "least_share": [0.5, 0.501],
    "rollout": [{"2027": 1}, {"2027": 2}],
    "budget_wan_cny": [5000.0, 6000.5],
    "rollout_budget_wan_cny": [{"2027": 100.0}],
    "room": [True, False],
    "usable_range_km": [300.0, 301.0],
    "green_only": [True],
    "resilience": [0.0, 0.5],
    "detour": [0.1, 0.15],
    "detour_decay": [0.0, 0.5],
    "locked": [(SITE,), (SITE, OTHER), (OTHER, SITE), ("GONE",)],
    "forbidden": [(SITE,), (OTHER,)],
    "sizes": [{SITE: 500.0}, {SITE: 1000.0}, {OTHER: 1000.0}],
    "closed_stations": [(EXISTING,)],
    "closures": [("G5",), ("G76", "G5")],
    "hazmat_closed": [("G5 雅安..西昌",)],
    "delivery_modes": [("liquid",), ("liquid", "tube_20mpa"), ("pipeline", "tube_50mpa", "tube_30mpa")],
    "on_site": [True],
    "trailers": [{"liquid": 0}, {"liquid": 3, "tube_20mpa": 9}],
    "network": ["a/roads", "b/roads"],
    "od_table": ["a/od.csv", "b/od.csv"],
    "link_counts": ["counts.csv"],
    "added_sites": [(ADDED,), (ADDED.model_copy(update={"lon": 105.1}),)],
    "point_demands": [(POINT,), (POINT.model_copy(update={"kg_per_day": 5.0}),)],
    "zone_factor": [{"510112": 2.0}, {"510112": 1.0}],
    "assumptions": [
        {"economics.retail_price_cny_per_kg": 25.0},
        {"economics.retail_price_cny_per_kg": 30.0},
        {"station.access_km": 2.0},
    ],
    "solve": [SolveOptions(time_limit_s=3.0), SolveOptions(gap=0.01), SolveOptions(rounds=0)],
}


@pytest.fixture(scope="module")
def tables():
    inputs = load_inputs()
    return inputs.sites, inputs.assumptions


def test_every_field_has_its_teller():
    assert list(_TELLERS) == list(VALUES) == list(Scenario.model_fields)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("field", Scenario.model_fields)
def test_any_two_values_of_a_field_are_told_apart(field, language, tables):
    sites, assumptions = tables
    scenarios = [Scenario(), *(Scenario().model_copy(update={field: each}) for each in VALUES[field])]
    for given in ({}, {"assumptions": assumptions}):
        for one in scenarios:
            said = [tuple(changes(one, other, language, sites, **given)) for other in scenarios]
            assert [not each for each in said] == [other == one for other in scenarios]
            assert all(sentence and "{" not in sentence for each in said for sentence in each)


def test_sentences_name_sites_and_values(tables):
    sites, assumptions = tables
    before = Scenario(stations=4, locked=(OTHER,))
    after = edits.resize(edits.remove(edits.forbid(before, OTHER), EXISTING, status="existing"), SITE, 1000)
    after = after.model_copy(update={"assumptions": {"economics.retail_price_cny_per_kg": 25.0}})
    name, other, closed = (sites.loc[each, "name_en"] for each in (SITE, OTHER, EXISTING))
    assert changes(before, after, "en", sites, assumptions=assumptions) == [
        f"{name} locked",
        f"{other} unlocked",
        f"{other} forbidden",
        f"Size of {name}: by load → 1,000 kg/d",
        f"existing station {closed} closed",
        f"{assumptions.loc['economics.retail_price_cny_per_kg', 'name_en']}: 30 → 25",
    ]
    back = changes(after, before, "zh", sites)
    assert f"解除锁定{sites.loc[SITE, 'name_zh']}" in back
    assert f"恢复既有站{sites.loc[EXISTING, 'name_zh']}" in back
    assert "economics.retail_price_cny_per_kg：25 → 默认值" in back


def test_presets_differ_from_each_other_in_words(tables):
    said = {each: tuple(changes(Scenario(), preset(each), "en", tables[0])) for each in PRESETS}
    assert said["corridor-2030"] == ()
    assert len(set(said.values())) == len(PRESETS)
    assert "road closed: G5 雅安..西昌" in said["yaxi-closed"]

"""Own trips and link counts in a scenario: read, met, told, and part of a plan's fingerprint."""

import numpy as np
import pytest

from corridor.errors import InputError
from demand.hydrogen import all_trips
from demand.inputs import TRUCK_CLASSES
from planner.count_input import read_counts
from planner.inputs import assumptions_in_force, fingerprint, load_inputs
from planner.own_trips import own_trips
from planner.pipeline import make_plan
from planner.plan import summary
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(scope="module")
def values(inputs):
    return assumptions_in_force(inputs.assumptions, {})[0]


def written(tmp_path, text, name="counts.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def messages(path, inputs):
    with pytest.raises(InputError) as caught:
        read_counts(path, inputs.network, zones=inputs.zones)
    return [str(fault) for fault in caught.value.faults]


def a_link(inputs):
    """Two nodes of the most driven arc."""
    arc = np.bincount(inputs.route_arcs[inputs.route_arcs >= 0]).argmax()
    network = inputs.network
    return network.node_ids[network.tails[arc]], network.node_ids[network.heads[arc]]


def test_without_files_nothing_is_given(inputs, values):
    own = own_trips(Scenario(), inputs, values)
    assert own.given is None
    assert own.notices == ()
    assert own.provenance() == {}


def test_counts_are_met_and_only_trucks_past_them_move(tmp_path, inputs, values):
    u, v = a_link(inputs)
    header = "road_ref,from,to,u,v,count_per_day,truck_percent,year,weight\n"
    rows = f"G76,资阳,内江,,,20000,35,2020,1\n,,,{u},{v},9000,,,\nG42,遂宁,潼南区,,,7000,,,2\n"
    path = written(tmp_path, header + rows)
    own = own_trips(Scenario(link_counts=str(path)), inputs, values)
    growth = (1 + values["freight.growth_per_year"]) ** 10
    assert own.counts["trucks_per_day"].tolist() == pytest.approx([7000.0 * growth, 9000.0, 7000.0])
    assert own.counts["estimated_per_day"].to_numpy() == pytest.approx(own.counts["trucks_per_day"], rel=1e-5)
    modeled = all_trips(inputs.zones, inputs.routes, assumptions=values, year=2030)
    assert own.given.round_trips["coach_12m"].equals(modeled["coach_12m"])
    # the volume on the counted link, from the trips of every route that uses it
    network = inputs.network
    ends = {int(u), int(v)}
    tail, head = network.node_ids[network.tails], network.node_ids[network.heads]
    wanted = np.flatnonzero(np.isin(tail, list(ends)) & np.isin(head, list(ends)))
    entries = np.flatnonzero(np.isin(inputs.route_arcs, wanted))
    route = np.searchsorted(inputs.routes.offsets, entries, side="right") - 1
    trucks = own.given.round_trips[list(TRUCK_CLASSES)].sum(axis=1).to_numpy()
    assert 2.0 * trucks[route].sum() == pytest.approx(9000.0, rel=1e-5)
    assert [notice.key for notice in own.notices] == ["link_counts"]
    told = own.provenance()["link_counts"]
    assert 0 < told["changed_share"] < 1
    assert [row["row"] for row in told["counts"]] == [2, 3, 4]


def test_contradicting_counts_are_told(tmp_path, inputs, values):
    u, v = a_link(inputs)
    path = written(tmp_path, f"u,v,count_per_day\n{u},{v},0\n")
    own = own_trips(Scenario(link_counts=str(path)), inputs, values)
    assert own.counts["estimated_per_day"].iloc[0] == pytest.approx(0.0, abs=1e-3)
    assert [notice.key for notice in own.notices] == ["link_counts"]
    # two links in a row without a junction or a zone between carry the same trips
    network = inputs.network
    used = np.unique(inputs.route_arcs[inputs.route_arcs >= 0])
    tails, heads = network.tails[used], network.heads[used]
    starts = network.vertices(inputs.zones["node_id"].to_numpy())
    between = np.setdiff1d(np.flatnonzero(np.bincount(network.tails) == 2), starts)
    b = next(node for node in between if (tails == node).any() and (heads == node).any())
    a, c = np.unique(network.heads[network.tails == b])
    a, b, c = network.node_ids[[a, b, c]]
    path = written(tmp_path, f"u,v,count_per_day\n{a},{b},1000\n{b},{c},1500\n")
    own = own_trips(Scenario(link_counts=str(path)), inputs, values)
    assert "link_counts_missed" in {notice.key for notice in own.notices}
    assert own.counts["estimated_per_day"].between(1000, 1500).all()
    assert all(notice.say(language) for notice in own.notices for language in ("zh", "en"))


def test_faulty_counts_are_named_together(tmp_path, inputs):
    rows = [
        "G76,资阳,内江,-1,35,2020,1",
        "G76,资阳,,100,35,2020,1",
        "G999,资阳,内江,100,135,1066,0",
        ",,,x,,,",
        "G5013,安岳县,潼南区,10,,,",
        "G5013,安岳县,潼南区,20,,,",
    ]
    header = "road_ref,from,to,count_per_day,truck_percent,year,weight"
    found = messages(written(tmp_path, "\n".join([header, *rows])), inputs)
    for start in (
        "counts.csv, row 2, column count_per_day: is negative",
        "counts.csv, row 3, column road_ref, from, to: says no road",
        "counts.csv, row 4, column road_ref, from, to: no road has the number G999",
        "counts.csv, row 4, column truck_percent: is above 100",
        "counts.csv, row 4, column year: is below 2000",
        "counts.csv, row 4, column weight: is below 1e-06",
        "counts.csv, row 5, column count_per_day: is not a finite number",
        "counts.csv, row 5, column road_ref, from, to: names no road",
        "counts.csv, row 7: repeats the section of row 6",
    ):
        assert any(message.startswith(start) for message in found), (start, found)
    assert len(found) == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count_per_day\n5\n", "no column says where the counts are"),
        ("road_ref,count\nG5,5\n", "column count_per_day is missing"),
        ("road_ref,count_per_day\n", "no row below the header"),
        ("road_ref,count_per_day,truck_share,truck_percent\n", "say the same thing"),
        ("u,v,count_per_day\n1,1,5\n", "no edge leads from node 1 to node 1"),
    ],
)
def test_what_is_no_table_of_counts(tmp_path, inputs, text, message):
    assert message in messages(written(tmp_path, text), inputs)[0]


def test_a_plan_of_own_trips_serves_them_and_says_so(tmp_path):
    header = "origin,destination,vehicle_class,trips_per_day,fuel_cell_percent"
    classes = ["tractor_49t", "rigid_31t", "rigid_18t", "light_9t", "light_4t5", "coach_12m"]
    rows = [f"510112,500116,{name},{40 if name == 'tractor_49t' else 0},50" for name in classes]
    path = written(tmp_path, "\n".join([header, *rows]), "od.csv")
    scenario = Scenario(room=False, stations=2, scope="region", od_table=str(path))
    plan = make_plan(scenario)
    # 40 one way are 20 round trips, half of them on hydrogen
    assert plan.flows["trips_per_day"].sum() == pytest.approx(10.0)
    assert set(plan.flows["vehicle_class"]) == {"tractor_49t"}
    assert {"od_table", "od_symmetrized"} <= {notice.key for notice in plan.notices}
    assert summary(plan)["scenario"]["od_table"] == str(path)
    before = fingerprint(scenario)
    path.write_text(path.read_text(encoding="utf-8").replace("40", "50"), encoding="utf-8")
    assert fingerprint(scenario) != before
    assert fingerprint(Scenario(room=False, stations=2, scope="region")) != before


def test_a_missing_file_is_one_clear_error(inputs, values):
    scenario = Scenario(od_table="nowhere.csv")
    fingerprint(scenario)
    with pytest.raises(InputError, match=r"nowhere\.csv: there is no such file"):
        own_trips(scenario, inputs, values)

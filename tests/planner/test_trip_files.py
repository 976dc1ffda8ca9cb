"""Files of own trips and counts are kept by their content, or not at all."""

import pandas as pd
import pytest

from corridor.errors import Fault, InputError
from planner.demand_view import baseline, demand_key, demand_view
from planner.inputs import load_inputs
from planner.scenario import Scenario
from planner.trip_files import FAULTS_LISTED, KINDS, example, fault_table, taken

_HEADER = "origin,destination,vehicle_class,trips_per_day\n"


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    return tmp_path


def test_a_sound_file_is_kept_by_content_and_name(inputs, store):
    first = taken("od_table", "trips.csv", example("od_table"), inputs=inputs)
    assert first.path.read_bytes() == example("od_table")
    assert first.path.is_relative_to(store)
    assert taken("od_table", "trips.csv", example("od_table"), inputs=inputs) == first
    other = taken("od_table", "trips.csv", example("od_table").replace(b"900", b"901"), inputs=inputs)
    assert other.path != first.path
    assert first.path.read_bytes() == example("od_table")
    scenarios = [Scenario(od_table=str(file.path)) for file in (first, other)]
    assert scenarios[0].identity != scenarios[1].identity
    assert demand_key(scenarios[0]) != demand_key(scenarios[1])


@pytest.mark.parametrize("name", ["../../evil.csv", "C:\\data\\evil.csv", "/etc/evil.csv"])
def test_a_name_leads_nowhere_else(inputs, store, name):
    file = taken("od_table", name, example("od_table"), inputs=inputs)
    assert file.name == file.path.name == "evil.csv"
    assert file.path.is_relative_to(store)


@pytest.mark.parametrize("content", [b"", b"a,b\n", _HEADER.encode(), b"\xff\xfe\x00\x00"])
def test_a_faulty_file_leaves_nothing_behind(inputs, store, content):
    with pytest.raises(InputError):
        taken("od_table", "trips.csv", content, inputs=inputs)
    assert list(store.iterdir()) == []


def test_many_faults_are_listed_and_the_rest_counted(inputs):
    rows = "510112,500112,truck,1\n" * (FAULTS_LISTED + 7)
    with pytest.raises(InputError) as caught:
        taken("od_table", "trips.csv", (_HEADER + rows).encode(), inputs=inputs)
    table = fault_table(caught.value.faults)
    assert len(table) == FAULTS_LISTED + 1
    assert table["row"].iloc[:-1].tolist() == list(range(2, FAULTS_LISTED + 2))
    assert table["what"].iloc[-1] == "7 more faulty cells"
    assert pd.isna(table["row"].iloc[-1])


def test_places_of_faults_are_taken_apart():
    table = fault_table(
        [
            Fault("is empty", "a, row 1, b.csv, row 12, column origin", "Fill it in"),
            Fault("repeats", "x.csv, row 3", ""),
            Fault("the file is empty", "x.csv", "Write"),
        ]
    )
    assert table["row"].iloc[:2].tolist() == [12, 3]
    assert table["column"].tolist() == ["origin", "", ""]
    assert table["what"].tolist() == ["is empty", "repeats", "the file is empty"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_is_sound_and_changes_the_demand(inputs, kind):
    file = taken(kind, "example.csv", example(kind), inputs=inputs)
    scenario = Scenario(**{kind: str(file.path)})
    assert baseline(scenario) == Scenario()
    now, base = demand_view(scenario), demand_view(Scenario())
    tractors = now.classes.loc["tractor_49t", "kg_per_day"]
    assert tractors != pytest.approx(base.classes.loc["tractor_49t", "kg_per_day"], rel=0.01)
    if kind == "od_table":
        # 900 and 850 one way make 875 round trips; 120 and 300 come back by themselves.
        assert now.own.replacement.round_trips == pytest.approx(875 + 120 + 300)
    else:
        assert len(now.own.counts) == file.rows
        assert now.own.counts["miss"].abs().max() < 1e-4

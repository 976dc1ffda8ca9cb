"""What the demand amounts to: totals agree whichever way they are cut, roads agree with driving by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from demand.checks import section_arcs
from demand.inputs import VEHICLE_CLASSES
from planner.cli import app
from planner.demand_report import arc_loads, county_table, demand_report, method, road_tables
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.scenario import Scenario
from planner.siting_case import scoped_demand

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def made():
    scenario = Scenario()
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, {})
    used = on_arcs(inputs.network, inputs.terrain, values)
    return scenario, inputs, used, scoped_demand(scenario, inputs, values, used)


@pytest.fixture(scope="module")
def report(made):
    return demand_report(made[0])


def test_classes_counties_and_arcs_add_up_to_the_same(made, report):
    _, inputs, used, demand = made
    kg = demand["kg_per_day"].sum()
    assert report.classes["kg_per_day"].sum() == pytest.approx(kg)
    assert report.counties["kg_per_day"].sum() == pytest.approx(kg)
    assert arc_loads(inputs, demand, used)[1].sum() == pytest.approx(kg)
    assert report.classes["trips_per_day"].sum() == pytest.approx(report.counties["trips_per_day"].sum())
    km = 2 * demand["trips_per_day"] * inputs.routes.length_km[demand["route"]]
    assert report.classes["vehicle_km_per_day"].sum() == pytest.approx(km.sum())
    pieces = report.sections.groupby("corridor")[["length_km", "kg_per_day"]].sum()
    pd.testing.assert_frame_equal(
        pieces.sort_index(), report.corridors[pieces.columns].sort_index(), check_names=False
    )


def test_classes_say_what_share_of_all_trips_runs_on_hydrogen(report):
    given = {"tractor_49t": 0.078, "rigid_31t": 0.035, "rigid_18t": 0.042, "coach_12m": 0.055}
    for name, share in given.items():
        # Gateway trips carry less.
        assert 0.9 * share < report.classes.loc[name, "fuel_cell_share"] <= share * (1 + 1e-9)


def test_a_county_gets_half_of_each_of_its_trips(made):
    _, inputs, _, demand = made
    row = demand.iloc[[7]]
    table = county_table(row, inputs)
    route = int(row["route"].iloc[0])
    ends = [
        str(inputs.routes.zone_ids[end[route]]) for end in (inputs.routes.origin, inputs.routes.destination)
    ]
    assert set(table.index[table["kg_per_day"] > 0]) == set(ends)
    assert table.loc[ends, "kg_per_day"].tolist() == pytest.approx([row["kg_per_day"].iloc[0] / 2] * 2)


def test_a_section_holds_what_is_driven_on_it(made):
    """Drive some trips node by node, adding up what lies between nodes of the section."""
    _, inputs, used, demand = made
    some = demand.iloc[:: max(1, len(demand) // 60)]
    network = inputs.network
    for name, arcs in section_arcs(network).items():
        if name not in {"chengyu", "chenganyu", "chengsuiyu"}:
            continue
        ends = zip(network.node_ids[network.tails[arcs]], network.node_ids[network.heads[arcs]], strict=True)
        links = {frozenset((int(u), int(v))) for u, v in ends}
        km = kg = 0.0
        for row in some.itertuples():
            first, last = inputs.routes.offsets[row.route : row.route + 2]
            kind = VEHICLE_CLASSES.index(row.vehicle_class)
            for entry in range(first + 1, last):
                pair = frozenset(int(node) for node in inputs.routes.nodes[entry - 1 : entry + 1])
                if pair in links:
                    arc = inputs.route_arcs[entry]
                    km += 2 * row.trips_per_day * network.length_km[arc]
                    kg += row.trips_per_day * (used.out_kg[arc, kind] + used.back_kg[arc, kind])
        corridors, _ = road_tables(inputs, some, used)
        assert km > 0
        assert corridors.loc[name, "kg_per_day"] == pytest.approx(kg)
        assert corridors.loc[name, "vehicle_km_per_day"] == pytest.approx(km, rel=1e-3)


def test_the_region_holds_more_than_the_corridor(report):
    region = demand_report(Scenario(scope="region"))
    assert (region.classes["trips_per_day"] > report.classes["trips_per_day"]).all()
    np.testing.assert_allclose(region.calibration["model"], report.calibration["model"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_method_states_the_values_in_force(made, language):
    values, _ = assumptions_in_force(made[1].assumptions, {"freight.intercity_share": 0.2345})
    page = method(language, values)
    assert "[[" not in page
    assert "s = 0.2345" in page
    assert len(page.splitlines()) < 50


def test_describe_gives_one_json_object_with_all_tables(tmp_path):
    done = RUNNER.invoke(app, ["demand", "describe", "--set", "year=2027", "--csv", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["scenario"]["year"] == 2027
    assert [row["vehicle_class"] for row in said["classes"]] == list(VEHICLE_CLASSES)
    assert {"counties", "corridors", "sections", "calibration", "method"} <= set(said)
    table = pd.read_csv(tmp_path / "demand_counties.csv", encoding="utf-8-sig", dtype={"zone_id": str})
    kg = sum(row["kg_per_day"] for row in said["counties"])
    assert table["kg_per_day"].sum() == pytest.approx(kg, rel=1e-4)
    assert sum(said["profile"]["hourly_share"]["coach_12m"]) == pytest.approx(1.0)
    assert len(said["profile"]["daily_factor"]["tractor_49t"]["holiday"]) == 12
    assert len(said["files"]) == len(list(tmp_path.glob("*.csv")))


def test_describe_prints_tables_calibration_and_method():
    done = RUNNER.invoke(app, ["demand", "describe"])
    assert done.exit_code == 0, done.stderr
    for part in (
        "tractor_49t",
        "沙坪坝区",
        "成渝高速",
        "trucks_per_day.chengyu_sichuan.2020",
        "R_ij = x_i x_j f_ij",
    ):
        assert part in done.stdout


def test_describe_names_an_unknown_assumption():
    done = RUNNER.invoke(app, ["demand", "describe", "--set", "freight.load_facto=1"])
    assert done.exit_code == 2
    assert "freight.load_factor" in done.stderr

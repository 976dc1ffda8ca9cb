"""``chengyu supply delivery``, driven as a person would."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from siting.delivery import PARTS
from siting.delivery_modes import MODES

RUNNER = CliRunner()


def run(*arguments, code=0):
    result = RUNNER.invoke(app, ["supply", "delivery", *arguments])
    assert result.exit_code == code, result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def answer(*arguments, code=0):
    return json.loads(run(*arguments, "--json", code=code).stdout)


def test_cost_by_distance_and_mode_with_published_figures_beside():
    told = answer()
    assert {row["mode"] for row in told["delivery"]} == set(MODES)
    for row in told["delivery"]:
        assert sum(row[part] for part in PARTS) == pytest.approx(row["cny_per_kg"])
    innova = {
        (row["mode"], row["km"]): row["published_cny_per_kg"]
        for row in told["published"]
        if row["study"] == "innova_2025"
    }
    assert innova == {
        ("tube_20mpa", 100.0): 6.3,
        ("tube_20mpa", 500.0): 16.2,
        ("liquid", 100.0): 10.5,
        ("liquid", 500.0): 14.47,
    }
    for row in told["published"]:
        misfit = row["model_cny_per_kg"] / row["published_cny_per_kg"] - 1
        assert row["misfit"] == pytest.approx(misfit)
        assert abs(misfit) <= 0.15 or not row["calibrated"]


def test_the_document_prints_what_the_model_says():
    document = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([+−]\d+) % \|", document)
    written = sorted((float(km), float(cny), float(model), misfit) for km, cny, model, misfit in rows)
    told = answer()
    assert written == sorted(
        (
            row["km"],
            row["published_cny_per_kg"],
            float(f"{row['model_cny_per_kg']:.2f}"),
            f"{row['misfit'] * 100:+.0f}".replace("-", "−"),
        )
        for row in told["published"]
    )
    assert f"from **{told['crossover']['model_km']:.0f} km on" in document


def test_the_crossover_is_where_the_table_crosses():
    crossover = answer()["crossover"]
    assert crossover["published_km"] == 400.0
    km = crossover["model_km"]
    rows = answer("--mode", "tube_20mpa,liquid", "--km", f"{km - 1},{km}")["delivery"]
    cost = {(row["mode"], row["km"]): row["cny_per_kg"] for row in rows}
    assert cost["liquid", km - 1] >= cost["tube_20mpa", km - 1]
    assert cost["liquid", km] < cost["tube_20mpa", km]


def test_options_reach_the_model():
    def one(*arguments):
        return answer("--mode", "tube_20mpa", "--km", "200", *arguments)["delivery"][0]

    base = one()
    dearer = one("--set", "delivery.toll_cny_per_km=1.6")
    assert dearer["fuel_toll_cny_per_kg"] > base["fuel_toll_cny_per_kg"]
    assert one("--kg-per-day", "5000")["trailers"] > base["trailers"]
    assert one("--hydrogen-cny-per-kg", "0")["losses_cny_per_kg"] == 0.0
    assert one("--set", "delivery.closed_h_per_day=6")["vehicles_cny_per_kg"] > base["vehicles_cny_per_kg"]


def test_the_terminal_shows_it():
    shown = run("--mode", "liquid", "--km", "100,500").stdout
    assert "14.47" in shown
    assert "11.37" in shown
    assert "400 km" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mode", "drone"), "no mode of delivery drone"),
        (("--km", "0"), "0 is no distance"),
        (("--km", "far"), "far is no number"),
        (("--km", ","), "no distance"),
        (("--kg-per-day", "-5"), "-5 is no amount"),
        (("--hydrogen-cny-per-kg", "-1"), "no price"),
        (("--set", "delivery.trailer_use=0"), "without vehicles"),
        (("--set", "delivery.tube_loses=0"), "Did you mean delivery.tube_loss"),
    ],
)
def test_faults_are_said_with_the_mend(arguments, said):
    content = answer(*arguments, code=2)
    assert said in content["error"]["message"]

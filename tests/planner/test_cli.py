"""The command line as a person types it: exit codes, streams, files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.exports import WRITERS

N25 = Path(__file__).parents[1] / "instances" / "n25"

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))


def test_plan_prints_one_json_object_and_writes_the_files(tmp_path):
    out = tmp_path / "out"
    result = runner.invoke(
        app, ["plan", "--set", "room=false", "--stations", "3", "--year", "2027", "--json", "--out", str(out)]
    )
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["scenario"]["stations"] == 3
    assert content["scenario"]["year"] == 2027
    assert content["certificate"]["status"] == "optimal"
    assert {path.name for path in out.iterdir()} == set(WRITERS)
    assert "siting" in result.stderr, "progress goes to stderr"


def test_plan_reads_a_scenario_file_and_settings_win_over_it(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('name = "mine"\nstations = 9\n[assumptions.vehicle.tractor_49t]\ntank_kg = 36\n')
    result = runner.invoke(app, ["plan", str(path), "--set", "stations=2", "--set", "room=false", "--json"])
    assert result.exit_code == 0, result.stderr
    scenario = json.loads(result.stdout)["scenario"]
    assert scenario["name"] == "mine"
    assert scenario["stations"] == 2
    assert scenario["assumptions"] == {"vehicle.tractor_49t.tank_kg": 36.0}


def test_reuse_takes_the_stored_plan():
    arguments = ["plan", "--set", "room=false", "--stations", "1", "--json"]
    first = json.loads(runner.invoke(app, arguments).stdout)
    again = runner.invoke(app, [*arguments, "--reuse"])
    assert json.loads(again.stdout)["provenance"] == first["provenance"]
    assert "siting" not in again.stderr


def test_the_table_is_for_people():
    result = runner.invoke(app, ["plan", "--set", "room=false", "--stations", "1"])
    assert result.exit_code == 0
    assert "optimal" in result.stdout
    assert "月城" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "statoins=3"], "there is no key statoins. Did you mean stations?"),
        (["--stations", "-4"], "key stations"),
        (["--year", "2028"], "key year"),
        (["--set", "zone_factor.123456=2"], "there is no zone 123456"),
        (["--set", "vehicle.tractor_49t.tank_kg=-3"], "-3 is negative"),
        (["--set", "vehicle.tractor.tank_kg=3"], "there is no assumption"),
        (["nowhere.toml"], "there is no such file"),
        (["--set", "locked=['X']"], "there is no site X"),
    ],
)
def test_faulty_input_is_one_clear_message_and_writes_nothing(tmp_path, arguments, message):
    out = tmp_path / "out"
    result = runner.invoke(app, ["plan", *arguments, "--out", str(out), "--json"])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert message in json.loads(result.stdout)["error"]["message"]
    assert not out.exists()


def test_a_question_without_answer_says_why():
    result = runner.invoke(app, ["plan", "--stations", "0", "--set", "locked=['SA-G5013-ANYUE']"])
    assert result.exit_code == 3
    assert "locked" in result.stderr


def test_locate_gives_the_published_optimum_of_the_25_node_network():
    arguments = ["locate", str(N25), "--model", "flow-refueling", "--range", "8", "--stations", "3", "--json"]
    answer = json.loads(runner.invoke(app, arguments).stdout)
    assert answer["status"] == "optimal"
    assert answer["objective_share"] == pytest.approx(0.39722, abs=5e-6)
    assert len(answer["stations"]) == 3


def test_locate_names_file_row_and_column(tmp_path):
    shutil.copytree(N25, tmp_path / "n25")
    path = tmp_path / "n25" / "link.csv"
    lines = path.read_text().splitlines()
    lines[2] = lines[2].rsplit(",", 1)[0] + ",-5"
    path.write_text("\n".join(lines) + "\n")
    result = runner.invoke(app, ["locate", str(tmp_path / "n25"), "--range", "8", "--stations", "3"])
    assert result.exit_code == 2
    assert "link.csv" in result.stderr
    assert "length" in result.stderr
    assert "row 3" in result.stderr


def test_the_command_line_starts_without_the_libraries_of_its_commands():
    code = "import sys, planner.cli; print(*{'pandas', 'numpy', 'ortools', 'shapely'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_misspelled_group_is_compared_with_the_real_ones():
    result = runner.invoke(app, ["demnd"])
    assert result.exit_code == 2
    assert "'demand'" in result.output

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from corridor.errors import InputError
from planner.instance import read_instance
from planner.locate import locate

ROOT = Path(__file__).parents[2]
NODE = "node_id,x_coord,y_coord\n成都,0,0\nB,1,0\nC,2,0\nD,3,0\n"
LINK = "link_id,from_node_id,to_node_id,directed,length\n1,成都,B,0,2\n2,B,C,0,3\n3,C,D,1,1.5\n"
FLOW = "origin,destination,volume,path\n成都,C,10,\nC,成都,5,C B 成都\n成都,D,1,\n"


@pytest.fixture
def write(tmp_path):
    def write_files(**files):
        for name, text in ({"node": NODE, "link": LINK, "flow": FLOW} | files).items():
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.csv").write_bytes(content)
        return tmp_path

    return write_files


def _faults(directory):
    with pytest.raises(InputError) as caught:
        read_instance(directory)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("gbk"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace("\n", ",\n"),  # a comma at the end of every row, the names included
        lambda text: text.replace("\n", ",\n").replace(",\n", "\n", 1),  # ... of every row but the names
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("origin", "Origin ").replace("node_id,x", "NODE_ID,x"),
    ],
    ids=["gbk", "mark", "semicolons", "tabs", "commas", "commas-below", "crlf", "capitals"],
)
def test_what_spreadsheets_save_is_read(write, change):
    plain = read_instance(write())
    changed = read_instance(write(node=change(NODE), link=change(LINK), flow=change(FLOW)))
    assert changed.node_ids == plain.node_ids == ("成都", "B", "C", "D")
    assert changed.nodes.tolist() == plain.nodes.tolist()
    assert changed.volume.tolist() == [10.0, 5.0, 1.0]


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        (b"", "flow.csv: the file is empty. Give a CSV file in UTF-8"),
        (FLOW.encode("utf-16"), "flow.csv: the file is UTF-16. Give a CSV file in UTF-8"),
        (b"a\xff\xff\n", "flow.csv: the text is neither UTF-8 nor GB18030. Give a CSV file in UTF-8"),
        ("\n" + FLOW, "flow.csv: row 1 is empty. Write the column names there"),
        (
            "origin,destination,volume,volume\nB,C,1,2\n",
            "flow.csv: column volume stands there twice. Keep one",
        ),
        (
            "origin,destination,volume\nB,C,1,2\nC,B,1\nC,B,1,2,3\n",
            "flow.csv row 2: 4 cells under 3 columns. Quote cells that hold a delimiter",
        ),
        (
            "origin,destination,volume\nB,C,1\nC,B,1,2,3\n",
            "flow.csv row 3: 5 cells under 3 columns. Quote cells that hold a delimiter",
        ),
        (
            "origin,destination,volume\nB,C,1e300\n",
            "flow.csv row 2: volume '1e300' will not do. Write a number, 0 to 1e+15",
        ),
        ("origin,destination,volume\nB,C\n", "flow.csv row 2: volume '' will not do"),
        ('origin,destination,volume\n"B,C,1\n', "flow.csv: not readable as CSV"),
    ],
)
def test_files_that_cannot_be_read_are_named(write, flow, said):
    assert _faults(write(flow=flow))[0].startswith(said)


def test_a_header_alone_is_a_table_without_rows(write):
    assert read_instance(write(flow="origin,destination,volume\n")).volume.tolist() == []


def test_ids_that_stand_twice_do_not_hide_other_faults(write):
    faults = _faults(write(node=NODE + "B,5,5\n", link=LINK + "1,C,D,0,-1\n"))
    assert [fault.split(".", 2)[0] + "." + fault.split(".", 2)[1] for fault in faults] == [
        "node.csv row 6: node_id B stands twice",
        "link.csv row 5: link_id 1 stands twice",
        "link.csv row 5: length '-1' will not do",
    ]


def test_many_flows_nobody_can_drive_are_counted(write):
    faults = _faults(write(flow="origin,destination,volume\n" + "D,B,1\n" * 50))
    assert faults[0].startswith("flow.csv row 2: no links lead from D to B")
    assert (len(faults), faults[-1]) == (21, "flow.csv: 30 more rows of the same kind")


def test_long_files_and_paths_are_refused(write, monkeypatch):
    monkeypatch.setattr("planner.instance_tables.MOST_BYTES", 2_000_000)
    (fault,) = _faults(write(flow=FLOW + "B,C,1,\n" * 500_000))
    assert fault.startswith("flow.csv: 4 MB are more than 2 MB. Add up flows between the same two nodes")
    monkeypatch.setattr("planner.instance.MOST_PATH_NODES", 6)
    (fault,) = _faults(write())
    assert fault.startswith("flow.csv: the paths up to row 4 hold more than 6 nodes. Add up flows")


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_ten_million_flows_are_a_clear_error_in_little_memory(write):
    directory = write(flow=b"origin,destination,volume\n" + b"B,C,1\n" * 10_000_000)
    code = (
        "import sys; from pathlib import Path; from planner.locate import locate\n"
        "try: locate(sys.argv[1], range_=8, stations=1)\n"
        "except ValueError as error: print(error)\n"
        "status = Path('/proc/self/status').read_text().split()\n"  # getrusage inherits the parent's peak
        "print(int(status[status.index('VmHWM:') + 1]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, directory], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said, megabytes = done.stdout.splitlines()
    assert said.startswith("flow.csv: has more than 2,000,000 rows. Add up flows between the same two nodes")
    assert int(megabytes) < 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"range_": "8", "stations": 2}, "range: '8' is not a number"),
        ({"range_": True, "stations": 2}, "range: True is not a number"),
        ({"range_": 8, "stations": 2.5}, "stations: 2.5 is not a number of stations. Give a whole number"),
        ({"range_": 8, "stations": True}, "stations: True is not a number of stations"),
        ({"range_": 8, "stations": 2, "one_way": "yes"}, "one-way: 'yes' is neither true nor false"),
        ({"range_": 8, "stations": 2, "locked": "BC"}, "locked: 'BC' is not a list of ids"),
        ({"range_": 8, "stations": 2, "existing": 5}, "existing: 5 is not a list of ids"),
    ],
)
def test_values_of_another_kind_are_named(write, options, said):
    with pytest.raises(InputError) as caught:
        locate(write(), **options)
    assert str(caught.value).startswith(said)


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "nowhere", tmp_path / "file", None):
        with pytest.raises(InputError, match="there is no such folder"):
            locate(folder, range_=8, stations=2)


ALL = ("成都", "B", "C", "D")


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("p-median", {"stations": 1}),
        ("p-center", {"stations": 1}),
        ("set-cover", {"radius": 2}),
        ("facility-location", {}),
    ],
)
def test_nothing_may_be_built(write, model, options):
    files = {
        "link": LINK.replace("1,1.5", "0,1.5"),
        "facility": "facility_id,fixed_cost\nB,1\nC,2\n",
        "customer": "customer_id,demand\nx,1\n",
        "cost": "facility_id,customer_id,cost\nB,x,1\n",
    }
    sites = ("B", "C") if model == "facility-location" else ALL
    answer = locate(write(**files), model=model, forbidden=sites, **options)
    assert answer["status"] == "infeasible"
    assert answer["reason"] == f"no station may be built: all {len(sites)} candidates are forbidden"


@pytest.mark.parametrize(
    ("model", "options"), [("max-cover", {"radius": 2}), ("flow-refueling", {"range_": 8})]
)
def test_nothing_may_be_built_and_nobody_must_be_served(write, model, options):
    answer = locate(write(), model=model, forbidden=ALL, stations=1, **options)
    assert (answer["status"], answer["objective"]) == ("optimal", 0.0)
    assert "no station may be built: all 4 candidates are forbidden" in answer["note"]


def test_detours_on_a_network_too_large_are_refused(write, monkeypatch):
    monkeypatch.setattr("planner.locate_refueling.MOST_DETOUR_CELLS", 10)
    with pytest.raises(InputError, match=r"node\.csv: detours take 28 distances, more than 10"):
        locate(write(), range_=8, stations=2, detour=0.1)


def test_cover_sets_too_large_are_refused(write, monkeypatch):
    monkeypatch.setattr("siting.trip_cover.MOST_MEMBERS", 3)
    with pytest.raises(InputError, match=r"cover sets of the trips hold \d+ sites, more than 3\. Take fewer"):
        locate(write(), range_=8, stations=2)

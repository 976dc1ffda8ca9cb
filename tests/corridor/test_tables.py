"""Every fault of a table, at once, with row and column."""

import pandas as pd
import pytest

from corridor import sources
from corridor.errors import InputError
from corridor.tables import Column, checked

SCHEMA = {
    "id": Column(unique=True),
    "kind": Column(choices=("a", "b")),
    "kg": Column(kind="number", low=0.0),
    "n": Column(kind="integer"),
    "green": Column(kind="flag"),
    "note": Column(empty=True, required=False),
}


def frame(**changes):
    good = {
        "id": ["x", "y"],
        "kind": ["a", "b"],
        "kg": ["1.5", "2"],
        "n": ["1", "2"],
        "green": ["1", "false"],
    }
    return pd.DataFrame(good | changes, dtype=str)


def test_good_rows_come_back_typed():
    result = checked(frame(), SCHEMA, where="t.csv")
    assert result["kg"].tolist() == [1.5, 2.0]
    assert result["n"].dtype == "int64"
    assert result["green"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ["x", "x"]}, "t.csv, column id, row 3: repeats an earlier row"),
        ({"kind": ["a", "c"]}, "t.csv, column kind, row 3: is none of a, b"),
        ({"kg": ["-1", "2"]}, "t.csv, column kg, row 2: is below 0"),
        ({"kg": ["nan", "2"]}, "t.csv, column kg, row 2: is not a finite number"),
        ({"kg": ["inf", "2"]}, "t.csv, column kg, row 2: is not a finite number"),
        ({"n": ["1.5", "2"]}, "t.csv, column n, row 2: is not a whole number"),
        ({"green": ["maybe", "1"]}, "t.csv, column green, row 2: is neither true nor false"),
        ({"kg": ["", "2"]}, "t.csv, column kg, row 2: is empty"),
    ],
)
def test_each_fault_names_file_column_and_row(changes, message):
    with pytest.raises(InputError) as caught:
        checked(frame(**changes), SCHEMA, where="t.csv")
    assert message in str(caught.value)


def test_all_faults_are_reported_together():
    bad = frame(kind=["z", "b"], kg=["-1", "ten"]).drop(columns="n")
    with pytest.raises(InputError) as caught:
        checked(bad, SCHEMA, where="t.csv")
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a,b\n1,2,3,4\n", "more cells than the header"),
        (b"a,b\n1,2\n1,2,3\n", "not a readable CSV"),
        ("名\n值\n".encode("gbk"), "not UTF-8"),
    ],
)
def test_malformed_files_are_one_clear_error(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        sources.read_text_table(path)
    with pytest.raises(InputError, match="there is no such file"):
        sources.read_text_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "reader"),
    [("assumptions.csv", sources.read_assumptions), ("elevations.csv", sources.read_elevations)],
)
def test_a_figure_outside_its_own_range_is_named(tmp_path, name, reader):
    shipped = sources.read_text_table(sources.data_directory() / name)
    shipped.loc[3, "high"] = str(float(shipped.loc[3, "low"]) - 1.0)
    shipped.to_csv(tmp_path / name, index=False)
    with pytest.raises(InputError, match=f"outside its low and high: {shipped.iloc[3, 0]}"):
        reader(tmp_path)


def test_truck_speeds_must_be_positive():
    assert sources.truck_speeds({"road.truck_speed_kmh.trunk": 50.0, "other": 1.0}) == {"trunk": 50.0}
    with pytest.raises(InputError, match="truck speed is not positive"):
        sources.truck_speeds({"road.truck_speed_kmh.trunk": 0.0})

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.errors import InputError
from corridor.sources import DATA_FILES, read_fleet

DATA = Path(__file__).parents[2] / "data"


def test_rows_are_sourced_and_complete():
    table = read_fleet(DATA)
    assert "fleet.csv" in DATA_FILES
    assert (table["vehicles"] > 0).all()
    weak = table["source"].str.contains("unverified|derived")
    assert weak.any()
    assert (table.loc[weak, "confidence"] != "H").all()
    aims = table["kind"] != "observation"
    assert (table.loc[aims, "month"] >= "2022").all()
    assert (table.loc[~aims, "month"] < "2025").all()


def test_counts_of_an_area_grow():
    table = read_fleet(DATA)
    seen = table[table["kind"] == "observation"].sort_values("month")
    for _, rows in seen.groupby("area"):
        assert rows["vehicles"].is_monotonic_increasing


def test_the_page_counts_the_rows():
    line = next(
        line for line in (DATA / "README.md").read_text("utf-8").splitlines() if "`fleet.csv`" in line
    )
    assert f"| {len(read_fleet(DATA))} |" in line


@pytest.mark.parametrize("month", ["2024-13", "2024", "04-2024"])
def test_a_month_that_is_none_is_refused(tmp_path, month):
    head = "record_id,area,month,kind,vehicles,source,confidence,note\n"
    (tmp_path / "fleet.csv").write_text(f"{head}A,both,{month},observation,5,x,L,\n", encoding="utf-8")
    with pytest.raises(InputError, match="month is not YYYY-MM: A"):
        read_fleet(tmp_path)

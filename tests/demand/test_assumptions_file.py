from __future__ import annotations

import math
import re

import pytest

from demand.inputs import VEHICLE_CLASSES, assumption_faults, required_limits


def test_every_row_is_complete(assumption_table):
    table = assumption_table
    assert table.index.is_unique
    text = ["unit", "source", "confidence", "name_zh", "name_en", "year"]
    assert (table[text].astype(str).map(str.strip) != "").all().all()
    assert table[text].notna().all().all()
    assert table["confidence"].isin(["H", "M", "L"]).all()
    assert table[["value", "low", "high"]].map(math.isfinite).all().all()
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert table["year"].str.fullmatch(r"20\d\d").all()
    assert table["name_zh"].str.contains(r"[\u4e00-\u9fff]").all()
    assert table.index.str.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+").all()


def test_what_is_unverified_or_derived_is_never_of_high_confidence(assumption_table):
    weak = assumption_table["source"].str.contains("unverified|derived")
    assert (assumption_table.loc[weak, "confidence"] != "H").all()
    assert weak.any()


def test_the_model_finds_all_it_needs(assumption_table):
    values = assumption_table["value"].to_dict()
    assert assumption_faults(values) == []
    assert set(required_limits()) <= set(values)
    for name in VEHICLE_CLASSES:
        shares = [values[f"adoption.share.{name}.{year}"] for year in (2027, 2030, 2035)]
        assert shares == sorted(shares)


@pytest.mark.parametrize("bound", ["low", "high"])
def test_each_single_bound_is_a_possible_value(assumption_table, bound):
    """Sensitivity runs move one key to an end of its range; only shares that must add up may object."""
    base = assumption_table["value"].to_dict()
    for key in required_limits():
        if not re.match(r"freight\.(tonne_share|mass_weight)\.", key):
            assert assumption_faults(base | {key: assumption_table[bound][key]}) == [], key


def test_stations_get_cheaper_per_kg_with_size(assumption_table):
    values = assumption_table["value"]
    sizes = [500, 1000, 2000, 4000]
    per_kg = [values[f"station.{size}.capex_wan_cny"] / size for size in sizes]
    assert per_kg == sorted(per_kg, reverse=True)
    for item in ("capex_wan_cny", "dispensers", "storage_kg", "footprint_m2"):
        whole = [values[f"station.{size}.{item}"] for size in sizes]
        assert whole == sorted(whole)

"""The supply network of the shipped assumptions, against the rule of thumb and the tables it comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corridor import sources
from corridor.errors import InputError
from siting.supply_network import DAYS
from siting.supply_terms import check_supply_values, levelized_cny_per_kg, supply_network

VALUES = sources.read_assumptions(sources.data_directory())["value"].to_dict()
BASES = sources.read_bases(sources.data_directory())


def of_year(year, **changes):
    table = BASES.rename(columns={f"capacity_kg_per_day_{year}": "capacity_kg_per_day"})
    return supply_network(table, VALUES | changes)


@pytest.mark.parametrize(
    ("price", "published"), [(0.15, (11, 13)), (0.20, (14, 15)), (0.30, (19, 20)), (0.40, (24, 25))]
)
def test_the_rule_of_thumb_is_met_at_its_hours(price, published):
    # 52 kWh/kg x price + 3 to 5 CNY/kg at 4,000 to 6,000 h of full load: the model's plant costs more.
    costs = [levelized_cny_per_kg(VALUES, hours=h, electricity_cny_per_kwh=price) for h in (6000, 4000)]
    assert 4.0 < costs[0] - 52 * price < 5.0
    assert 5.0 < costs[1] - 52 * price < 6.5
    assert published[0] <= costs[0] <= 1.1 * published[1]


def test_the_seasons_weigh_to_the_price_behind_the_table_of_bases():
    network = of_year(2030)
    price = network.bases.electricity_cny_per_kwh[0]
    assert price.tolist() == [0.4] * 4 + [0.275] + [0.15] * 5 + [0.275, 0.4]
    assert 0.65 * price[6] + 0.15 * price[4] + 0.2 * price[0] == pytest.approx(0.22, abs=0.002)
    assert price @ DAYS / DAYS.sum() == pytest.approx(0.274, abs=0.001)


def test_modules_are_as_many_as_fit_the_capacity_of_the_year():
    names = of_year(2030).bases.base_id
    for year, most in ((2027, (5, 3, 3, 1, 1)), (2030, (20, 10, 10, 1, 1)), (2035, (60, 30, 30, 1, 1))):
        network = of_year(year)
        assert network.bases.modules_most.tolist() == list(most)
        by_product = [name in {"BASE-TONGNAN", "BASE-CHANGSHOU"} for name in names]
        stated = BASES[f"capacity_kg_per_day_{year}"].to_numpy()
        most_kg = network.bases.most_kg_per_day[:, 0]
        assert np.array_equal(most_kg[by_product], stated[by_product])
        assert np.allclose(most_kg[~np.array(by_product)], 0.95 * stated[~np.array(by_product)])
    assert of_year(2030).green_only().bases.base_id == ("BASE-XICHANG", "BASE-PANZHIHUA", "BASE-YAAN")


def test_a_grid_fee_and_on_site_electrolysis_are_priced():
    dearer = of_year(2030, **{"supply.grid_fee_cny_per_kwh": 0.1})
    more = dearer.bases.running_cny_per_kg - of_year(2030).bases.running_cny_per_kg
    assert np.allclose(more[:3], 5.2)
    assert np.allclose(more[3:], 0.0)
    own = supply_network(
        BASES.rename(columns={"capacity_kg_per_day_2030": "capacity_kg_per_day"}), VALUES, on_site=True
    ).on_site
    mean = own.power_cny_per_kg + own.wear_cny_per_kg
    mean += own.capacity_cny_per_kg_per_day_year / (365 * own.availability)
    assert mean == pytest.approx(40.0, rel=0.1)  # grid electrolysis in 2021, as published


def test_what_is_wrong_is_told_together():
    table = BASES.rename(columns={"capacity_kg_per_day_2030": "capacity_kg_per_day"}).copy()
    table["capacity_kg_per_day"] = table["capacity_kg_per_day"].astype(float)
    table.loc["BASE-YAAN", "capacity_kg_per_day"] = -1.0
    key = "supply.electrolyzer.availability"
    wrong = {key: 0.0, "supply.electricity_cny_per_kwh.dry": -0.1}
    with pytest.raises(InputError) as caught:
        supply_network(table, VALUES | wrong)
    told = [str(fault) for fault in caught.value.faults]
    assert told == [
        "assumptions, key supply.electricity_cny_per_kwh.dry: -0.1 is out of range. Give a number from 0",
        f"assumptions, key {key}: 0.0 is out of range. Give a number above 0 up to 1",
        "base BASE-YAAN: a capacity is negative or unknown. Correct it",
    ]
    rest = {key: value for key, value in VALUES.items() if key != "supply.storage.cny_per_kg"}
    with pytest.raises(InputError, match=r"storage\.cny_per_kg: the key is missing"):
        check_supply_values(rest)


def test_modules_that_stand_are_taken_over():
    table = BASES.rename(columns={"capacity_kg_per_day_2030": "capacity_kg_per_day"})
    grown = supply_network(table.assign(modules_there=[2, 0, 12, 0, 0]), VALUES)
    assert grown.bases.modules_there.tolist() == [2, 0, 12, 1, 1]
    assert grown.bases.modules_most.tolist() == [20, 10, 12, 1, 1]
    assert pd.Series(grown.bases.there_cny_per_year).gt(0).tolist() == [True, True, True, False, False]

"""Supply by month: whatever a plan says of its year is the sum of its months."""

import numpy as np
import pandas as pd
import pytest

from planner.seasons import (
    MONTHS,
    base_costs,
    base_figures,
    production_of,
    season_of,
    served_by,
    supply_of_month,
)
from siting.supply_network import DAYS_OF_MONTH

LINK = ["site_id", "base_id", "mode"]


@pytest.fixture(scope="module", params=[{}, {"on_site": True, "green_only": True}])
def plan(request, solved):
    return solved(room=False, stations=4, **request.param)


def test_months_add_up_to_the_year(plan):
    months = [supply_of_month(plan, month).assign(days=DAYS_OF_MONTH[month - 1]) for month in MONTHS]
    table = pd.concat(months)
    assert sum(DAYS_OF_MONTH) == 365
    for name in ("kg_per_day", "trips_per_day", "trailers", "driver_h_per_day"):
        summed = table.assign(amount=table[name] * table["days"]).groupby(LINK)["amount"].sum() / 365.0
        year = plan.supply[plan.supply["kg_per_day"] > 0.0].set_index(LINK)[name]
        pd.testing.assert_series_equal(
            summed.reindex(year.index), year, check_names=False, check_index_type=False
        )
        assert len(summed) == len(year)


def test_the_year_is_the_plans_own_table(plan):
    pd.testing.assert_frame_equal(supply_of_month(plan, None), plan.supply)


def test_a_month_has_the_links_of_that_month_only(plan):
    for month in (1, 7):
        table = supply_of_month(plan, month)
        assert list(table.columns) == list(plan.supply.columns)
        said = plan.supply_months[(plan.supply_months["month"] == month) & (plan.supply_months["kg"] > 0.0)]
        assert sorted(zip(*(table[name] for name in LINK), strict=True)) == sorted(
            zip(*(said[name] for name in LINK), strict=True)
        )


def test_a_base_makes_in_twelve_months_what_it_makes_in_the_year(plan):
    for base_id in plan.bases["base_id"].unique():
        made, figures = production_of(plan, base_id), base_figures(plan, base_id)
        assert list(made.index) == list(MONTHS)
        assert made["produced_t"].sum() == pytest.approx(figures["produced_t"])
        assert (made["produced_t"] <= made["capacity_t"] * (1 + 1e-9)).all()
        served = served_by(plan, base_id)
        assert served["kg_per_day"].sum() == pytest.approx(figures["kg_per_day"])
        assert served["months"].between(1, 12).all()
        assert served["kg_per_day"].is_monotonic_decreasing
        if figures["kg_per_day"] == 0.0:
            assert np.isnan(figures["production_cny_per_kg"])


def test_every_station_is_served_in_whole_by_its_bases(plan):
    parts = pd.concat([served_by(plan, base_id) for base_id in plan.supply["base_id"].unique()])
    shares = parts.groupby("site_id")["share"].sum()
    np.testing.assert_allclose(shares, 1.0)
    assert set(shares.index) == set(plan.supply.loc[plan.supply["kg_per_day"] > 0.0, "site_id"])


def test_costs_of_a_base_are_means_by_kilogram(plan):
    spent = sum(
        figures["kg_per_day"] * (figures["production_cny_per_kg"] + figures["delivery_cny_per_kg"])
        for figures in (base_figures(plan, base_id) for base_id in plan.supply["base_id"].unique())
        if figures["kg_per_day"] > 0.0
    )
    kg = plan.supply["kg_per_day"].sum()
    assert spent / kg == pytest.approx(plan.kpis["hydrogen_cny_per_kg"])


def test_parts_of_the_cost_add_up_to_production_and_delivery(plan):
    for base_id in plan.supply["base_id"].unique():
        costs, figures = base_costs(plan, base_id), base_figures(plan, base_id)
        if figures["kg_per_day"] == 0.0:
            assert costs == {}
            continue
        whole = figures["production_cny_per_kg"] + figures["delivery_cny_per_kg"]
        assert sum(costs.values()) == pytest.approx(whole)
        assert all(cost >= 0.0 for cost in costs.values())


def test_seasons_are_those_of_the_power_market():
    assert [season_of(month) for month in (1, 5, 6, 10, 11, 12)] == [
        "dry",
        "flat",
        "wet",
        "wet",
        "flat",
        "dry",
    ]

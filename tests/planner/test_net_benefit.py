from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.net_benefit import net_benefit_cny_per_day
from planner.objective import margin_cny_per_kg
from planner.pipeline import make_plan
from planner.priced import station_cny_per_year
from planner.scenario import Scenario
from planner.siting_case import assumptions_in_force

PRICE = {"economics.retail_price_cny_per_kg": 45.0}


@pytest.fixture(scope="module")
def asked():
    return Scenario(
        objective="net_benefit", stations=2, assumptions=PRICE, solve={"rounds": 0, "time_limit_s": 8.0}
    )


@pytest.fixture(scope="module")
def plan(asked):
    return make_plan(asked)


@pytest.fixture(scope="module")
def values(asked):
    return assumptions_in_force(load_inputs(asked).assumptions, asked.assumptions)[0]


def test_margin_is_the_price_without_tax_less_the_electricity(values):
    expected = (
        45.0 - values["station.electricity_kwh_per_kg"] * values["economics.electricity_cny_per_kwh"]
    ) / 1.13
    assert margin_cny_per_kg(values) == pytest.approx(expected)


def test_a_station_costs_its_annuity_upkeep_staff_and_land(values):
    rate, years = values["economics.discount_rate"], round(values["station.lifetime_years"])
    share = values["economics.equipment_share"]
    tax = share / (1 + values["economics.vat_rate"]) + (1 - share) / (1 + values["economics.works_vat_rate"])
    costs = station_cny_per_year(pd.DataFrame({"kind": ["service_area", "port"]}), values)
    assert costs.shape == (2, 4)
    for size, cost in list(zip((500, 1000, 2000, 4000), costs[1], strict=True))[1:]:
        invested = values[f"station.{size}.capex_wan_cny"] * 1e4 * tax
        left = values["economics.residual_share"] * invested / (1 + rate) ** years
        annuity = (invested - left) / sum((1 + rate) ** -year for year in range(1, years + 1))
        upkeep = invested * values["station.fixed_opex_share"]
        term = round(values["station.land_use_years"])
        land = values[f"station.{size}.footprint_m2"] * values["station.land_cny_per_m2"]
        land /= sum((1 + rate) ** -year for year in range(1, term + 1))
        staff = values["station.staff_wan_cny_per_year"] * 1e4
        assert cost == pytest.approx(annuity + upkeep + staff + land)
    assert (np.diff(costs, axis=1) > 0.0).all()
    assert (costs[0] < costs[1]).all(), "combined with a fuel station"


def test_certificate_is_what_the_accounts_say(plan, values):
    proof = plan.certificate
    stations = plan.stations
    new = stations["status"] == "new"
    assert 0 < new.sum() <= 2
    sold = stations["load_kg_per_day"].sum()
    links = plan.supply
    per_kg = links["production_cny_per_kg"].fillna(0.0) + links["delivery_cny_per_kg"].fillna(0.0)
    supplied = (links["kg_per_day"] * per_kg).sum()
    costs = station_cny_per_year(stations[new], values) / 365.0
    module = np.searchsorted((500, 1000, 2000, 4000), stations.loc[new, "capacity_kg_per_day"])
    built = costs[np.arange(len(costs)), module].sum()
    expected = margin_cny_per_kg(values) * sold - supplied - built
    assert plan.kpis["net_benefit_cny_per_day"] == pytest.approx(expected, rel=1e-6)
    assert proof.incumbent == plan.kpis["net_benefit_cny_per_day"]
    assert proof.bound >= proof.incumbent
    assert proof.status == ("optimal" if proof.gap < 1e-6 else "feasible")
    assert plan.replay["faults"] == 0


@pytest.mark.parametrize("other", [{"stations": 0}, {"stations": 2}])
def test_no_plan_is_worth_more_than_the_bound(asked, plan, other):
    plain = asked.model_copy(update={"objective": "kg", **other})
    worth = net_benefit_cny_per_day(make_plan(plain))
    assert worth <= plan.certificate.bound * (1 + 1e-9)
    assert worth <= plan.certificate.incumbent


def test_nobody_is_served_at_a_loss(asked):
    cheap = asked.model_copy(update={"assumptions": {"economics.retail_price_cny_per_kg": 8.0}})
    plan = make_plan(cheap)
    assert plan.kpis["stations_new"] == 0
    assert plan.kpis["served_kg_per_day"] == 0.0
    assert plan.kpis["net_benefit_cny_per_day"] == pytest.approx(0.0, abs=1e-6)
    assert plan.certificate.incumbent == plan.kpis["net_benefit_cny_per_day"]


@pytest.mark.parametrize(
    ("also", "message"),
    [
        ({"detour": 0.1}, "cannot be asked for with detours"),
        ({"resilience": 0.5}, "cannot be asked for with detours"),
        ({"rollout": {"2027": 1}}, "in money and a roll-out"),
    ],
)
def test_what_cannot_be_asked_for_together_is_one_error(asked, also, message):
    with pytest.raises(InputError, match=message):
        make_plan(Scenario(**{**asked.model_dump(), **also}))

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from corridor.errors import InfeasibleError, InputError
from planner.deliveries import delivery_terms
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.priced import PricedSearch, cost_cny_per_day, station_cny_per_year
from planner.scenario import Scenario
from planner.siting_case import assumptions_in_force, siting_case

SHARE = 0.4


@pytest.fixture(scope="module")
def asked():
    return Scenario(
        objective="least_cost", least_share=SHARE, stations=6, solve={"rounds": 0, "time_limit_s": 6.0}
    )


@pytest.fixture(scope="module")
def plan(asked):
    return make_plan(asked)


def test_it_serves_what_is_asked_for_and_hardly_more(plan):
    demand = plan.kpis["demand_kg_per_day"]
    assert plan.kpis["served_kg_per_day"] >= SHARE * demand * (1 - 1e-6)
    # What is sold rises in steps with the worth of a kilogram: by the trips that begin to pay.
    assert plan.kpis["served_kg_per_day"] <= (SHARE + 0.02) * demand
    assert plan.replay["faults"] == 0


def test_certificate_is_what_the_accounts_say(plan, asked):
    values = assumptions_in_force(load_inputs(asked).assumptions, asked.assumptions)[0]
    proof, links = plan.certificate, plan.supply
    per_kg = links["production_cny_per_kg"].fillna(0.0) + links["delivery_cny_per_kg"].fillna(0.0)
    new = plan.stations[plan.stations["status"] == "new"]
    assert 0 < len(new) <= 6
    costs = station_cny_per_year(new, values) / 365.0
    module = np.searchsorted((500, 1000, 2000, 4000), new["capacity_kg_per_day"])
    built = costs[np.arange(len(new)), module].sum()
    expected = (links["kg_per_day"] * per_kg).sum() + built
    assert plan.kpis["cost_cny_per_day"] == pytest.approx(expected, rel=1e-6)
    assert proof.incumbent == plan.kpis["cost_cny_per_day"]
    assert 0.0 < proof.bound <= proof.incumbent
    assert proof.status == "feasible"


def test_no_plan_that_serves_as_much_costs_less_than_the_bound_and_the_usual_one_costs_more(plan):
    usual = make_plan(Scenario(stations=3, solve={"rounds": 0}))
    assert usual.kpis["served_kg_per_day"] >= plan.kpis["served_kg_per_day"]
    assert cost_cny_per_day(usual) >= plan.certificate.incumbent


def test_more_than_the_stations_can_serve_is_told(asked):
    few = asked.model_copy(update={"stations": 1, "least_share": 0.9})
    with pytest.raises(InfeasibleError, match=r"can serve .* at most"):
        make_plan(few)


def test_a_share_that_is_none_is_one_error(asked):
    with pytest.raises(ValueError, match="least_share"):
        Scenario(least_share=1.2)
    with pytest.raises(InputError, match="in money and a roll-out"):
        make_plan(Scenario(**{**asked.model_dump(), "rollout": {"2027": 1}}))


def test_the_share_is_part_of_the_identity_where_it_counts(asked):
    assert Scenario().identity == Scenario(least_share=0.7).identity
    assert asked.identity != asked.model_copy(update={"least_share": 0.7}).identity


def test_stopped_before_it_searches_it_still_has_a_plan(asked, monkeypatch):
    asked_often = []
    covering = PricedSearch.covering

    def then_stop(self):
        found = covering(self)
        asked_often.append(True)
        return found

    monkeypatch.setattr(PricedSearch, "covering", then_stop)
    plan = make_plan(asked, should_stop=lambda: bool(asked_often))
    assert plan.certificate.status == "feasible"
    assert plan.kpis["served_kg_per_day"] >= SHARE * plan.kpis["demand_kg_per_day"] * (1 - 1e-6)


def test_no_single_station_tried_by_itself_costs_less_than_the_bound(asked):
    inputs = load_inputs(asked)
    near = ["遂宁服务区", "安岳服务区"]
    free = inputs.sites.index[inputs.sites["name_zh"].isin(near) & (inputs.sites["status"] != "existing")]
    rest = inputs.sites.index[inputs.sites["status"] != "existing"].difference(free)
    scenario = asked.model_copy(update={"stations": 1, "least_share": 0.14, "forbidden": tuple(rest)})
    plan = make_plan(scenario)
    case = siting_case(scenario)
    search = PricedSearch(case, delivery_terms(scenario, case.inputs, case.values), should_stop=None)
    need = scenario.least_share * plan.kpis["demand_kg_per_day"]
    begun = search.covering()
    plane = search.plane(begun.load_kg_per_day[0])
    sales = []
    for site, size in product(case.rows(tuple(free)).tolist(), range(4)):
        module = np.full_like(begun.module, -1)
        module[0, site] = size
        sold = search.sold(replace(begun, module=module), plane, least_kg_per_day=need, close=1e-2)
        if sold.kg_per_day >= need * (1 - 1e-6):
            sales.append(sold)
    costs = [sold.cost for sold in sales]
    assert len(costs) >= 4
    assert plan.certificate.bound <= min(costs) * (1 + 1e-9)
    assert plan.certificate.incumbent == pytest.approx(min(costs), rel=0.01)
    # A certificate's bound is never past its plan: what the bound rests on is tried by itself.
    most = search.solved(plane, cny_per_kg=40.0, time_limit_s=6.0, start=None, linear=True).bound
    assert max(40.0 * sold.kg_per_day - sold.cost for sold in sales) <= most + 1e-6

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.delivery import PARTS
from siting.supply_network import OnSite, Storage, SupplyNetwork
from siting.supply_prices import lower_plane, supply_prices
from siting.supply_tables import PRODUCTION_PARTS
from siting.supply_year import solve_supply
from tests.siting.supply_cases import DAYS, by_product, delivery, electrolysis, network, optimum

YEAR = sum(DAYS)
OWN = OnSite(
    capacity_cny_per_kg_per_day_year=2000.0, power_cny_per_kg=30.0, wear_cny_per_kg=1.0, availability=0.9
)
CHEAP = Storage(capacity_cny_per_kg_year=6.0, in_cny_per_kg=0.3, in_loss=0.01, loss_per_month=0.005)


def loads(*kg):
    return pd.Series(kg, index=[f"S{i}" for i in range(len(kg))], dtype=float)


def modes(tube, liquid=None):
    found = {"tube": delivery(tube)}
    if liquid is not None:
        found["liquid"] = delivery(liquid, fixed=9.5, per_km=0.01, lost=0.05, trailers=0.0005)
    return found


def check(supply, deliveries, load, answer):
    """Balances, capacities, and sums of a solved year, from its tables alone."""
    tables, bases = answer.tables, supply.bases
    links, months = tables.links, tables.months
    load = np.asarray(load, dtype=float)
    load = np.repeat(load[:, None], 12, axis=1) if load.ndim == 1 else load
    names = [f"S{i}" for i in range(len(load))]
    got = months.groupby(["site_id", "month"])["kg"].sum().reindex(
        pd.MultiIndex.from_product([names, range(1, 13)]), fill_value=0.0
    ).to_numpy().reshape(-1, 12)  # fmt: skip
    assert (got <= load * DAYS + 1e-3).all()
    missing = (load * DAYS - got).sum() / YEAR
    assert missing == pytest.approx(tables.shortage_kg_per_day, abs=1e-3)
    # What leaves a gate is what is delivered and lost; what is made is sent, kept, or vented.
    lost = {
        (name, bases.base_id[b], mode): each.lost_kg[i, b]
        for mode, each in deliveries.items()
        for (i, name), b in product(enumerate(names), range(len(bases.base_id)))
    }
    ways = months[months["base_id"] != "ON-SITE"]
    keys = zip(ways["site_id"], ways["base_id"], ways["mode"], strict=True)
    through = ways["kg"] * [1.0 + lost[key] for key in keys]
    sent = through.groupby([ways["base_id"], ways["month"]]).sum()
    for base, rows in tables.bases.groupby("base_id", sort=False):
        b = bases.base_id.index(base)
        of_base = sent.get(base, pd.Series(dtype=float)).reindex(range(1, 13), fill_value=0.0).to_numpy()
        assert np.allclose(rows["sent_kg"], of_base, atol=1e-2)
        out = rows["produced_kg"] + rows["taken_kg"] - rows["stored_kg"] - rows["vented_kg"]
        assert np.allclose(out, of_base, atol=1e-2)
        store = supply.storage
        level = rows["level_kg"].to_numpy()
        change = (1 - store.in_loss) * rows["stored_kg"] - rows["taken_kg"]
        assert np.allclose(level, (1 - store.loss_per_month) * np.roll(level, 1) + change, atol=1e-2)
        room = bases.module_kg_per_day[b] * DAYS
        assert (rows["produced_kg"] <= room * rows["modules"] * (1 + 1e-9) + 1e-3).all()
        assert (rows["modules"] <= bases.modules_most[b]).all()
        assert np.allclose(rows["produced_kg"] + rows["left_kg"], room * rows["modules"])
        assert np.allclose(
            rows["left_kg"] + rows["produced_kg"] + rows["expandable_kg"], room * bases.modules_most[b]
        )
        runs = rows["produced_kg"] / np.where(room > 0, room, 1.0)
        if bases.least_use[b] > 0:  # some whole number of modules runs within its limits
            whole = np.ceil(runs - 1e-6)
            assert (runs >= bases.least_use[b] * whole - 1e-6).all()
    # Costs.
    sold = links[links["kg_per_day"] > 0]
    assert np.allclose(sold[list(PRODUCTION_PARTS)].sum(axis=1), sold["production_cny_per_kg"])
    assert np.allclose(links[list(PARTS)].sum(axis=1), links["delivery_cny_per_kg"])
    assert np.allclose(
        links["production_cny_per_kg"] + links["delivery_cny_per_kg"], links["delivered_cny_per_kg"]
    )
    parts = tables.cost_cny_per_year
    total = answer.certificate.incumbent
    assert parts.sum() == pytest.approx(total, rel=1e-9, abs=1.0)
    delivered = (sold["kg_per_day"] * sold["delivered_cny_per_kg"]).sum() * YEAR
    rest = parts["idle_bases_cny_per_year"] + parts["shortage_cny_per_year"]
    assert delivered + rest == pytest.approx(total, rel=1e-6, abs=10.0)
    by_station = links.groupby("site_id")["kg_per_day"].sum()
    assert np.allclose(tables.stations["kg_per_day"], by_station.reindex(names, fill_value=0.0))


def test_a_link_by_hand():
    supply = network(electrolysis(most=2, prices=[0.2] * 12))
    answer = solve_supply(loads(500.0), supply, modes([[100.0]]))
    (row,) = answer.tables.links.to_dict("records")
    made = 500.0 * 1.01 * YEAR
    plant = 0.5 + 8e5 / made
    assert row["electricity_cny_per_kg"] == pytest.approx(10.4)
    assert row["electrolyzer_cny_per_kg"] == pytest.approx(plant)
    assert row["losses_cny_per_kg"] == pytest.approx(0.01 * (10.4 + plant))
    assert row["delivered_cny_per_kg"] == pytest.approx(1.01 * (10.4 + plant) + 4.0 + 2.5)
    assert row["trailers"] == pytest.approx(2.0)
    assert (row["base_id"], row["mode"], row["distance_km"], row["green"]) == ("E0", "tube", 100.0, True)
    assert answer.modules.tolist() == [1]
    assert answer.certificate.status == "optimal"
    assert answer.certificate.incumbent == pytest.approx(row["delivered_cny_per_kg"] * 500 * YEAR)
    assert answer.tables.figures()["trailers_needed"] == 2.0


def test_modules_are_whole_and_as_few_as_pay():
    supply = network(electrolysis(), by_product(capacity=5000.0, price=22.0))
    deliveries = modes([[100.0, 100.0]])
    # A second module for 10 kg/d would cost more than by-product.
    answer = solve_supply(loads(1000.0), supply, deliveries)
    assert answer.modules.tolist() == [1, 1]
    assert set(answer.tables.links["base_id"]) == {"E0", "P0"}
    assert answer.prices.relaxation_cny_per_year < answer.certificate.incumbent


def test_cheap_storage_carries_the_wet_season_into_the_dry_one_and_dear_storage_does_not():
    deliveries = modes([[100.0]])
    dear = solve_supply(loads(800.0), network(electrolysis()), deliveries)
    assert dear.tables.bases["level_kg"].max() == 0.0
    supply = network(electrolysis(), storage=CHEAP)
    answer = solve_supply(loads(800.0), supply, deliveries)
    check(supply, deliveries, [800.0], answer)
    rows = answer.tables.bases.set_index("month")
    wet = list(range(6, 11))
    assert rows.loc[wet, "produced_kg"].sum() > 1.2 * 800 * 153
    assert rows["level_kg"].idxmax() == 10
    assert rows.loc[[12, 1, 2, 3, 4], "taken_kg"].sum() > 0
    assert answer.certificate.incumbent < dear.certificate.incumbent
    assert answer.tables.links["storage_cny_per_kg"].iloc[0] > 0


def test_green_only_leaves_by_product_out():
    supply = network(electrolysis(), by_product(price=2.0))
    deliveries = modes([[100.0, 100.0]])
    free = solve_supply(loads(300.0), supply, deliveries)
    assert set(free.tables.links["base_id"]) == {"P0"}
    only = {name: each.columns(supply.bases.green) for name, each in deliveries.items()}
    green = solve_supply(loads(300.0), supply.green_only(), only)
    assert green.tables.links["green"].all()
    assert green.certificate.incumbent > free.certificate.incumbent
    with pytest.raises(InfeasibleError, match="no supply base"):
        solve_supply(loads(1.0), network(by_product()).green_only(), {"tube": delivery(np.zeros((1, 0)))})


def test_a_station_may_make_its_own_where_that_is_allowed():
    far = modes([[1500.0], [20.0]])
    supply = network(by_product(capacity=200.0), on_site=OWN)
    answer = solve_supply(loads(100.0, 100.0), supply, far)
    check(supply, far, [100.0, 100.0], answer)
    assert dict(zip(answer.tables.links["site_id"], answer.tables.links["mode"], strict=True)) == {
        "S0": "on_site",
        "S1": "tube",
    }
    row = answer.tables.links.iloc[0]
    assert row["delivered_cny_per_kg"] == pytest.approx(31.0 + 2000.0 / 0.9 / YEAR)
    assert answer.certificate.incumbent == pytest.approx(optimum(supply, far, [100.0, 100.0]))
    alone = SupplyNetwork(
        bases=supply.bases.only(np.zeros(1, dtype=bool)), storage=supply.storage, on_site=OWN
    )
    none = {"tube": delivery(np.zeros((1, 0)))}
    assert solve_supply(loads(50.0), alone, none).tables.shortage_kg_per_day == 0.0


def test_stations_without_load_still_have_a_base_and_without_a_road_no_supply():
    deliveries = modes([[300.0, 20.0], [np.inf, np.inf], [20.0, 300.0]])
    answer = solve_supply(loads(0.0, 70.0, 0.0), network(electrolysis(), by_product()), deliveries)
    stations = answer.tables.stations
    assert stations["base_id"].tolist() == ["P0", None, "E0"]
    assert stations["shortage_kg_per_day"].tolist() == pytest.approx([0.0, 70.0, 0.0])
    assert stations["delivered_cny_per_kg"].isna().tolist() == [False, True, False]
    idle = answer.tables.links
    assert idle["kg_per_day"].tolist() == [0.0, 0.0]
    assert np.allclose(
        idle["production_cny_per_kg"] + idle["delivery_cny_per_kg"], idle["delivered_cny_per_kg"]
    )
    assert answer.tables.months.empty


def test_trailers_bind_month_by_month():
    supply = network(electrolysis(prices=[0.2] * 12), trailers={"tube": 2.0})
    deliveries = modes([[100.0]], [[100.0]])
    load = [np.r_[np.full(6, 300.0), np.full(6, 800.0)]]
    answer = solve_supply(pd.DataFrame(load, index=["S0"]), supply, deliveries)
    check(supply, deliveries, load, answer)
    tube = answer.tables.months.query("mode == 'tube'").set_index("month")["kg"] / list(DAYS)
    assert tube.tolist() == pytest.approx([300.0] * 6 + [500.0] * 6)
    assert answer.tables.fleets.loc[("E0", "tube"), "trailers"] == pytest.approx(2.0)
    assert answer.certificate.incumbent == pytest.approx(optimum(supply, deliveries, load))


def test_modules_that_stand_cost_their_upkeep_only():
    deliveries = modes([[100.0]])
    new = solve_supply(loads(900.0), network(electrolysis()), deliveries)
    grown = solve_supply(loads(900.0), network(electrolysis(there=1)), deliveries)
    assert new.modules.tolist() == grown.modules.tolist() == [1]
    assert new.certificate.incumbent - grown.certificate.incumbent == pytest.approx(6e5)
    idle = solve_supply(
        loads(100.0),
        network(electrolysis(there=1), by_product(price=1.0)),
        modes([[100.0, 100.0]]),
    )
    assert idle.tables.cost_cny_per_year["idle_bases_cny_per_year"] == pytest.approx(2e5)


def test_modules_only_grow_from_year_to_year():
    deliveries = modes([[100.0]])
    first = solve_supply(loads(1800.0), network(electrolysis()), deliveries)
    assert first.modules.tolist() == [2]
    later = network(electrolysis(most=1)).grown(first.modules)
    assert solve_supply(loads(300.0), later, deliveries).modules.tolist() == [2]
    more = solve_supply(loads(2700.0), network(electrolysis(most=5)).grown(first.modules), deliveries)
    assert more.modules.tolist() == [3]
    # Each new module is paid for once, each standing one is kept up.
    alone = solve_supply(loads(2700.0), network(electrolysis(most=5)), deliveries)
    assert alone.certificate.incumbent - more.certificate.incumbent == pytest.approx(2 * 6e5)


def test_export_left_over_is_what_is_not_made():
    answer = solve_supply(loads(400.0), network(electrolysis(most=3)), modes([[100.0]]))
    rows = answer.tables.bases
    assert rows["expandable_kg"].sum() == pytest.approx(2 * 1000.0 * YEAR)
    assert rows["left_kg"].sum() == pytest.approx(1000.0 * YEAR - 400.0 * 1.01 * YEAR)
    wet = rows.set_index("month").loc[7]
    assert wet["left_cny_per_kg"] == pytest.approx(52 * 0.15 + 0.5)
    assert wet["expansion_cny_per_kg"] == pytest.approx(52 * 0.15 + 0.5 + 8e5 / (1000.0 * YEAR))
    figures = answer.tables.figures()
    assert figures["green_export_t_per_year"] == pytest.approx((3000.0 - 404.0) * YEAR / 1000.0)


CASES = st.fixed_dictionaries(
    {
        "km": st.lists(
            st.lists(st.sampled_from([20.0, 90.0, 250.0, 480.0, np.inf]), min_size=3, max_size=3),
            min_size=1,
            max_size=3,
        ),
        "load": st.lists(st.sampled_from([0.0, 3.0, 80.0, 350.0, 900.0, 1700.0]), min_size=3, max_size=3),
        "swing": st.sampled_from([0.0, 0.3]),
        "least": st.sampled_from([0.0, 0.3]),
        "there": st.sampled_from([0, 1]),
        "storage": st.sampled_from([None, CHEAP]),
        "own": st.sampled_from([None, OWN]),
        "trailers": st.sampled_from([{}, {"tube": 3.0}]),
        "capacity": st.sampled_from([0.0, 200.0, 2000.0]),
    }
)


def case(given):
    supply = network(
        electrolysis(2, most=2, there=given["there"], least=given["least"]),
        by_product(capacity=given["capacity"]),
        storage=given["storage"],
        on_site=given["own"],
        trailers=given["trailers"],
    )
    wave = 1.0 + given["swing"] * np.sin(np.arange(12) / 12 * 2 * np.pi)
    load = np.outer(given["load"][: len(given["km"])], wave)
    return supply, modes(given["km"], given["km"]), load


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CASES)
def test_the_optimum_is_that_of_other_code(given):
    supply, deliveries, load = case(given)
    names = [f"S{i}" for i in range(len(load))]
    answer = solve_supply(pd.DataFrame(load, index=names), supply, deliveries)
    check(supply, deliveries, load, answer)
    truth = optimum(supply, deliveries, load)
    assert answer.certificate.incumbent == pytest.approx(truth, rel=1e-5, abs=10.0)
    assert answer.certificate.bound <= truth * (1 + 1e-6) + 10.0
    relaxed = optimum(supply, deliveries, load, whole=False)
    assert answer.prices.relaxation_cny_per_year == pytest.approx(relaxed, rel=1e-6, abs=1.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CASES, st.lists(st.floats(0.0, 2500.0), min_size=3, max_size=3))
def test_the_plane_lies_below_the_cost_of_every_load(given, other):
    supply, deliveries, _ = case(given)
    n = len(given["km"])
    at, other = np.array(given["load"][:n]), np.array(other[:n])
    constant, price = lower_plane(supply, deliveries, at)
    here = optimum(supply, deliveries, at, whole=False)
    assert constant + price @ at == pytest.approx(here, rel=1e-6, abs=5.0)
    truth = optimum(supply, deliveries, other)
    assert constant + price @ other <= truth * (1 + 1e-7) + 5.0


def test_the_cheapest_modules_are_those_of_brute_force():
    supply = network(electrolysis(2, most=2), by_product(capacity=150.0))
    deliveries = modes([[100.0, 300.0, 100.0], [400.0, 80.0, 300.0]])
    load = [900.0, 1300.0]
    best = np.inf
    for built in product(range(3), repeat=2):
        there = np.array([*built, 1])
        cut = network(electrolysis(2, most=2), by_product(capacity=150.0))
        bases = dataclasses.replace(
            cut.bases, modules_there=there, modules_most=there, there_cny_per_year=np.array([8e5, 8e5, 0.0])
        )
        fixed = dataclasses.replace(cut, bases=bases)
        best = min(best, optimum(fixed, deliveries, load, whole=False))
    answer = solve_supply(loads(*load), supply, deliveries)
    assert answer.certificate.incumbent == pytest.approx(best, rel=1e-9)


def test_prices_at_closed_sites_are_what_a_kg_there_would_cost():
    supply = network(electrolysis(most=3, prices=[0.2] * 12))
    every = modes([[100.0], [400.0]], [[100.0], [400.0]])
    constant, price = lower_plane(supply, every, np.array([600.0, 0.0]))
    # With capacity to spare a kg more costs its electricity, wear and its share of a module.
    gate = (10.4 + 0.5) * YEAR + 8e5 / 1000.0
    assert constant == pytest.approx(0.0, abs=1e-2)
    assert price[0] == pytest.approx(1.01 * gate + YEAR * (4.0 + 0.025 * 100))
    liquid, tube = 1.05 * gate + YEAR * (9.5 + 4.0), 1.01 * gate + YEAR * (4.0 + 10.0)
    assert price[1] == pytest.approx(min(liquid, tube))
    prices = supply_prices(supply, {name: each.rows([0]) for name, each in every.items()}, np.array([600.0]))
    assert np.allclose(prices.plane(every).marginal_cny_per_kg, price / YEAR)
    assert prices.gate_cny_per_kg.mean() == pytest.approx(gate / YEAR, rel=1e-2)


def test_prices_of_a_base_that_makes_nothing_are_its_cost():
    supply = network(electrolysis(2, prices=[0.2] * 12))
    every = modes([[100.0, 1500.0], [1500.0, 100.0]])
    _, price = lower_plane(supply, every, np.array([600.0, 0.0]))
    gate = (1.01 * 10.4 + 0.5) * YEAR + 8e5 / 1000.0
    assert price[1] == pytest.approx(1.01 * gate + YEAR * (4.0 + 0.025 * 100))
    answer = solve_supply(loads(600.0, 0.0), supply, every)
    idle = answer.tables.links.set_index("site_id").loc["S1"]
    assert (idle["base_id"], idle["production_cny_per_kg"]) == ("E1", pytest.approx(gate / YEAR))


def test_what_is_wrong_is_said_at_once():
    good = electrolysis(2)
    bad = dataclasses.replace(
        good,
        module_kg_per_day=np.array([[-1.0] * 12, [1000.0] * 12]),
        electricity_cny_per_kwh=np.array([[0.2] * 12, [np.nan] * 12]),
    )
    with pytest.raises(InputError) as caught:
        solve_supply(loads(1.0), network(bad), modes([[1.0, 1.0]]))
    assert [str(fault) for fault in caught.value.faults] == [
        "base E0: a capacity is negative or unknown. Correct it",
        "base E1: the price of electricity is unknown. Give one",
    ]
    with pytest.raises(InputError, match="price of hydrogen is negative or unknown"):
        solve_supply(loads(1.0), network(by_product(price=np.nan)), modes([[1.0]]))
    with pytest.raises(InfeasibleError, match="no supply base has any capacity"):
        solve_supply(loads(1.0), network(electrolysis(most=0), by_product(capacity=0.0)), modes([[1.0, 1.0]]))
    with pytest.raises(InputError) as caught:
        solve_supply(loads(-5.0), network(good), {"tube": delivery([[1.0]])})
    assert len(caught.value.faults) == 2


def test_a_mode_without_trailers_is_an_error_only_where_nothing_else_reaches():
    none = network(electrolysis(), trailers={"tube": 0.0})
    with pytest.raises(InputError, match="no trailers, and nothing else reaches 1 station"):
        solve_supply(loads(10.0), none, modes([[100.0]]))
    answer = solve_supply(loads(10.0), none, modes([[100.0]], [[100.0]]))
    assert set(answer.tables.links["mode"]) == {"liquid"}
    own = network(electrolysis(), trailers={"tube": 0.0}, on_site=OWN)
    assert set(solve_supply(loads(10.0), own, modes([[100.0]])).tables.links["mode"]) == {"on_site"}

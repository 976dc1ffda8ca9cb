"""The figures of docs/adoption.md are those of the model on the shipped data."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from corridor.sources import data_directory, read_fleet
from demand.adoption import fuel_cell_shares, gateway_weight, modeled_work
from demand.checks import implied_fleet
from demand.consumption import route_use
from demand.diffusion import counts, fit, fitted
from demand.hydrogen import all_trips, demand_table
from demand.inputs import VEHICLE_CLASSES
from demand.ownership_cost import break_even_hydrogen, cost_per_km, fleet_shares
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force, load_inputs

ROOT = Path(__file__).parents[2]

#: Road or zone tables may be derived again; the page may then lag by this share, not more, besides rounding.
PAGE_TOLERANCE = 0.06
ROUNDING = 0.06

YEARS = (2027, 2030, 2035)

#: For the published cost in US dollars: general knowledge, rounded.
CNY_PER_USD = 7.1

pytestmark = pytest.mark.skipif(
    not (ROOT / "data" / "roads_edges.parquet").is_file(), reason="the road tables are not in data/"
)


@pytest.fixture(scope="module")
def region():
    inputs = load_inputs()
    values, _ = assumptions_in_force(inputs.assumptions, {})
    used = route_use(inputs.routes, inputs.route_arcs, on_arcs(inputs.network, inputs.terrain, values))
    return inputs, values, used, read_fleet(data_directory())


@pytest.fixture(scope="module")
def work(region):
    """What the vehicles do in each year."""
    inputs, values, used, _ = region
    weight = gateway_weight(inputs.zones, inputs.routes, assumptions=values)[:, None]
    done = {}
    for year in YEARS:
        trips = all_trips(inputs.zones, inputs.routes, assumptions=values, year=year).to_numpy()
        done[year] = modeled_work(inputs.routes, trips * weight, used=used, assumptions=values)
    return done


@pytest.fixture(scope="module")
def page():
    """Numbers of each row whose first cell is a code."""
    text = (ROOT / "docs" / "adoption.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \|(.*)\|$", text, flags=re.MULTILINE)
    assert len(rows) == len({name for name, _ in rows})
    return {
        name: [figure for cell in cells.split("|") if (figure := number(cell)) is not None]
        for name, cells in rows
    }


def number(cell):
    """Return what a cell of the page says, None for words."""
    plain = cell.replace(",", "").replace("−", "-").replace("%", "").strip()
    return float(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else None


def check(page, prefix, computed):
    stated = {name: row for name, row in page.items() if name.startswith(prefix)}
    assert set(stated) == set(computed)
    for name, row in stated.items():
        np.testing.assert_allclose(row, computed[name], rtol=PAGE_TOLERANCE, atol=ROUNDING, err_msg=name)


def test_vehicles_hydrogen_and_shares(region, work, page):
    inputs, values, used, fleet = region
    computed = {}
    for year in YEARS:
        for mode in ("policy", "bass", "cost"):
            table = demand_table(
                inputs.zones,
                inputs.routes,
                used=used,
                assumptions=values,
                year=year,
                adoption=mode,
                fleet=fleet,
            )
            shares = fuel_cell_shares(values, year=year, mode=mode, work=work[year], fleet=fleet)
            computed[f"way.{mode}.{year}"] = [
                implied_fleet(table, inputs.routes, assumptions=values).sum(),
                (table["trips_per_day"] * table["kg_per_trip"]).sum() / 1000,
                *(100 * shares[list(VEHICLE_CLASSES)]),
            ]
    check(page, "way.", computed)


def test_what_the_counts_determine(region, page):
    _, values, _, fleet = region
    seen = counts(fleet, sichuan_share=values["diffusion.sichuan_share"])
    computed = {}
    for market in (30_000, 100_000, 300_000):
        for name, prior in (("free", None), ("prior", (0.3, 0.3))):
            curve = fit(seen, market=market, start=2018.1, count_error=0.15, prior=prior)
            computed[f"fit.{name}.{market}"] = [
                curve.imitation,
                100 * np.sqrt(curve.covariance[1, 1]),
                *(100 * np.expm1(curve.misfit)),
                *(curve.fleet(year + 0.5) for year in YEARS),
                100 * curve.relative_error(2035.5),
            ]
    # Misfits are stated in whole percent.
    stated = {name: row for name, row in page.items() if name.startswith("fit.")}
    assert set(stated) == set(computed)
    for name, row in stated.items():
        np.testing.assert_allclose(row, computed[name], rtol=PAGE_TOLERANCE, atol=0.51, err_msg=name)
        assert row[0] == pytest.approx(computed[name][0], abs=0.006)


def test_how_far_each_diffusion_key_moves_the_fleet(region, page, assumption_table):
    _, values, _, fleet = region
    ends = {
        f"diffusion.{name}": [
            fitted(fleet, values | {key: assumption_table.loc[key, bound]}).fleet(2030.5)
            for bound in ("low", "high")
        ]
        for name in ("start", "imitation", "sichuan_share", "market_vehicles", "target_weight", "count_error")
        for key in [f"diffusion.{name}"]
    }
    check(page, "diffusion.", ends)


def test_cost_of_a_kilometer(region, work, page):
    _, values, _, _ = region
    price = values["economics.retail_price_cny_per_kg"]
    computed = {}
    for name in VEHICLE_CLASSES:
        row = []
        for year in (2027, 2035):
            cost = cost_per_km(work[year], values, year=year)
            even = break_even_hydrogen(cost, kg_per_km=work[year]["kg_per_km"], price=price, against="diesel")
            row += [*cost.loc[name, "total"], even[name]]
        computed[f"cost.{name}"] = row
    stated = {name: row for name, row in page.items() if name.startswith("cost.")}
    assert set(stated) == set(computed)
    for name, row in stated.items():
        # A break-even price is a difference of costs: an error of 1 % in them moves it by 1 CNY/kg and more.
        np.testing.assert_allclose(row, computed[name], rtol=PAGE_TOLERANCE, atol=1.0, err_msg=name)
        np.testing.assert_allclose(np.delete(row, [3, 7]), np.delete(computed[name], [3, 7]), rtol=0.03)


def test_how_far_each_cost_key_moves_tractors(region, work, page, assumption_table):
    _, values, _, _ = region
    keys = [name for name in page if name.startswith(("ownership.", "economics."))]
    assert len(keys) >= 10
    for key in keys:
        ends = [
            100
            * fleet_shares(
                work[2030], values | {key: float(assumption_table.loc[key, bound])}, year=2030
            ).loc["tractor_49t", "fuel_cell"]
            for bound in ("low", "high")
        ]
        np.testing.assert_allclose(page[key], ends, rtol=PAGE_TOLERANCE, atol=ROUNDING, err_msg=key)


def test_published_costs(region, work, page, assumption_table):
    _, values, _, _ = region
    row = cost_per_km(work[2027], values, year=2024).loc["rigid_18t"]
    own = row[["capital", "insurance", "energy", "maintenance"]].sum(axis=1)
    per_tkm = own["fuel_cell"] / values["vehicle.rigid_18t.payload_t"] / CNY_PER_USD
    published = assumption_table["value"]
    check(
        page,
        "published.",
        {
            "published.usd_per_tkm": [per_tkm, published["check.ownership_usd_per_tkm"]],
            "published.over_battery": [
                100 * (own["fuel_cell"] / own["battery"] - 1),
                100 * published["check.ownership_fuel_cell_over_battery"],
            ],
            "published.over_battery_all": [
                100 * (row.loc["fuel_cell", "total"] / row.loc["battery", "total"] - 1),
                100 * published["check.ownership_fuel_cell_over_battery"],
            ],
        },
    )
    # Both find the fuel-cell truck dearer than the battery truck.
    assert own["fuel_cell"] > 1.5 * own["battery"]

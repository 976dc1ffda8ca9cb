"""Money of a plan: the books of its stations out of its tables and the assumptions, and their accounts.

New stations are paid for today; of existing ones investment and land are sunk: they count for nothing, there
is no grant and no residual value, and what they cost a year is reckoned from what a station of their size and
form (stand-alone where it is not known) would cost new. Hydrogen is bought at what it costs to make and to
deliver. Accounts: :mod:`siting.economics`.

Grants and subsidies of the assumptions, by the county a station stands in:

* Chengdu: operating subsidy on every kilogram sold (:class:`siting.economics.OperatingSubsidy`).
* Sichuan, Chengdu included: a share of the equipment of new stations until a last year, up to a cap for all
  of a prefecture, shared out in proportion.
* Chongqing: a sum for each new station, at most what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import InputError
from demand.diffusion import key_faults
from demand.inputs import SHARE, Limits
from siting.cash_flow import annuity
from siting.economics import COSTS, OperatingSubsidy, Terms, appraise, operating_subsidy, summed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.plan import Plan

    Floats = NDArray[np.float64]

#: First digits of county codes (GB/T 2260).
_CHENGDU, _SICHUAN, _CHONGQING = "5101", "51", "50"
_PREFECTURE_DIGITS = 4

_CNY_PER_WAN = 1e4
_DAYS_PER_YEAR = 365.0

#: Rows of the table that stand for several stations: their ``scope``.
GROUPS = ("new", "existing", "all")

#: Key figures a plan has of its new stations together, those that are known; columns of the table.
KEY_FIGURES = (
    "annualized_cost_wan_cny_per_year",
    "levelized_cost_cny_per_kg",
    "break_even_cny_per_kg",
    "npv_wan_cny",
    "npv_without_subsidy_wan_cny",
    "irr",
    "payback_years",
    "discounted_payback_years",
    "subsidy_need_wan_cny",
    "subsidy_need_cny_per_kg",
)

#: Columns of the table, in order (docs/tables.md), and what they hold.
ECONOMICS_COLUMNS = {
    "scope": "object",
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "status": "object",
    "kg_per_year": "float64",
    "investment_wan_cny": "float64",
    "grant_wan_cny": "float64",
    "sales_wan_cny_per_year": "float64",
    "subsidy_wan_cny_per_year": "float64",
    **{f"{cost}_wan_cny_per_year": "float64" for cost in COSTS},
    "capital_wan_cny_per_year": "float64",
    "annualized_cost_wan_cny_per_year": "float64",
    "annualized_support_wan_cny_per_year": "float64",
    "levelized_cost_cny_per_kg": "float64",
    "break_even_cny_per_kg": "float64",
    "npv_wan_cny": "float64",
    "npv_without_subsidy_wan_cny": "float64",
    "irr": "float64",
    "irr_basis": "object",
    "payback_years": "float64",
    "discounted_payback_years": "float64",
    "subsidy_need_wan_cny": "float64",
    "subsidy_need_cny_per_kg": "float64",
    "co2_avoided_t_per_year": "float64",
}

#: Keys of the assumptions, and the interval of each in which accounts can be drawn up.
_LIMITS: Mapping[str, Limits] = {
    "economics.discount_rate": Limits(high=10.0),
    "economics.vat_rate": SHARE,
    "economics.works_vat_rate": SHARE,
    "economics.equipment_share": SHARE,
    "economics.residual_share": SHARE,
    "economics.grant.sichuan_equipment_share": SHARE,
    "station.lifetime_years": Limits(high=200.0, low_open=True),
    "station.land_cny_per_m2": Limits(),
    "station.land_use_years": Limits(high=200.0, low_open=True),
    **{
        f"station.form.{form}.{item}_factor": Limits(high=10.0)
        for form in ("combined", "skid")
        for item in ("capex", "staff", "footprint")
    },
}


def no_economics() -> pd.DataFrame:
    """Return the table of a plan without stations: headings only."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in ECONOMICS_COLUMNS.items()})


def check_economics(values: Mapping[str, float]) -> None:
    """Refuse assumptions no accounts can be drawn up on, before any work is done.

    Raises
    ------
    corridor.errors.InputError
        With one fault per key.
    """
    faults = key_faults(values, _LIMITS)
    if faults:
        raise InputError(faults)


def terms_of(values: Mapping[str, float]) -> Terms:
    """Return prices and rules of the assumptions in force."""
    chengdu = "economics.operating_subsidy.chengdu"
    return Terms(
        discount_rate=values["economics.discount_rate"],
        lifetime_years=values["station.lifetime_years"],
        residual_share=values["economics.residual_share"],
        retail_cny_per_kg=values["economics.retail_price_cny_per_kg"],
        vat_rate=values["economics.vat_rate"],
        subsidy=OperatingSubsidy(
            cny_per_kg=values[f"{chengdu}_cny_per_kg"],
            cap_cny_per_year=values[f"{chengdu}_cap_wan_cny_per_year"] * _CNY_PER_WAN,
            highest_retail_cny_per_kg=values[f"{chengdu}_highest_retail_cny_per_kg"],
            least_capacity_kg_per_day=values[f"{chengdu}_least_kg_per_day"],
            years=values[f"{chengdu}_years"],
        ),
    )


def untaxed_share(values: Mapping[str, float]) -> float:
    """Return what is left of an investment without value-added tax on its equipment and its works."""
    equipment = values["economics.equipment_share"]
    untaxed = equipment / (1.0 + values["economics.vat_rate"])
    return untaxed + (1.0 - equipment) / (1.0 + values["economics.works_vat_rate"])


def land_share(values: Mapping[str, float]) -> float:
    """Return what land costs a year over its price, 1/a: the right of use, paid back over its term."""
    return float(annuity(values["economics.discount_rate"], values["station.land_use_years"]))


def grants_wan_cny(
    investment_wan_cny: Floats,
    county_code: Sequence[str],
    *,
    is_new: NDArray[np.bool_],
    year: int,
    values: Mapping[str, float],
) -> Floats:
    """Return the grant of each station, 10,000 CNY: (n_stations,) float64.

    Parameters
    ----------
    investment_wan_cny
        (n_stations,) float64, as published, tax included.
    county_code
        Of each station, GB/T 2260; empty when unknown.
    is_new
        (n_stations,) bool; others get nothing.
    year
        In which stations are built.
    values
        Assumptions in force.
    """
    codes = np.array(county_code, dtype=str)
    in_chongqing = is_new & np.char.startswith(codes, _CHONGQING)
    sum_each = np.minimum(values["economics.grant.chongqing_wan_cny"], investment_wan_cny)
    granted = np.where(in_chongqing, sum_each, 0.0)
    if year > values["economics.grant.sichuan_last_year"]:
        return granted
    in_sichuan = is_new & np.char.startswith(codes, _SICHUAN)
    share = values["economics.grant.sichuan_equipment_share"] * values["economics.equipment_share"]
    asked = np.where(in_sichuan, share * investment_wan_cny, 0.0)
    prefecture = np.array([code[:_PREFECTURE_DIGITS] for code in codes], dtype=str)
    together = pd.Series(asked).groupby(prefecture).transform("sum").to_numpy(dtype=np.float64)
    cap = values["economics.grant.sichuan_cap_wan_cny_per_prefecture"]
    fits = np.minimum(1.0, np.divide(cap, together, out=np.ones_like(together), where=together > 0.0))
    total: Floats = granted + asked * fits
    return total


def investment_like_new(
    capacity_kg_per_day: Floats, modules_kg_per_day: Floats, capex_wan_cny: Floats
) -> Floats:
    """Return what stations of any size would cost new, 10,000 CNY: a line through the modules in logarithms.

    Parameters
    ----------
    capacity_kg_per_day
        (n_stations,) float64; a capacity of 0 costs nothing.
    modules_kg_per_day, capex_wan_cny
        (n_modules,) float64, ascending; beyond them the last slope goes on.
    """
    log_size, log_cost = np.log(modules_kg_per_day), np.log(np.maximum(capex_wan_cny, 1e-9))
    log_wanted = np.log(np.where(capacity_kg_per_day > 0.0, capacity_kg_per_day, 1.0))
    piece = np.clip(np.searchsorted(log_size, log_wanted) - 1, 0, len(log_size) - 2)
    slope = np.diff(log_cost) / np.diff(log_size)
    cost: Floats = np.exp(log_cost[piece] + slope[piece] * (log_wanted - log_size[piece]))
    return np.where(capacity_kg_per_day > 0.0, cost, 0.0)


def books_of(
    stations: pd.DataFrame,
    links: pd.DataFrame,
    *,
    county_code: pd.Series,
    modules_kg_per_day: Sequence[float],
    year: int,
    values: Mapping[str, float],
) -> pd.DataFrame:
    """Return the books of stations for :func:`siting.economics.appraise`, index ``site_id``.

    Parameters
    ----------
    stations
        ``site_id``, ``status``, ``capacity_kg_per_day``, ``capex_wan_cny``, ``form``, ``footprint_m2`` of
        docs/tables.md.
    links
        ``supply`` of docs/tables.md: a station sells what it is supplied with, by one link or several.
    county_code
        Index ``site_id``.
    modules_kg_per_day
        Sizes with a ``station.<size>.capex_wan_cny``, ascending.
    year
        Of the plan.
    values
        Assumptions in force.
    """
    sites = stations["site_id"]
    is_new = (stations["status"] == "new").to_numpy()
    capacity = stations["capacity_kg_per_day"].to_numpy(dtype=np.float64)
    spent_on = {
        part: _by_station(links, links["kg_per_day"] * links[f"{part}_cny_per_kg"].fillna(0.0), sites)
        for part in ("production", "delivery")
    }
    kg = _by_station(links, links["kg_per_day"], sites)
    codes = [str(code).partition(".")[0] if pd.notna(code) else "" for code in county_code.reindex(sites)]
    sizes = np.array(modules_kg_per_day, dtype=np.float64)
    capex = np.array([values[f"station.{int(size)}.capex_wan_cny"] for size in sizes], dtype=np.float64)
    spent = np.where(is_new, stations["capex_wan_cny"].fillna(0.0).to_numpy(dtype=np.float64), 0.0)
    of_form = _factor(stations["form"], "capex", values)
    like_new = np.where(is_new, spent, of_form * investment_like_new(capacity, sizes, capex))
    untaxed = untaxed_share(values)
    electricity = values["economics.electricity_cny_per_kwh"] / (1.0 + values["economics.vat_rate"])
    granted = grants_wan_cny(spent, codes, is_new=is_new, year=year, values=values)
    land = stations["footprint_m2"].fillna(0.0).to_numpy(dtype=np.float64) * values["station.land_cny_per_m2"]
    staff = np.where(capacity > 0.0, _factor(stations["form"], "staff", values), 0.0)
    costs = {
        **{f"{part}_cny_per_year": cost for part, cost in spent_on.items()},
        "electricity_cny_per_year": kg * values["station.electricity_kwh_per_kg"] * electricity,
        "fixed_opex_cny_per_year": like_new * untaxed * values["station.fixed_opex_share"] * _CNY_PER_WAN,
        "staff_cny_per_year": staff * values["station.staff_wan_cny_per_year"] * _CNY_PER_WAN,
        "land_cny_per_year": np.where(is_new, land, 0.0) * land_share(values),
    }
    return pd.DataFrame(
        {
            "kg_per_year": kg,
            "investment_cny": spent * untaxed * _CNY_PER_WAN,
            "grant_cny": granted * _CNY_PER_WAN,
            **costs,
            "possible_subsidy_cny_per_year": operating_subsidy(
                kg,
                capacity,
                is_inside=np.array([code.startswith(_CHENGDU) for code in codes], dtype=bool),
                rule=terms_of(values).subsidy,
            ),
        },
        index=pd.Index(sites, name="site_id"),
    )


def _factor(form: pd.Series, item: str, values: Mapping[str, float]) -> Floats:
    """Return what each station takes over a stand-alone one; 1 where the form is unknown."""
    factors = [values.get(f"station.form.{name}.{item}_factor", 1.0) for name in form]
    return np.array(factors, dtype=np.float64)


def _by_station(links: pd.DataFrame, per_day: pd.Series, sites: pd.Series) -> Floats:
    """Return what all links of each station have together in a year: (n_stations,) float64."""
    together = per_day.groupby(links["site_id"]).sum().reindex(sites).fillna(0.0)
    return together.to_numpy(dtype=np.float64) * _DAYS_PER_YEAR


def economics_table(
    stations: pd.DataFrame,
    links: pd.DataFrame,
    *,
    county_code: pd.Series,
    co2_t_per_year: Floats,
    modules_kg_per_day: Sequence[float],
    year: int,
    values: Mapping[str, float],
) -> pd.DataFrame:
    """Return the table ``economics`` of docs/tables.md: each station, then each of the ``GROUPS``.

    Parameters
    ----------
    stations, links, modules_kg_per_day, year, values
        As for :func:`books_of`; of the stations also their names.
    county_code
        Index ``site_id``.
    co2_t_per_year
        CO2 avoided by what each station sells, in the order of ``county_code``.
    """
    if stations.empty:
        return no_economics()
    books = books_of(
        stations,
        links,
        county_code=county_code,
        modules_kg_per_day=modules_kg_per_day,
        year=year,
        values=values,
    )
    is_new = (stations["status"] == "new").to_numpy()
    members = dict(zip(GROUPS, (is_new, ~is_new, np.ones(len(stations), dtype=bool)), strict=True))
    together = pd.concat([summed(books[rows]) for rows in members.values()])
    every = pd.concat([books, together]).reset_index(drop=True)
    money = pd.concat([every, appraise(every, terms_of(values))], axis=1)
    in_cny = [str(name) for name in money.columns if str(name).endswith(("_cny", "_cny_per_year"))]
    table = money.assign(**{name: money[name] / _CNY_PER_WAN for name in in_cny})
    table = table.rename(columns={name: name.replace("_cny", "_wan_cny") for name in in_cny})
    avoided = pd.Series(co2_t_per_year, index=county_code.index).reindex(stations["site_id"]).to_numpy()
    named = stations[["site_id", "name_zh", "name_en", "status"]].reset_index(drop=True).reindex(table.index)
    table = table.assign(
        scope=["station"] * len(stations) + list(members),
        co2_avoided_t_per_year=[*avoided, *(avoided[rows].sum() for rows in members.values())],
        **{str(name): cells for name, cells in named.items()},
    )
    ordered: pd.DataFrame = table[list(ECONOMICS_COLUMNS)]
    return ordered


def key_money(economics: pd.DataFrame) -> dict[str, float]:
    """Return the key figures of the new stations together; what is unknown is not among them."""
    together = economics[economics["scope"] == "new"]
    if together.empty or together["investment_wan_cny"].iloc[0] == 0.0:
        return {}
    figures = {name: float(together[name].iloc[0]) for name in KEY_FIGURES}
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def amounts_by_station(amounts: Floats, fills: pd.DataFrame, *, n_stations: int) -> Floats:
    """Share out what each trip counts over the stations it fills up at, by kg: (n_stations,) float64.

    Parameters
    ----------
    amounts
        (n_trips,) float64.
    fills
        ``trip``, ``station``, ``kg_per_trip`` (:class:`siting.replay.Replay`).
    n_stations
        Number of stations.
    """
    trip, kg = fills["trip"].to_numpy(dtype=np.int64), fills["kg_per_trip"].to_numpy(dtype=np.float64)
    of_trip = np.bincount(trip, weights=kg, minlength=len(amounts))[trip]
    share = np.divide(kg, of_trip, out=np.zeros_like(kg), where=of_trip > 0.0)
    station = fills["station"].to_numpy(dtype=np.int64)
    return np.bincount(station, weights=amounts[trip] * share, minlength=n_stations).astype(np.float64)


def totals(plan: Plan) -> pd.DataFrame:
    """Return the rows of the groups that have stations, index ``scope``."""
    table = plan.economics[plan.economics["scope"] != "station"].set_index("scope")
    statuses = {*plan.stations["status"], "all"}
    there: pd.DataFrame = table[[scope in statuses for scope in table.index]]
    return there

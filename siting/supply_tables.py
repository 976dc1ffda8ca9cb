"""A solved year of supply as tables: links, months, bases, stations, and the parts of the cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.delivery import PARTS, whole
from siting.supply_network import DAYS, MONTHS, ON_SITE_BASE, ON_SITE_MODE, YEAR_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siting.delivery import Delivery
    from siting.supply_flows import Flows
    from siting.supply_network import SupplyNetwork
    from siting.supply_prices import Prices

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Parts of the cost of production, CNY/kg; their sum is the whole.
PRODUCTION_PARTS = (
    "electricity_cny_per_kg",
    "electrolyzer_cny_per_kg",
    "purchase_cny_per_kg",
    "storage_cny_per_kg",
)

#: What a link takes, and the field of a delivery that says so per kg/d.
_NEEDS = {
    "trips_per_day": "trips",
    "trailers": "trailers",
    "tractors": "tractors",
    "driver_h_per_day": "driver_h",
}

#: Columns of the links (docs/tables.md).
LINK_COLUMNS = (
    "site_id",
    "base_id",
    "mode",
    "distance_km",
    "kg_per_day",
    *PRODUCTION_PARTS,
    "production_cny_per_kg",
    "delivery_cny_per_kg",
    *PARTS,
    "delivered_cny_per_kg",
    *_NEEDS,
    "green",
)

#: Quantities below this, kg/d, are rounding.
_NOTHING = 1e-5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SupplyTables:
    """A year of supply.

    Parameters
    ----------
    links
        A row per station, base and mode, ``LINK_COLUMNS``: mean of the year. Stations without load have one
        of 0 kg/d, by the lane that would be cheapest.
    months
        ``site_id``, ``base_id``, ``mode``, ``month`` (1-12), ``kg``: what is delivered in each month.
    bases
        A row per base and month (docs/tables.md).
    stations
        Index ``site_id``: ``kg_per_day``, ``shortage_kg_per_day``, ``green_kg_per_day``, ``base_id`` (that of
        the most; none without supply), ``production_cny_per_kg``, ``delivery_cny_per_kg``,
        ``delivered_cny_per_kg`` (means by kg).
    fleets
        Index ``base_id``, ``mode``: ``trailers``, ``tractors`` in the month that takes most.
    cost_cny_per_year
        Parts of the yearly cost; their sum is the whole. Losses are in the parts of production.
    """

    links: pd.DataFrame
    months: pd.DataFrame
    bases: pd.DataFrame
    stations: pd.DataFrame
    fleets: pd.DataFrame
    cost_cny_per_year: pd.Series

    @property
    def shortage_kg_per_day(self) -> float:
        """Load that is not supplied, mean of the year, kg/d."""
        return float(self.stations["shortage_kg_per_day"].sum())

    def figures(self) -> dict[str, float]:
        """Return what deliveries cost on the mean, the whole vehicles they take, and what is left over.

        Vehicles are rounded up per base and mode: they serve a base's stations in turn.
        """
        kg = float(self.links["kg_per_day"].sum())
        spent = float((self.links["kg_per_day"] * self.links["delivery_cny_per_kg"]).sum())
        green = self.bases[self.bases["green"]]
        left = float(green["left_kg"].sum() + green["expandable_kg"].sum())
        worth = green["left_kg"] * green["left_cny_per_kg"].fillna(0.0)
        worth += green["expandable_kg"] * green["expansion_cny_per_kg"].fillna(0.0)
        return {
            "delivery_cny_per_kg": spent / kg if kg > 0.0 else 0.0,
            "trailers_needed": float(whole(self.fleets["trailers"]).sum()),
            "tractors_needed": float(whole(self.fleets["tractors"]).sum()),
            "green_export_t_per_year": left / 1000.0,
            "green_export_cny_per_kg": float(worth.sum()) / left if left > 0.0 else 0.0,
        }


def supply_tables(
    network: SupplyNetwork,
    flows: Flows,
    deliveries: Mapping[str, Delivery],
    prices: Prices,
    *,
    site_id: pd.Index,
) -> SupplyTables:
    """Return the tables of a solved year.

    Parameters
    ----------
    network, flows, prices
        Of the year.
    deliveries
        By mode, arrays (n_sites, n_bases).
    site_id
        Of the stations, in order.
    """
    of_base = _base_costs(network, flows)
    sent = flows.sent @ DAYS
    links = _links(network, flows, deliveries, of_base, site_id=site_id)
    idle = _idle_links(network, flows, deliveries, prices, of_base, site_id=site_id)
    own = _own_links(network, flows, site_id=site_id)
    every = pd.concat([each for each in (links, own, idle) if len(each)] or [links], ignore_index=True)
    every = every.sort_values(["site", "kg_per_day"], ascending=[True, False], kind="stable")
    months = _months(every, flows, site_id=site_id)
    stations = _stations(every, flows, site_id=site_id)
    idle_bases = float(of_base[sent <= 0.0].to_numpy().sum())
    return SupplyTables(
        links=every[list(LINK_COLUMNS)].reset_index(drop=True),
        months=months,
        bases=_bases(network, flows),
        stations=stations,
        fleets=_fleets(flows, deliveries, network.bases.base_id),
        cost_cny_per_year=_cost(network, flows, every, idle_bases),
    )


def _base_costs(network: SupplyNetwork, flows: Flows) -> pd.DataFrame:
    """Return what each base spends in the year, CNY, by part: columns ``PRODUCTION_PARTS``."""
    bases, storage = network.bases, network.storage
    made = flows.made * DAYS
    standing = bases.module_cny_per_year * flows.added + bases.there_cny_per_year * bases.modules_there
    kept = storage.capacity_cny_per_kg_year * flows.capacity_kg
    kept = kept + storage.in_cny_per_kg * (flows.stored @ DAYS)
    costs = {
        "electricity_cny_per_kg": (bases.power_cny_per_kg * made).sum(axis=1),
        "electrolyzer_cny_per_kg": standing + bases.wear_cny_per_kg * made.sum(axis=1),
        "purchase_cny_per_kg": bases.purchase_cny_per_kg * made.sum(axis=1),
        "storage_cny_per_kg": kept + storage.out_cny_per_kg * (flows.taken @ DAYS),
    }
    return pd.DataFrame(costs, index=list(bases.base_id))


def _links(
    network: SupplyNetwork,
    flows: Flows,
    deliveries: Mapping[str, Delivery],
    of_base: pd.DataFrame,
    *,
    site_id: pd.Index,
) -> pd.DataFrame:
    """Return a row per lane that is used; what a base spends is borne by all it sends alike."""
    lanes = flows.lanes
    kg = flows.delivered @ DAYS / YEAR_DAYS
    used = np.flatnonzero(kg > _NOTHING)
    sent = flows.sent @ DAYS
    per_kg = of_base.to_numpy() / np.where(sent > 0.0, sent, np.nan)[:, None]
    table = _rows(network, deliveries, flows, used, site_id=site_id)
    table["kg_per_day"] = kg[used]
    for part, column in zip(PRODUCTION_PARTS, per_kg.T, strict=True):
        table[part] = column[lanes.base[used]]
    return _summed(table)


def _idle_links(
    network: SupplyNetwork,
    flows: Flows,
    deliveries: Mapping[str, Delivery],
    prices: Prices,
    of_base: pd.DataFrame,
    *,
    site_id: pd.Index,
) -> pd.DataFrame:
    """Return a row of 0 kg/d per station without load: the lane by which a kg more would be cheapest.

    Its base's cost is that of what it sends; where it sends nothing, what a kg more would cost, unsplit.
    """
    lanes = flows.lanes
    gate = prices.gate.sum(axis=1) / YEAR_DAYS
    cost = lanes.cny_per_kg + lanes.plant_cny_per_kg + (1.0 + lanes.lost_kg) * gate[lanes.base]
    load = np.zeros(len(site_id))
    np.add.at(load, lanes.site, flows.delivered.sum(axis=1))
    load += flows.own.sum(axis=1) + flows.shortage.sum(axis=1)
    order = np.argsort(cost, kind="stable")
    _, first = np.unique(lanes.site[order], return_index=True)
    cheapest = order[first]
    chosen = cheapest[load[lanes.site[cheapest]] <= _NOTHING]
    sent = flows.sent @ DAYS
    per_kg = of_base.to_numpy() / np.where(sent > 0.0, sent, np.nan)[:, None]
    table = _rows(network, deliveries, flows, chosen, site_id=site_id)
    table["kg_per_day"] = 0.0
    for part, column in zip(PRODUCTION_PARTS, per_kg.T, strict=True):
        table[part] = column[lanes.base[chosen]]
    base = lanes.base[chosen]
    unsold = np.where(sent[base] > 0.0, per_kg.sum(axis=1)[base], gate[base])
    return _summed(table, production=unsold)


def _rows(
    network: SupplyNetwork,
    deliveries: Mapping[str, Delivery],
    flows: Flows,
    picked: Indices,
    *,
    site_id: pd.Index,
) -> pd.DataFrame:
    """Return what is known of lanes: ends, distance, delivery, and vehicles per kg/d."""
    lanes = flows.lanes
    site, base = lanes.site[picked], lanes.base[picked]
    modes = np.array(lanes.modes, dtype=object)[lanes.mode[picked]]
    given = [deliveries[name] for name in lanes.modes]

    def of_lanes(field: str) -> Floats:
        values = np.zeros(len(picked))
        for rank, each in enumerate(given):
            here = lanes.mode[picked] == rank
            cells = np.broadcast_to(getattr(each, field), each.distance_km.shape)
            values[here] = cells[site[here], base[here]]
        return values

    table = pd.DataFrame({"site": site, "site_id": site_id.to_numpy()[site]})
    table["base_id"] = np.array(network.bases.base_id, dtype=object)[base]
    table["mode"] = modes
    table["green"] = network.bases.green[base]
    for column in ("distance_km", "lost_kg", *PARTS):
        table[column] = of_lanes(column)
    for column, field in _NEEDS.items():
        table[column] = of_lanes(field)
    table["conversion_plant_cny_per_kg"] *= flows.plant_wait[lanes.plant[picked]]
    table["lane"] = picked
    return table


def _own_links(network: SupplyNetwork, flows: Flows, *, site_id: pd.Index) -> pd.DataFrame:
    """Return a row per station that makes hydrogen itself."""
    kg = flows.own @ DAYS
    site = np.flatnonzero(kg / YEAR_DAYS > _NOTHING)
    own = network.on_site
    if own is None or not len(site):
        return pd.DataFrame()
    capital = own.capacity_cny_per_kg_per_day_year * flows.own_capacity[site] / kg[site]
    table = pd.DataFrame({"site": site, "site_id": site_id.to_numpy()[site]})
    table = table.assign(
        base_id=ON_SITE_BASE, mode=ON_SITE_MODE, green=False, kg_per_day=kg[site] / YEAR_DAYS, lane=-1
    )
    for column in ("distance_km", "lost_kg", *PARTS, *_NEEDS, "purchase_cny_per_kg", "storage_cny_per_kg"):
        table[column] = 0.0
    table["electricity_cny_per_kg"] = own.power_cny_per_kg
    table["electrolyzer_cny_per_kg"] = own.wear_cny_per_kg + capital
    return _summed(table)


def _summed(table: pd.DataFrame, *, production: Floats | None = None) -> pd.DataFrame:
    """Return links with their sums; what is lost on the way costs what it cost to make."""
    made = table[list(PRODUCTION_PARTS)].sum(axis=1) if production is None else production
    table["production_cny_per_kg"] = made
    table["losses_cny_per_kg"] = table["lost_kg"] * made
    table["delivery_cny_per_kg"] = table[list(PARTS)].sum(axis=1)
    table["delivered_cny_per_kg"] = table["production_cny_per_kg"] + table["delivery_cny_per_kg"]
    for column in _NEEDS:
        table[column] = table[column] * table["kg_per_day"]
    return table


def _months(links: pd.DataFrame, flows: Flows, *, site_id: pd.Index) -> pd.DataFrame:
    """Return what each link delivers in each month, kg."""
    used = links[links["kg_per_day"] > 0.0]
    by_lane = np.vstack([flows.delivered, flows.own])
    row = np.where(used["lane"] < 0, len(flows.delivered) + used["site"], used["lane"]).astype(np.int64)
    kg = by_lane[row] * DAYS
    table = pd.DataFrame(
        {
            "site_id": np.repeat(site_id.to_numpy()[used["site"].to_numpy()], MONTHS),
            "base_id": np.repeat(used["base_id"].to_numpy(), MONTHS),
            "mode": np.repeat(used["mode"].to_numpy(), MONTHS),
            "month": np.tile(np.arange(1, MONTHS + 1), len(used)),
            "kg": kg.ravel(),
        }
    )
    some: pd.DataFrame = table[table["kg"] > 0.0].reset_index(drop=True)
    return some


def _stations(links: pd.DataFrame, flows: Flows, *, site_id: pd.Index) -> pd.DataFrame:
    """Return what each station gets, from whom, and at which mean cost."""
    kg = links["kg_per_day"]
    costs = ("production_cny_per_kg", "delivery_cny_per_kg", "delivered_cny_per_kg")
    weight = kg.where(links.groupby("site")["kg_per_day"].transform("sum") > 0.0, 1.0)
    sums = pd.DataFrame(
        {
            "kg_per_day": kg,
            "green_kg_per_day": kg * links["green"].astype(float),
            "weight": weight,
            **{name: links[name] * weight for name in costs},
        }
    )
    found = sums.groupby(links["site"]).sum()
    table = found.reindex(range(len(site_id)))
    for name in costs:
        table[name] = table[name] / table["weight"]
    table["base_id"] = links.groupby("site")["base_id"].first()
    table["base_id"] = table["base_id"].astype(object).where(table["base_id"].notna(), None)
    amounts = ["kg_per_day", "green_kg_per_day"]
    table[amounts] = table[amounts].fillna(0.0)
    table["shortage_kg_per_day"] = flows.shortage @ DAYS / YEAR_DAYS
    table.index = pd.Index(site_id, name="site_id")
    return table.drop(columns="weight")


def _bases(network: SupplyNetwork, flows: Flows) -> pd.DataFrame:
    """Return the rows of bases and months."""
    bases = network.bases
    n = len(bases)
    room = bases.module_kg_per_day * flows.modules[:, None] * DAYS
    made = flows.made * DAYS
    unbuilt = (bases.modules_most - flows.modules)[:, None] * bases.module_kg_per_day * DAYS
    module_year = bases.module_kg_per_day @ DAYS
    capital = np.divide(bases.module_cny_per_year, module_year, out=np.zeros(n), where=module_year > 0.0)
    running = bases.running_cny_per_kg
    cells = {
        "electricity_cny_per_kwh": np.where(
            bases.kwh_per_kg[:, None] > 0.0, bases.electricity_cny_per_kwh, np.nan
        ),
        "produced_kg": made,
        "vented_kg": flows.vented * DAYS,
        "stored_kg": flows.stored * DAYS,
        "taken_kg": flows.taken * DAYS,
        "level_kg": flows.level_kg,
        "sent_kg": flows.sent * DAYS,
        "use_share": np.divide(made, room, out=np.zeros_like(made), where=room > 0.0),
        "left_kg": np.where(room - made > _NOTHING, room - made, 0.0),
        "left_cny_per_kg": running,
        "expandable_kg": unbuilt,
        "expansion_cny_per_kg": np.where(unbuilt > 0.0, running + capital[:, None], np.nan),
    }
    table = pd.DataFrame(
        {
            "base_id": np.repeat(np.array(bases.base_id, dtype=object), MONTHS),
            "month": np.tile(np.arange(1, MONTHS + 1), n),
            "green": np.repeat(bases.green, MONTHS),
            "modules": np.repeat(flows.modules, MONTHS),
        }
    )
    return table.assign(**{name: values.ravel() for name, values in cells.items()})


def _fleets(flows: Flows, deliveries: Mapping[str, Delivery], base_id: tuple[str, ...]) -> pd.DataFrame:
    """Return the vehicles of each base and mode in the month that takes most."""
    lanes = flows.lanes
    rows = []
    for rank, name in enumerate(lanes.modes):
        each = deliveries[name]
        for base, named in enumerate(base_id):
            here = np.flatnonzero((lanes.mode == rank) & (lanes.base == base))
            kg = flows.delivered[here]
            if not len(here) or not kg.any():
                continue
            row: dict[str, object] = {"base_id": named, "mode": name}
            for field in ("trailers", "tractors"):
                taken = np.broadcast_to(getattr(each, field), each.distance_km.shape)
                row[field] = float((taken[lanes.site[here], base][:, None] * kg).sum(axis=0).max())
            rows.append(row)
    table = pd.DataFrame(rows, columns=["base_id", "mode", "trailers", "tractors"])
    return table.astype({"trailers": "float64", "tractors": "float64"}).set_index(["base_id", "mode"])


def _cost(network: SupplyNetwork, flows: Flows, links: pd.DataFrame, idle_bases: float) -> pd.Series:
    """Return the parts of the yearly cost, CNY/a."""
    kg = links["kg_per_day"] * YEAR_DAYS
    through = kg * (1.0 + links["lost_kg"])
    parts = {
        part.replace("_per_kg", "_per_year"): float((through * links[part].fillna(0.0)).sum())
        for part in PRODUCTION_PARTS
    }
    carriage = [part for part in PARTS if part != "losses_cny_per_kg"]
    parts |= {part.replace("_per_kg", "_per_year"): float((kg * links[part]).sum()) for part in carriage}
    missing = float((flows.shortage @ DAYS).sum())
    parts["idle_bases_cny_per_year"] = idle_bases
    parts["shortage_cny_per_year"] = network.shortage_cny_per_kg * missing
    return pd.Series(parts, dtype="float64")

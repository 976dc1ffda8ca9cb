"""Why a plan's stations stand where they do: what each carries, what others would add, what is left unserved.

All figures are evaluated on the plan's own cover sets (:mod:`siting.explanation`): trips within range, before
stations fill up. Losses, gains and exchanges are judged in the unit of the scenario's objective, and told in
kg/d and round trips/d as well. Point demands count in kg/d; they make no trips.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from planner.objective import PER_DAY
from planner.plan import records
from planner.scenario import suggestion
from siting.coverage import class_volumes, served_trips
from siting.explanation import FORBIDDEN, OUT_OF_REACH, explain, needs
from siting.marginal import Margins
from siting.serving import cheapest_service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.scenario import Objective
    from planner.siting_case import SitingCase
    from siting.explanation import Explanation, Need

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Groups of unserved trips told of: those with the most hydrogen.
_GROUPS = 20

#: Seconds one set covering may take.
_COVERING_S = 2.0

#: What the plan serves may differ by this share from what its certificate says: sums in another order.
_LAST_DIGITS = 1e-6

#: Amounts below this share of all served are the last digits of a difference.
_NOTHING = 1e-12

_DECIMALS = {"per_day": 3, "share": 6}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExplainReport:
    """Tables of docs/explain.md.

    Parameters
    ----------
    stations
        Open stations and what is lost without each, new ones first, the largest loss first.
    sites
        All other sites and what each would add, the largest gain first.
    reasons
        Unserved trips by what they lack.
    groups
        The largest groups of unserved trips that the same stations would serve.
    ways
        Fewest further stations for all trips that need up to so many, in the order to build them.
    trips
        Every unserved trip.
    totals
        ``served_kg_per_day``, ``demand_kg_per_day``, ``served_trips_per_day``; of an objective other than kg
        also ``served_`` and ``demand_`` in its unit.
    per_day
        What columns in the unit of the objective end in (:data:`planner.objective.PER_DAY`).
    """

    stations: pd.DataFrame
    sites: pd.DataFrame
    reasons: pd.DataFrame
    groups: pd.DataFrame
    ways: pd.DataFrame
    trips: pd.DataFrame
    totals: dict[str, float]
    per_day: str = PER_DAY["kg"]

    def to_dict(self) -> dict[str, Any]:
        """Return the tables ready for JSON; of the trips only those in the tables of reasons and groups."""
        tables = {name: records(getattr(self, name)) for name in _TABLES if name != "trips"}
        return {"totals": dict(self.totals), **tables}

    def write_csv(self, folder: Path) -> list[Path]:
        """Write each table as ``explain_<name>.csv``, UTF-8 with byte-order mark; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name in _TABLES:
            table: pd.DataFrame = getattr(self, name)
            places = {
                str(column): digits
                for column in table.columns
                for end, digits in _DECIMALS.items()
                if str(column).endswith(end)
            }
            path = folder / f"explain_{name}.csv"
            path.write_bytes(table.round(places).to_csv(index=False).encode("utf-8-sig"))
            paths.append(path)
        return paths


_TABLES = tuple(field.name for field in fields(ExplainReport) if field.name not in {"totals", "per_day"})


def explain_report(case: SitingCase, station_ids: Sequence[str], *, covered_kg: float) -> ExplainReport:
    """Explain the stations of a plan.

    Parameters
    ----------
    case
        The plan's scenario up to the siting.
    station_ids
        Its open stations.
    covered_kg
        What the plan says it covers, kg/d.

    Raises
    ------
    corridor.errors.InputError
        If the stations are unknown here, or cover something else: data or code changed since.
    """
    stations = np.sort(case.rows(station_ids))
    forbidden = np.setdiff1d(case.barred, stations)
    kept = np.union1d(case.existing, case.rows(case.scenario.locked))
    mend = "Data or code changed since: solve the scenario again"
    if np.any(stations < 0):
        unknown = [site for site in station_ids if site not in case.inputs.sites.index]
        raise InputError(Fault(f"there are no sites {', '.join(unknown)}", "plan", mend))
    made = explain(
        case.cover, case.volume, stations=stations, kept=np.intersect1d(kept, stations), forbidden=forbidden
    )
    lacking = needs(case.cover, stations=stations, forbidden=forbidden, prefer=made.gain)
    tables = _Tables(case, made, lacking, forbidden)
    served_kg = tables.served("kg_per_day", stations)
    if abs(served_kg - covered_kg) > _LAST_DIGITS * max(served_kg, covered_kg):
        what = f"its stations cover {served_kg:,.1f} kg/d, not {covered_kg:,.1f}"
        raise InputError(Fault(what, "plan", mend))
    return ExplainReport(
        stations=tables.stations(),
        sites=tables.sites(),
        reasons=tables.reasons(),
        groups=tables.groups(),
        ways=tables.ways(),
        trips=tables.trips(),
        totals={
            "served_kg_per_day": served_kg,
            "demand_kg_per_day": float(case.counted("kg").sum()),
            "served_trips_per_day": tables.served("trips_per_day", stations),
            f"served_{tables.per_day}": made.served,
            f"demand_{tables.per_day}": float(case.volume.sum()),
        },
        per_day=tables.per_day,
    )


def of_site(report: ExplainReport, site_id: str) -> dict[str, Any]:
    """Return the row of one site, open or not.

    Raises
    ------
    corridor.errors.InputError
        If there is no such site.
    """
    for name in ("stations", "sites"):
        table: pd.DataFrame = getattr(report, name)
        rows = table[table["site_id"] == site_id]
        if len(rows):
            return {"chosen": name == "stations", **records(rows)[0]}
    known = [*report.stations["site_id"], *report.sites["site_id"]]
    raise InputError(Fault(f"there is no site {site_id}", "--site", suggestion(site_id, known)))


class _Tables:
    """Makes the tables of a report."""

    def __init__(self, case: SitingCase, made: Explanation, lacking: Need, forbidden: Indices) -> None:
        self.case, self.made, self.lacking, self.forbidden = case, made, lacking, forbidden
        objective = case.scenario.objective
        self.per_day = PER_DAY[objective]
        #: What each row counts: the objective first, then always kg and trips.
        told: tuple[Objective, ...] = (objective, "kg", "trips")
        self.amounts = {PER_DAY[name]: case.counted(name) for name in told}
        self.ids = case.inputs.sites.index.to_numpy(dtype=object)

    def stations(self) -> pd.DataFrame:
        """Return what is lost without each open station, alone and with the best other site in its place."""
        made = self.made
        lost, replaced = {self.per_day: made.lost}, {self.per_day: made.lost_replaced}
        for name in self._others():
            lost[name], replaced[name] = self._lost(name)
        site = self.case.inputs.sites.iloc[made.stations]
        table = self._named(made.stations).assign(
            status=np.where(site["status"] == "existing", "existing", "new"),
            **{f"lost_{name}": self._cleaned(amount) for name, amount in lost.items()},
            lost_share=self._cleaned(made.lost) / (made.served or 1.0),
            replacement_id=self._id(made.replacement),
            replacement_zh=self._name(made.replacement),
            **{f"lost_replaced_{name}": self._cleaned(amount) for name, amount in replaced.items()},
        )
        order = ["status", f"lost_{self.per_day}", "site_id"]
        return table.sort_values(order, ascending=[False, False, True], ignore_index=True)

    def sites(self) -> pd.DataFrame:
        """Return what each site not chosen would add, alone and in the place of a new station."""
        made, cover = self.made, self.case.cover
        margins = Margins(cover)
        held = margins.open_in_sets(made.stations)
        gains = {self.per_day: made.gain} | {
            name: margins.gains(held, class_volumes(cover, self.amounts[name])) for name in self._others()
        }
        others = np.setdiff1d(np.arange(len(self.ids)), made.stations)
        status = self.case.inputs.sites["status"].to_numpy(dtype=object)[others]
        table = self._named(others).assign(
            status=np.where(np.isin(others, self.forbidden), "forbidden", status),
            **{f"gain_{name}": self._cleaned(gain[others]) for name, gain in gains.items()},
            **{f"swap_{self.per_day}": self._cleaned(made.swap[others])},
            swap_for_id=self._id(made.swap_for[others]),
            reason=made.reason[others].astype(object),
            dominated_by_id=self._id(made.dominated_by[others]),
            dominated_by_zh=self._name(made.dominated_by[others]),
        )
        order = [f"gain_{self.per_day}", f"swap_{self.per_day}", "site_id"]
        return table.sort_values(order, ascending=[False, False, True], ignore_index=True)

    def reasons(self) -> pd.DataFrame:
        """Return the unserved trips by what they lack."""
        needed = self.lacking.stations
        told = ["trips_per_day", "kg_per_day", *({self.per_day} - {"trips_per_day", "kg_per_day"})]
        rows = [
            {
                "reason": {OUT_OF_REACH: "out_of_reach", FORBIDDEN: "forbidden_site"}.get(
                    value, "more_stations"
                ),
                "stations_needed": value if value > 0 else None,
                "flows": int((needed == value).sum()),
                **{name: float(self.amounts[name][needed == value].sum()) for name in told},
            }
            for value in sorted(set(needed.tolist()) - {0})
        ]
        columns = ["reason", "stations_needed", "flows", *told]
        table = pd.DataFrame(rows, columns=columns)
        table["stations_needed"] = table["stations_needed"].astype("Int64")
        return table.sort_values(["stations_needed"], ignore_index=True, na_position="last")

    def groups(self) -> pd.DataFrame:
        """Return the largest groups of trips that the same sites would serve, and the fewest that do."""
        group, volume = self.lacking.group, self.case.volume
        inside = group >= 0
        n_groups = len(self.lacking.sites)
        counts = np.bincount(group[inside], weights=volume[inside], minlength=n_groups)
        largest = [row for row in np.argsort(-counts, kind="stable")[:_GROUPS].tolist() if counts[row] > 0.0]
        rows = []
        for row in largest:
            members = np.flatnonzero(group == row)
            lead = int(members[np.argmax(volume[members])])
            sites = np.array(self.lacking.sites[row], dtype=np.int64)
            after = served_trips(self.case.cover, np.union1d(self.made.stations, sites).astype(np.int64))
            rows.append(
                {
                    **{name: float(amount[members].sum()) for name, amount in self.amounts.items()},
                    "flows": len(members),
                    **self._ends(lead),
                    "stations_needed": len(sites),
                    "site_ids": " ".join(self.ids[sites]),
                    "sites_zh": "、".join(self._name(sites)),
                    f"gain_{self.per_day}": float(volume[after].sum()) - self.made.served,
                }
            )
        columns = [*self.amounts, "flows", "origin_zh", "destination_zh", "vehicle_class"]
        columns += ["stations_needed", "site_ids", "sites_zh", f"gain_{self.per_day}"]
        return pd.DataFrame(rows, columns=columns)

    def ways(self) -> pd.DataFrame:
        """Return the fewest further stations for all trips that need up to n, for each n."""
        needed, parts = np.where(self.case.volume > 0.0, self.lacking.stations, 0), []
        gain, total = (f"{what}_{self.per_day}" for what in ("gain", "total"))
        for most in sorted({value for value in needed.tolist() if value > 0}):
            way = cheapest_service(
                self.case.cover,
                self.case.volume,
                stations=self.made.stations,
                trips=(needed > 0) & (needed <= most),
                forbidden=self.forbidden,
                time_limit_s=_COVERING_S,
            )
            table = self._named(way.sites).assign(
                **{gain: self._cleaned(way.gain), total: self._cleaned(np.cumsum(way.gain))}
            )
            table.insert(0, "step", np.arange(1, len(table) + 1))
            table.insert(0, "at_least", int(way.certificate.bound or 0))
            table.insert(0, "stations", len(way.sites))
            table.insert(0, "trips_needing_up_to", most)
            parts.append(table)
        columns = ["trips_needing_up_to", "stations", "at_least", "step", "site_id", "name_zh", "name_en"]
        columns += [gain, total]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def trips(self) -> pd.DataFrame:
        """Return every unserved trip and what it lacks."""
        n_flows = len(self.case.demand)
        rows = np.flatnonzero(self.lacking.stations[:n_flows] != 0)
        demand, routes = self.case.demand.iloc[rows], self.case.inputs.routes
        route, needed = demand["route"].to_numpy(), self.lacking.stations[rows]
        return pd.DataFrame(
            {
                "route": route,
                "origin": routes.zone_ids[routes.origin[route]],
                "destination": routes.zone_ids[routes.destination[route]],
                "vehicle_class": demand["vehicle_class"].to_numpy(),
                "storage": demand["storage"].to_numpy(),
                "trips_per_day": demand["trips_per_day"].to_numpy(),
                "kg_per_day": demand["kg_per_day"].to_numpy(),
                self.per_day: self.case.volume[rows],
                "length_km": routes.length_km[route],
                "reason": np.select(
                    [needed == OUT_OF_REACH, needed == FORBIDDEN],
                    ["out_of_reach", "forbidden_site"],
                    "more_stations",
                ),
                "stations_needed": pd.array(np.where(needed > 0, needed, 0), dtype="Int64"),
                "site_ids": [
                    " ".join(self.ids[list(self.lacking.sites[group])]) if group >= 0 else ""
                    for group in self.lacking.group[rows].tolist()
                ],
            }
        )

    def _ends(self, row: int) -> dict[str, str]:
        """Return where a trip runs, or the point, and by what."""
        if row >= len(self.case.demand):
            point = self.case.points.table.iloc[row - len(self.case.demand)]
            name = str(point["name_zh"])
            return {"origin_zh": name, "destination_zh": name, "vehicle_class": str(point["use"])}
        routes, inputs = self.case.inputs.routes, self.case.inputs
        names = pd.concat([inputs.zones["name_zh"], inputs.far_zones["name_zh"]])
        route = int(self.case.demand["route"].iloc[row])
        ends = [str(names[routes.zone_ids[end[route]]]) for end in (routes.origin, routes.destination)]
        kind = str(self.case.demand["vehicle_class"].iloc[row])
        return {"origin_zh": ends[0], "destination_zh": ends[1], "vehicle_class": kind}

    def _named(self, rows: Indices) -> pd.DataFrame:
        """Return ids and names of sites."""
        table = self.case.inputs.sites.iloc[rows].reset_index(names="site_id")
        named: pd.DataFrame = table[["site_id", "name_zh", "name_en"]]
        return named

    def _id(self, rows: Indices) -> list[str]:
        """Return ids of sites, empty for -1."""
        return ["" if row < 0 else str(self.ids[row]) for row in rows.tolist()]

    def _name(self, rows: Indices) -> list[str]:
        """Return Chinese names of sites, empty for -1."""
        names = self.case.inputs.sites["name_zh"].to_numpy(dtype=object)
        return ["" if row < 0 else str(names[row]) for row in rows.tolist()]

    def _others(self) -> list[str]:
        """Return the units told besides that of the objective."""
        return [name for name in self.amounts if name != self.per_day]

    def _lost(self, name: str) -> tuple[Floats, Floats]:
        """Return what is lost of an amount without each open station, and with its replacement."""
        made, rest = self.made, []
        for station, other in zip(made.stations.tolist(), made.replacement.tolist(), strict=True):
            without = np.setdiff1d(made.stations, [station])
            replaced = without if other < 0 else np.append(without, other)
            rest.append([self.served(name, without), self.served(name, replaced)])
        lost = self.served(name, made.stations) - np.array(rest).reshape(-1, 2)
        return lost[:, 0], lost[:, 1]

    def served(self, name: str, stations: Indices) -> float:
        """Return how much of an amount open stations serve."""
        return float(self.amounts[name][served_trips(self.case.cover, stations.astype(np.int64))].sum())

    def _cleaned(self, amounts: Floats) -> Floats:
        """Return amounts with the last digits of a difference taken for nothing."""
        return np.where(np.abs(amounts) <= _NOTHING * max(self.made.served, 1.0), 0.0, amounts)

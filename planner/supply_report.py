"""What ``chengyu supply plan`` tells of a plan's supply: its tables, and their print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.table import Table

from corridor.errors import Fault, InputError
from planner.nozzle_costs import HYDROGEN_PARTS, nozzle_costs
from planner.plan import records
from planner.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from planner.plan import Plan

#: Key figures told of supply.
FIGURES = (
    "served_kg_per_day",
    "hydrogen_cny_per_kg",
    "delivery_cny_per_kg",
    "green_share",
    "supply_shortage_kg_per_day",
    "electrolyzers",
    "trailers_needed",
    "tractors_needed",
    "green_export_t_per_year",
    "green_export_cny_per_kg",
)

_MONTHS = 12
_KG_PER_T = 1000.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SupplyReport:
    """Supply of a plan.

    Parameters
    ----------
    links, months, bases, nozzle_costs
        Tables ``supply``, ``supply_months``, ``bases`` and ``nozzle_costs`` of docs/tables.md; links also
        with ``name_zh`` and ``name_en`` of the station and ``months`` in which they deliver.
    proof
        Certificate of the supply, with ``parts`` of the yearly cost, CNY/a.
    figures
        Key figures by name.
    """

    links: pd.DataFrame
    months: pd.DataFrame
    bases: pd.DataFrame
    nozzle_costs: pd.DataFrame
    proof: Mapping[str, Any]
    figures: Mapping[str, float]

    def content(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "links": records(self.links),
            "months": records(self.months),
            "bases": records(self.bases),
            "nozzle_costs": records(self.nozzle_costs),
            "cost": dict(self.proof),
            "figures": dict(self.figures),
        }

    def write_csv(self, folder: Path) -> list[Path]:
        """Write the four tables as UTF-8 CSV with the byte-order mark and return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "supply": self.links,
            "supply_months": self.months,
            "bases": self.bases,
            "nozzle_costs": self.nozzle_costs,
        }
        for name, table in tables.items():
            table.round(4).to_csv(folder / f"{name}.csv", index=False, encoding="utf-8-sig")
        return [folder / f"{name}.csv" for name in tables]


def supply_report(plan: Plan) -> SupplyReport:
    """Return the supply of a plan."""
    return _report(
        stations=plan.stations,
        links=plan.supply,
        months=plan.supply_months,
        bases=plan.bases,
        economics=plan.economics,
        proof=plan.provenance["supply"],
        kpis=plan.kpis,
    )


def stored_report(folder: Path) -> SupplyReport:
    """Return the supply of a plan written by ``chengyu plan --out``.

    Raises
    ------
    corridor.errors.InputError
        If the folder holds no such plan, or one from before supply went by month.
    """
    path = folder / "plan.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        tables = {
            name: pd.DataFrame(content[name])
            for name in ("stations", "supply", "supply_months", "bases", "economics")
        }
        proof, kpis = content["provenance"]["supply"], content["kpis"]
        return _report(
            stations=tables["stations"],
            links=tables["supply"],
            months=tables["supply_months"],
            bases=tables["bases"],
            economics=tables["economics"],
            proof=proof,
            kpis=kpis,
        )
    except FileNotFoundError as error:
        raise InputError(
            Fault("there is no such file", str(path), "Name a folder of chengyu plan --out")
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = "this is no plan with a supply by month"
        raise InputError(Fault(what, str(path), "Solve the scenario again with --out")) from error


def _report(
    *,
    stations: pd.DataFrame,
    links: pd.DataFrame,
    months: pd.DataFrame,
    bases: pd.DataFrame,
    economics: pd.DataFrame,
    proof: Mapping[str, Any],
    kpis: Mapping[str, float],
) -> SupplyReport:
    """Return the report of a plan's tables."""
    names = stations.set_index("site_id")[["name_zh", "name_en"]]
    keys = ["site_id", "base_id", "mode"]
    when = months.groupby(keys)["month"].agg(list)
    told = links.join(names, on="site_id")
    rows = pd.MultiIndex.from_frame(told[keys])
    told["months"] = [spans(when.get(row, [])) for row in rows]
    return SupplyReport(
        links=told,
        months=months,
        bases=bases,
        nozzle_costs=nozzle_costs(links, economics),
        proof=proof,
        figures={name: kpis[name] for name in FIGURES},
    )


def spans(months: Sequence[int]) -> str:
    """Return months as spans, the year being a circle: 11-4 is November to April.

    Examples
    --------
    >>> spans([1, 2, 3, 4, 12]), spans([6]), spans(range(1, 13)), spans([])
    ('12-4', '6', '1-12', '')
    """
    present = set(months)
    if len(present) == _MONTHS:
        return f"1-{_MONTHS}"
    starts = [month for month in sorted(present) if (month - 2) % _MONTHS + 1 not in present]
    said = []
    for start in starts:
        end = start
        while end % _MONTHS + 1 in present:
            end = end % _MONTHS + 1
        said.append(str(start) if start == end else f"{start}-{end}")
    return ",".join(said)


def links_table(report: SupplyReport) -> Table:
    """Return who supplies whom, how, when, and at what cost."""
    table = Table(title="供氢联系 Supply links, CNY/kg", box=box.SIMPLE)
    table.add_column("站点 Station", overflow="fold")
    table.add_column("基地 base", no_wrap=True)
    table.add_column("方式 mode", no_wrap=True)
    for heading in ("km", "kg/d", "月份\nmonths", "出厂\nmade", "运费\nbrought", "到站\ndelivered"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.links[report.links["kg_per_day"] > 0.0].to_dict("records"):
        table.add_row(
            str(row["name_zh"]),
            str(row["base_id"]).removeprefix("BASE-"),
            text(f"mode.{row['mode']}", "en"),
            f"{row['distance_km']:,.0f}",
            f"{row['kg_per_day']:,.0f}",
            row["months"],
            f"{row['production_cny_per_kg']:.2f}",
            f"{row['delivery_cny_per_kg']:.2f}",
            f"{row['delivered_cny_per_kg']:.2f}",
        )
    return table


def bases_table(report: SupplyReport) -> Table:
    """Return what each base makes in each month, and what is left over in the year."""
    table = Table(title="各基地逐月产氢 Production by month, t", box=box.SIMPLE)
    table.add_column("基地 base", no_wrap=True)
    for heading in ("套\nn", *(str(month) for month in range(1, _MONTHS + 1)), "年\nyear"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("剩余\nleft", justify="right", no_wrap=True)
    table.add_column("元/kg\nat", justify="right", no_wrap=True)
    for base, rows in report.bases.groupby("base_id", sort=False):
        made = rows.sort_values("month")["produced_kg"] / _KG_PER_T
        left = float((rows["left_kg"] + rows["expandable_kg"]).sum())
        worth = float((rows["left_kg"] * rows["left_cny_per_kg"]).sum())
        worth += float((rows["expandable_kg"] * rows["expansion_cny_per_kg"].fillna(0.0)).sum())
        table.add_row(
            str(base).removeprefix("BASE-"),
            f"{int(rows['modules'].iloc[0])}",
            *(f"{each:,.0f}" for each in made),
            f"{made.sum():,.0f}",
            f"{left / _KG_PER_T:,.0f}",
            f"{worth / left:.1f}" if left > 0.0 else "–",
        )
    table.caption = "剩余 left: 已建未用与可扩建之和 what is built and idle, and what the year allows besides"
    return table


def nozzle_table(report: SupplyReport) -> Table:
    """Return what a kilogram costs at each station that has hydrogen, by part, and on the mean."""
    table = Table(title="枪口成本 Cost at the nozzle, CNY/kg", box=box.SIMPLE)
    table.add_column("站点 Station", overflow="fold")
    for heading in ("kg/d", *_NOZZLE_HEADINGS.values(), "绿氢\ngreen"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.nozzle_costs[report.nozzle_costs["kg_per_day"] > 0.0].to_dict("records"):
        is_sum = row["scope"] != "station"
        name = text(f"economics.{row['scope']}", "zh") if is_sum else str(row["name_zh"])
        table.add_row(
            name,
            f"{row['kg_per_day']:,.0f}",
            *(f"{row[part]:.2f}" for part in _NOZZLE_HEADINGS),
            f"{row['green_share']:.0%}",
            style="bold" if is_sum else None,
        )
    table.caption = (
        "不含税，不计补贴与利润；站 station: 投资年值、运维、人工、电费、土地"
        " without tax, support and margin; capital, operation, staff, electricity, land"
    )
    return table


def cost_table(report: SupplyReport) -> Table:
    """Return the parts of the yearly cost."""
    parts = report.proof["parts"]
    total = sum(parts.values())
    kg = float(report.links["kg_per_day"].sum()) * 365.0
    table = Table(title="成本构成 Cost of supply", box=box.SIMPLE)
    table.add_column("项目 part")
    for heading in ("万元/年\n10k CNY/a", "元/kg\nCNY/kg", "%"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, value in [*parts.items(), ("total", total)]:
        if value or name == "total":
            each = f"{value / kg:.2f}" if kg > 0.0 else "–"
            share = f"{value / total:.1%}" if total > 0.0 else "–"
            table.add_row(_PART_NAMES[name], f"{value / 1e4:,.0f}", each, share)
    return table


_NOZZLE_HEADINGS = {
    **dict(
        zip(
            HYDROGEN_PARTS,
            ("电\npower", "电解槽\nplant", "副产\nbought", "储氢\nstored", "压液\nconv.", "运输\nhaul"),
            strict=True,
        )
    ),
    "station_cny_per_kg": "站\nstation",
    "nozzle_cost_cny_per_kg": "枪口\nnozzle",
}

_PART_NAMES = {
    "electricity_cny_per_year": "制氢电费 electricity",
    "electrolyzer_cny_per_year": "电解装置 electrolyzer",
    "purchase_cny_per_year": "副产氢采购 by-product",
    "storage_cny_per_year": "基地储氢 storage",
    "conversion_energy_cny_per_year": "压缩液化电费 conversion, electricity",
    "conversion_plant_cny_per_year": "压缩液化装置 conversion, plant",
    "vehicles_cny_per_year": "车辆或管道 vehicles or pipe",
    "drivers_cny_per_year": "驾押人员 crew",
    "fuel_toll_cny_per_year": "燃料与通行费 fuel and tolls",
    "idle_bases_cny_per_year": "停产基地 idle bases",
    "shortage_cny_per_year": "缺供（惩罚） shortage, penalty",
    "total": "合计 total",
}


def summary_lines(report: SupplyReport) -> list[str]:
    """Return the key figures and what is proven, a line each."""
    figures, proof = report.figures, report.proof
    gap = "–" if proof["gap"] is None else f"{proof['gap']:.3%}"
    delivered = f"到站氢价 Delivered {figures['hydrogen_cny_per_kg']:.2f} CNY/kg"
    of_it = f"of it delivery {figures['delivery_cny_per_kg']:.2f}"
    green = f"绿氢 green {figures['green_share']:.1%}"
    short = f"缺供 shortage {figures['supply_shortage_kg_per_day']:,.0f} kg/d"
    trailers = f"挂车 trailers {figures['trailers_needed']:.0f}"
    tractors = f"牵引车 tractors {figures['tractors_needed']:.0f}"
    left = f"可外送绿氢 Green hydrogen left for export {figures['green_export_t_per_year']:,.0f} t/a"
    proven = f"{proof['status']}  {proof['incumbent']:,.0f} CNY/a  bound {proof['bound']:,.0f}  gap {gap}"
    return [
        f"{delivered}, {of_it}; {green}; {short}",
        f"电解槽 Electrolyzers {figures['electrolyzers']:.0f}; {trailers}; {tractors}",
        f"{left} at {figures['green_export_cny_per_kg']:.2f} CNY/kg ex works",
        f"{proven}  {proof['seconds']:.1f} s  {proof['solver']} {proof['version']}",
    ]

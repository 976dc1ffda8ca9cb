"""What ``chengyu frontier`` tells: tables, files, and the print."""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from planner.assembly import MODULES_KG_PER_DAY
from planner.exports import check_folder
from planner.frontier_chart import frontier_svg
from planner.inputs import fingerprint, versions
from planner.objective import PER_DAY, unit
from planner.plan import plain, records
from planner.station_costs import annual_by_site, capex_by_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from planner.frontier import Frontier
    from planner.frontier_points import Point

    Floats = NDArray[np.float64]

#: Version of the layout of ``frontier.json``.
SCHEMA = "chengyu-frontier/1"

_DAYS_PER_YEAR, _CNY_PER_WAN = 365.0, 1e4


def frontier_table(frontier: Frontier) -> pd.DataFrame:
    """Return the table ``frontier`` of docs/tables.md: a row per budget, ascending."""
    per_day = PER_DAY[frontier.scenario.objective]
    yearly = annual_by_site(frontier.case.inputs.sites, frontier.case.values)
    rows = []
    for point in frontier.points:
        built, proof = point.built, point.certificate
        new = np.flatnonzero(built.module >= 0)
        value = built.value
        cost = float(yearly[new, built.module[new]].sum())
        sold = float(built.load_kg_per_day[new].sum()) * _DAYS_PER_YEAR
        rows.append(
            {
                "budget_wan_cny": point.budget_wan_cny,
                "capex_wan_cny": built.capex_wan_cny,
                "stations_new": len(new),
                "capacity_new_kg_per_day": float(_sizes()[built.module[new]].sum()),
                f"served_{per_day}": value,
                "served_share": value / frontier.demand if frontier.demand > 0.0 else np.nan,
                f"bound_{per_day}": proof.bound,
                "gap": proof.gap,
                "status": proof.status,
                "seconds": proof.seconds,
                "plan_from": point.origin,
                "dominated": point.is_dominated,
                "station_wan_cny_per_year": cost,
                "station_cny_per_kg": cost * _CNY_PER_WAN / sold if sold > 0.0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def stations_table(frontier: Frontier) -> pd.DataFrame:
    """Return the table ``frontier_stations`` of docs/tables.md: the new stations of each budget."""
    sites = frontier.case.inputs.sites
    capex = capex_by_site(sites, frontier.case.values)
    named = sites.reset_index(names="site_id")[["site_id", "name_zh", "name_en", "kind", "lon", "lat"]]
    parts = []
    for point in frontier.points:
        new = np.flatnonzero(point.built.module >= 0)
        module = point.built.module[new]
        table = named.iloc[new].assign(
            capacity_kg_per_day=_sizes()[module],
            load_kg_per_day=point.built.load_kg_per_day[new],
            capex_wan_cny=capex[new, module],
        )
        table.insert(0, "budget_wan_cny", point.budget_wan_cny)
        parts.append(table)
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return joined


def _sizes() -> Floats:
    """Return the sizes of new stations, kg/d."""
    return np.array(MODULES_KG_PER_DAY, dtype=np.float64)


def content(frontier: Frontier) -> dict[str, Any]:
    """Return the frontier as plain values ready for JSON: scenario, points with certificates, stations."""
    scenario = frontier.scenario
    stations = stations_table(frontier)
    points = [
        row
        | {
            "certificate": plain(point.certificate.to_dict()),
            "search": plain(point.own.to_dict()),
            "stations": records(
                stations[stations["budget_wan_cny"] == point.budget_wan_cny].drop(columns="budget_wan_cny")
            ),
        }
        for row, point in zip(records(frontier_table(frontier)), frontier.points, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "scenario": scenario.model_dump(mode="json"),
        "objective": scenario.objective,
        "unit": unit(scenario.objective, "en"),
        "demand": plain(frontier.demand),
        "whole": frontier.is_whole,
        "points": points,
        "plans": [
            {"capex_wan_cny": plain(built.capex_wan_cny), "served": plain(built.value)}
            for built in frontier.found
        ],
        "provenance": {
            "scenario_identity": scenario.identity,
            "fingerprint": fingerprint(scenario),
            "versions": versions(),
            "created_utc": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        },
    }


def write(frontier: Frontier, folder: Path) -> list[Path]:
    """Write tables (UTF-8 CSV with the byte-order mark), JSON and chart, and return the paths.

    Each file is moved into place whole.
    """
    check_folder(folder)
    tables = {"frontier.csv": frontier_table(frontier), "frontier_stations.csv": stations_table(frontier)}
    contents = {name: _csv(table) for name, table in tables.items()}
    contents["frontier.json"] = json.dumps(content(frontier), ensure_ascii=False, allow_nan=False).encode()
    contents["frontier.svg"] = frontier_svg(frontier).encode()
    folder.mkdir(parents=True, exist_ok=True)
    return [_moved(data, folder / name) for name, data in contents.items()]


def _csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV; shares to six digits."""
    digits = {name: 6 if name in {"gap", "served_share", "lon", "lat"} else 3 for name in table.columns}
    text: str = table.round(digits).to_csv(index=False)
    return text.encode("utf-8-sig")


def _moved(data: bytes, path: Path) -> Path:
    """Write a file beside its place and move it there."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(draft).chmod(0o644)
    return Path(draft).replace(path)


_ORIGINS: Mapping[str, str] = {
    "own": "",
    "budget": "其他预算 other budget",
    "number": "按座数 by number",
    "nothing": "不新建 none built",
}


def printed(frontier: Frontier) -> Table:
    """Return the frontier as a table for the terminal."""
    scenario = frontier.scenario
    per_day = unit(scenario.objective, "en")
    table = Table(
        title=f"成本–覆盖前沿 Cost-coverage frontier · {scenario.name} · {scenario.year}", box=box.SIMPLE
    )
    for heading in (
        "预算 budget\n万元 10k CNY",
        "投资 capex\n万元",
        "新建站\nnew",
        f"服务 served\n{per_day}",
        "占比\nshare",
        f"上界 bound\n{per_day}",
        "差距\ngap",
        "站成本 station\n元/kg CNY/kg",
        "时间\ns",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("方案来源 plan from", overflow="fold")
    named = f"served_{PER_DAY[scenario.objective]}", f"bound_{PER_DAY[scenario.objective]}"
    rows = frontier_table(frontier).to_dict("records")
    for row, point in zip(rows, frontier.points, strict=True):
        table.add_row(
            f"{row['budget_wan_cny']:,.0f}",
            f"{row['capex_wan_cny']:,.0f}",
            f"{row['stations_new']}",
            f"{row[named[0]]:,.1f}",
            _share(row["served_share"], 1),
            f"{row[named[1]]:,.1f}",
            "[bold]optimal[/bold]" if row["status"] == "optimal" else _share(row["gap"], 2),
            "–" if np.isnan(row["station_cny_per_kg"]) else f"{row['station_cny_per_kg']:.2f}",
            f"{row['seconds']:.1f}",
            _said(point),
        )
    table.caption = (
        "差距 gap: 与上界之比，优于此差距的方案已证明不存在 no plan within the budget beats the bound; "
        "站成本 station: 资本、固定运营、人工与土地，不含氢与电 capital, fixed operation, staff, land"
    )
    return table


def _said(point: Point) -> str:
    """Return where a plan comes from, if it is not from the search at its own budget."""
    dominated = "≤ 更低预算 a smaller budget does" if point.is_dominated else ""
    return dominated or _ORIGINS[point.origin]


def _share(value: float, digits: int) -> str:
    """Return a share in percent; a dash where unknown."""
    return "–" if value is None or np.isnan(value) else f"{value:.{digits}%}"

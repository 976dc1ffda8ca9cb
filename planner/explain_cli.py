"""``chengyu explain``: why the stations of a plan stand where they do, and what the others would add."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from corridor.errors import Fault, InputError
from planner import store
from planner.demand_cli import ScenarioFile, Settings, _console, _table, scenario_of
from planner.explain_report import explain_report, of_site
from planner.explain_stored import stored_choice
from planner.exports import check_folder
from planner.inputs import fingerprint
from planner.objective import IN_MONEY, PER_DAY, unit
from planner.pipeline import make_plan
from planner.point_input import with_points
from planner.scenario import validated
from planner.siting_case import siting_case
from planner.terminal import Json, print_json, reported
from planner.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from rich.console import Console

    from planner.explain_report import ExplainReport
    from planner.progress import Progress
    from planner.scenario import Objective, Scenario

app = typer.Typer(help="说明方案 · Explain a plan: why here, why not there, what stays unserved.")

#: Rows of each table shown in the terminal; all are in JSON and CSV.
_SITES, _GROUPS, _STEPS = 15, 8, 12

_REASONS = {
    "out_of_reach": "无论如何建站都不可达 out of reach whatever is built",
    "forbidden_site": "只有禁用站点才能服务 only a forbidden site would do",
    "more_stations": "再建站即可 further stations would do",
}
_WHY_NOT = {
    "": "",
    "no_trip": "无行程依赖此处 no trip depends on it",
    "dominated": "已有站可代替 a chosen site does all it would:",
    "held": "所在区间均已有站 every stretch it lies in has a station",
    "more": "相关行程还需更多站 its trips need further stations",
}


@app.command()
def explain(
    scenario_file: ScenarioFile = None,
    *,
    plan: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A plan written by chengyu plan --out, as it is.")
    ] = None,
    stations: Annotated[int | None, typer.Option(help="Largest number of new stations.")] = None,
    year: Annotated[int | None, typer.Option(help="2027, 2030 or 2035.")] = None,
    objective: Annotated[
        str | None, typer.Option(help="What siting maximizes: kg | trips | vehicle_km | co2.")
    ] = None,
    settings: Settings = None,
    points: Annotated[
        Path | None, typer.Option(help="Your own point demands, CSV, XLSX or Parquet (docs/points.md).")
    ] = None,
    points_crs: Annotated[
        str | None, typer.Option(metavar="CRS", help="Their reference system, for rows that name none.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="ID", help="One site only.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the tables as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Say what is lost without each station, what each other site would add, and what stays unserved."""
    with reported(as_json=as_json):
        if csv is not None:
            check_folder(csv)
        fields = {"stations": stations, "year": year, "objective": objective}
        if plan is not None:
            given = [scenario_file, settings, points, points_crs, *fields.values()]
            if any(value is not None for value in given):
                mend = "Give either a plan, or a scenario with its options"
                raise InputError(Fault("a stored plan has its own scenario", "--plan", mend))
            scenario, ids, covered = stored_choice(plan)
        else:
            scenario = _with_fields(scenario_of(scenario_file, settings), fields)
            scenario = with_points(scenario, points, crs=points_crs)
            ids, covered = _solved(scenario)
        if scenario.detour > 0.0:
            what = "trips that leave their routes cannot be explained yet"
            raise InputError(Fault(what, "detour", "Explain the scenario with detour = 0"))
        if scenario.objective in IN_MONEY:
            what = "what stations add to a plan judged in money cannot be explained yet"
            raise InputError(Fault(what, "objective", "Take another objective"))
        report = explain_report(siting_case(scenario), ids, covered_kg=covered)
        one = of_site(report, site) if site is not None else None
        paths = report.write_csv(csv) if csv is not None else []
        if as_json:
            about = {"scenario": scenario.model_dump(mode="json"), "identity": scenario.identity}
            content = report.to_dict() if one is None else {"totals": report.totals, "site": one}
            print_json(about | content | {"files": [str(path) for path in paths]})
            return
        if one is None:
            _print(report, scenario, _console())
        else:
            _print_site(one, _console())
        for path in paths:
            typer.echo(f"wrote {path}", err=True)


def _with_fields(scenario: Scenario, fields: Mapping[str, object]) -> Scenario:
    """Return the scenario with the fields given on top."""
    given = {name: value for name, value in fields.items() if value is not None}
    return validated(scenario.model_dump() | given, where="scenario") if given else scenario


def _solved(scenario: Scenario) -> tuple[list[str], float]:
    """Return stations and covered kg/d of the scenario's plan, the stored one if there is one."""
    result = store.find(scenario, fingerprint(scenario))
    if result is None:
        result = make_plan(scenario, on_progress=_say)
        store.save(result)
    return [str(site) for site in result.stations["site_id"]], result.kpis["covered_kg_per_day"]


def _say(progress: Progress) -> None:
    """Print one line of progress on stderr."""
    typer.echo(f"[{progress.seconds:6.1f} s] {progress.stage:<8} {progress.message}", err=True)


def _print(report: ExplainReport, scenario: Scenario, console: Console) -> None:
    """Print the tables."""
    totals, columns = report.totals, _Columns(scenario.objective)
    goal = ""
    if scenario.objective != "kg":
        served, demand = (totals[f"{what}_{report.per_day}"] for what in ("served", "demand"))
        named = (
            f"{text(f'objective.{scenario.objective}', 'zh')} {text(f'objective.{scenario.objective}', 'en')}"
        )
        goal = f"目标 objective {named} {served:,.1f} / {demand:,.1f} {unit(scenario.objective, 'en')}   "
    console.print(
        f"[bold]{scenario.name} · {scenario.year}[/bold]\n{goal}续航可达 within range "
        f"{totals['served_kg_per_day']:,.1f} / {totals['demand_kg_per_day']:,.1f} kg/d   "
        f"往返 round trips {totals['served_trips_per_day']:,.1f}/d"
    )
    console.print(_table("为何建在这里 Why here: lost without it", report.stations, columns.stations()))
    others = report.sites.head(_SITES)
    title = f"为何不建在那里 Why not there: one more, or in exchange ({len(others)} / {len(report.sites)})"
    console.print(_table(title, others, columns.others()))
    counts = report.sites.loc[report.sites["reason"] != "", "reason"].value_counts()
    for reason, count in counts.items():
        console.print(f"  {count:>4} 处 sites: {_WHY_NOT[str(reason)].rstrip(':')}")
    reasons = report.reasons.assign(reason=report.reasons["reason"].map(_REASONS))
    console.print(_table("未服务的行程 Unserved trips", reasons, columns.reasons()))
    if len(report.groups):
        shown = report.groups.head(_GROUPS)
        title = f"最大的未服务组 Largest unserved groups ({len(shown)} / {len(report.groups)})"
        console.print(_table(title, shown, columns.groups()))
    if len(report.ways):
        up_to = report.ways["trips_needing_up_to"]
        console.print(_way(report.ways[up_to == up_to.max()], columns))


def _way(way: pd.DataFrame, columns: _Columns) -> Table:
    """Return the fewest stations for all trips that can be served, in the order to build them."""
    first = way.iloc[0]
    proven = "已证最少 proven fewest" if first["stations"] == first["at_least"] else f"≥ {first['at_least']}"
    title = f"最省的补建 Cheapest way to serve them all: {first['stations']} 站 stations ({proven})"
    return _table(title, way.head(_STEPS), columns.ways())


def _print_site(one: dict[str, Any], console: Console) -> None:
    """Print the row of one site."""
    title = f"{one['site_id']} {one['name_zh']} {one['name_en']}"
    shown = Table(title=title, box=box.SIMPLE, title_justify="left", show_header=False)
    shown.add_column()
    shown.add_column(justify="right")
    for name, value in one.items():
        if name in {"site_id", "name_zh", "name_en"} or value in (None, ""):
            continue
        told = _WHY_NOT.get(str(value), str(value)).rstrip(":") if name == "reason" else str(value)
        shown.add_row(name, f"{value:,.3f}" if isinstance(value, float) else told)
    console.print(shown)


_AMOUNT = "{:,.1f}"


class _Columns:
    """Columns shown of each table, with headings and formats: the objective's figures, then trips or kg."""

    def __init__(self, objective: Objective) -> None:
        self._per_day, self._unit = PER_DAY[objective], unit(objective, "en")
        beside: Objective = "kg" if objective == "trips" else "trips"
        self._beside = PER_DAY[beside]
        self._beside_heading = "kg/d" if objective == "trips" else "往返/日\ntrips/d"

    def stations(self) -> dict[str, tuple[str, str]]:
        """Return those of open stations."""
        return {
            "name_zh": ("站 station", ""),
            "status": ("", ""),
            f"lost_{self._per_day}": (f"失去\n{self._unit} lost", _AMOUNT),
            f"lost_{self._beside}": (self._beside_heading, _AMOUNT),
            "lost_share": ("占比\nshare", "{:.2%}"),
            "replacement_zh": ("最佳替代\nbest replacement", ""),
            f"lost_replaced_{self._per_day}": (f"替代后失去\n{self._unit} lost then", _AMOUNT),
        }

    def others(self) -> dict[str, tuple[str, str]]:
        """Return those of sites not chosen."""
        return {
            "name_zh": ("站点 site", ""),
            "status": ("", ""),
            f"gain_{self._per_day}": (f"增建得\n{self._unit} gain", _AMOUNT),
            f"gain_{self._beside}": (self._beside_heading, _AMOUNT),
            f"swap_{self._per_day}": (f"置换得\n{self._unit} swap", _AMOUNT),
            "swap_for_id": ("置换 instead of", ""),
        }

    def _sums(self) -> dict[str, tuple[str, str]]:
        """Return those of groups of trips: kg and trips, before them another unit of the objective."""
        known = {"kg_per_day": ("kg/d", _AMOUNT), "trips_per_day": ("往返/日\ntrips/d", _AMOUNT)}
        return known if self._per_day in known else {self._per_day: (self._unit, _AMOUNT)} | known

    def reasons(self) -> dict[str, tuple[str, str]]:
        """Return those of unserved trips by what they lack."""
        return {
            "reason": ("原因 reason", ""),
            "stations_needed": ("还需站数\nneeds", "{:,.0f}"),
            "flows": ("流\nflows", "{:,.0f}"),
            **self._sums(),
        }

    def groups(self) -> dict[str, tuple[str, str]]:
        """Return those of the largest groups of unserved trips."""
        return {
            "origin_zh": ("最大流 largest:\nfrom", ""),
            "destination_zh": ("\nto", ""),
            **self._sums(),
            "stations_needed": ("还需\nneeds", "{:,.0f}"),
            "sites_zh": ("站点 sites", ""),
            f"gain_{self._per_day}": (f"共得\n{self._unit} gain", _AMOUNT),
        }

    def ways(self) -> dict[str, tuple[str, str]]:
        """Return those of further stations."""
        return {
            "step": ("#", "{:,.0f}"),
            "name_zh": ("站点 site", ""),
            f"gain_{self._per_day}": (f"得 {self._unit}\ngain", _AMOUNT),
            f"total_{self._per_day}": ("累计\ntotal", _AMOUNT),
        }

"""``chengyu demand``: what a scenario's demand amounts to, against what is published, and how sure it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from corridor.errors import InfeasibleError
from planner.demand_report import demand_report, method, profile
from planner.ensemble import QUANTILES, amounts_of, demand_spread, drivers
from planner.exports import check_folder
from planner.inputs import assumptions_in_force, load_inputs
from planner.plan import plain
from planner.point_input import with_points
from planner.scenario import read_toml, validated, with_settings
from planner.terminal import Json, print_json, reported
from planner.text import LANGUAGES

if TYPE_CHECKING:
    from planner.demand_report import DemandReport
    from planner.scenario import Scenario

app = typer.Typer(
    no_args_is_help=True,
    help="氢需求 · Hydrogen demand: what it amounts to, how it compares, how sure it is.",
)

ScenarioFile = Annotated[
    Path | None, typer.Argument(metavar="[SCENARIO.toml]", help="Scenario; the default one without it.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any scenario field or assumption.")
]

#: Width of a page that is no terminal, characters.
_PAGE = 120

#: Room for the Chinese characters of a title, twice as wide as others.
_WIDE = 20

#: Counties shown in the terminal; all are in JSON and CSV.
_COUNTIES = 15


@app.callback()
def _commands() -> None:
    """Keep subcommands even while there are few."""


@app.command()
def describe(
    scenario_file: ScenarioFile = None,
    *,
    settings: Settings = None,
    points: Annotated[
        Path | None, typer.Option(help="Your own point demands, CSV, XLSX or Parquet (docs/points.md).")
    ] = None,
    points_crs: Annotated[
        str | None, typer.Option(metavar="CRS", help="Their reference system, for rows that name none.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Folder for the tables as CSV.")] = None,
    with_method: Annotated[
        bool, typer.Option("--method/--no-method", help="The method on one page, with its equations.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Print trips, vehicle-km and kg/day by class, county and road, the calibration and the method."""
    with reported(as_json=as_json):
        scenario = with_points(scenario_of(scenario_file, settings), points, crs=points_crs)
        if csv is not None:
            check_folder(csv)
        report = demand_report(scenario)
        paths = report.write_csv(csv) if csv is not None else []
        values, _ = assumptions_in_force(load_inputs(scenario).assumptions, scenario.assumptions)
        pages = {language: method(language, values) for language in LANGUAGES} if with_method else {}
        if as_json:
            about = {"scenario": scenario.model_dump(mode="json"), "identity": scenario.identity}
            print_json(
                about
                | report.to_dict()
                | {"profile": profile(values), "method": pages, "files": [str(path) for path in paths]}
            )
            return
        _print(report, scenario, _console())
        for page in pages.values():
            typer.echo(f"\n{page}", nl=False)
        for path in paths:
            typer.echo(f"wrote {path}", err=True)


@app.command(name="sample")
def sample_(
    scenario_file: ScenarioFile = None,
    *,
    settings: Settings = None,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Number of draws.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal draws.")] = 1,
    csv: Annotated[Path | None, typer.Option(help="Folder for the draws and what they lead to, CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Draw the assumptions you did not set from their ranges: P10, P50 and P90 of the hydrogen."""
    with reported(as_json=as_json):
        scenario = scenario_of(scenario_file, settings)
        if csv is not None:
            check_folder(csv)
        spread, draws = demand_spread(scenario, seed=seed, n=n, on_draw=lambda done: _said(done, n))
        told = spread.dropna()
        if told.empty:
            raise InfeasibleError("In every draw the totals contradict each other. Narrow the ranges")
        quantiles = told.quantile(list(QUANTILES))
        documented = amounts_of(scenario)
        strongest = drivers(spread, draws, year=scenario.year)
        paths = _draws_csv(csv, spread, draws) if csv is not None else []
        if as_json:
            content = {
                "identity": scenario.identity,
                "seed": seed,
                "draws": n,
                "left_out": n - len(told),
                "documented": documented,
                "quantiles": {
                    name: {f"p{q:.0%}"[:-1]: column[q] for q in QUANTILES}
                    for name, column in quantiles.items()
                },
                "drivers": strongest.to_dict(),
                "files": [str(path) for path in paths],
            }
            print_json(plain(content))
            return
        _print_spread(
            quantiles,
            documented,
            strongest,
            _console(),
            title=f"{scenario.name} · {scenario.year} · {len(told)} draws",
        )
        if len(told) < n:
            typer.echo(
                f"left out: {n - len(told)} of {n} draws, their totals contradict each other", err=True
            )
        for path in paths:
            typer.echo(f"wrote {path}", err=True)


def _said(done: int, n: int) -> None:
    """Print a line of progress on stderr now and then."""
    if done % max(1, n // 10) == 0:
        typer.echo(f"{done} of {n} draws", err=True)


def _draws_csv(folder: Path, spread: pd.DataFrame, draws: pd.DataFrame) -> list[Path]:
    """Write the draws and what they lead to, a row per draw; return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demand_draws.csv"
    content: str = pd.concat([spread, draws], axis="columns").rename_axis("draw").to_csv()
    path.write_bytes(content.encode("utf-8-sig"))
    return [path]


def _print_spread(
    quantiles: pd.DataFrame,
    documented: dict[str, float],
    strongest: pd.Series,
    console: Console,
    *,
    title: str,
) -> None:
    """Print the spread and what drives it."""
    shown = Table(title=title, box=box.SIMPLE, title_justify="left")
    shown.add_column("每日 per day", no_wrap=True)
    for rank in QUANTILES:
        shown.add_column(f"P{rank:.0%}"[:-1], justify="right")
    shown.add_column("取默认值 as documented", justify="right")
    for name, column in quantiles.items():
        shown.add_row(*(str(name), *(f"{value:,.0f}" for value in (*column, documented[str(name)]))))
    console.print(shown)
    moved = Table(title="与氢需求的秩相关 Rank correlation with kg/d", box=box.SIMPLE, title_justify="left")
    moved.add_column("参数 assumption", no_wrap=True)
    moved.add_column("", justify="right")
    for key, rank in strongest.items():
        moved.add_row(str(key), f"{rank:+.2f}")
    console.print(moved)


def scenario_of(path: Path | None, settings: list[str] | None) -> Scenario:
    """Return the scenario of a file, the default one without it, with settings on top."""
    content = with_settings(read_toml(path) if path is not None else {}, settings or [])
    return validated(content, where=path.name if path is not None else "scenario")


def _console() -> Console:
    """Return the terminal, or a page wide enough for a row where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=_PAGE)


def _print(report: DemandReport, scenario: Scenario, console: Console) -> None:
    """Print the tables."""
    scope = {"corridor": "走廊 corridor", "region": "全域 region"}[scenario.scope]
    head = f"{scenario.name} · {scenario.year} · {scope}"
    trips, km, kg = report.classes[["trips_per_day", "vehicle_km_per_day", "kg_per_day"]].sum()
    console.print(
        f"[bold]{head}[/bold]\n燃料电池往返 fuel-cell round trips {trips:,.0f}/d   "
        f"车公里 vehicle-km {km:,.0f}/d   氢 hydrogen {kg:,.0f} kg/d"
    )
    console.print(_table("车型 Classes", report.classes.reset_index(), _CLASSES))
    counties = report.counties[report.counties["kg_per_day"] > 0].reset_index()
    title = f"区县 Counties (前 {_COUNTIES} / {len(counties)}; 往返两端各半 half of a trip at each end)"
    console.print(_table(title, counties.head(_COUNTIES), _PLACES))
    console.print(
        _table("高速公路 Expressways (行驶途中 on the road)", report.corridors.reset_index(), _ROADS)
    )
    console.print(_table("区段 Sections (最近区县 by the nearest seat)", report.sections, _SECTIONS))
    if report.points["points"].sum():
        title = "用氢点 Point demands (不在以上各表内 in none of the tables above)"
        console.print(_table(title, report.points.reset_index(), _POINTS))
    console.print(_calibration(report.calibration))


#: Columns of each table: heading and how to write a value; text where there is no way given.
_AMOUNTS = {
    "trips_per_day": ("往返/日\ntrips/d", "{:,.1f}"),
    "vehicle_km_per_day": ("车公里/日\nveh-km/d", "{:,.0f}"),
    "kg_per_day": ("kg/d", "{:,.0f}"),
}
_CLASSES = {
    "vehicle_class": ("车型\nclass", ""),
    "all_fuels_trips_per_day": ("全部往返/日\nall fuels", "{:,.0f}"),
    "fuel_cell_share": ("占比\nshare", "{:.1%}"),
    **_AMOUNTS,
    "kg_per_100km": ("kg/100 km", "{:.1f}"),
    "usable_range_km": ("续航\nrange km", "{:,.0f}"),
    "vehicles": ("车辆\nvehicles", "{:,.0f}"),
}
_PLACES = {"name_zh": ("区县\ncounty", ""), "prefecture_zh": ("地市\nprefecture", ""), **_AMOUNTS}
_ON_ROAD = {
    "length_km": ("km", "{:,.0f}"),
    "vehicles_per_day": ("氢车/日\nH2 veh/d", "{:,.1f}"),
    "vehicle_km_per_day": ("车公里/日\nveh-km/d", "{:,.0f}"),
    "kg_per_day": ("kg/d", "{:,.0f}"),
}
_ROADS = {"name_zh": ("道路\nroad", ""), "name_en": ("", ""), **_ON_ROAD}
_POINTS = {
    "use": ("用途\nuse", ""),
    "points": ("个数\npoints", "{:,.0f}"),
    "kg_per_day": ("kg/d", "{:,.0f}"),
    "share": ("占比\nshare", "{:.1%}"),
}
_SECTIONS = {"corridor": ("道路\nroad", ""), "prefecture_zh": ("地市\nprefecture", ""), **_ON_ROAD}


def _table(title: str, rows: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> Table:
    """Return rows for the terminal."""
    shown = Table(title=title, box=box.SIMPLE, title_justify="left", min_width=len(title) + _WIDE)
    for heading, form in columns.values():
        shown.add_column(heading, justify="right" if form else "left", no_wrap=bool(form))
    for row in rows[list(columns)].itertuples(index=False):
        pairs = zip(row, columns.values(), strict=True)
        shown.add_row(
            *(
                "–" if pd.isna(value) else form.format(value) if form else str(value)
                for value, (_, form) in pairs
            )
        )
    return shown


def _calibration(compared: pd.DataFrame) -> Table:
    """Return model against published, the sources numbered below."""
    shown = Table(title="与公布值比较 Against published figures", box=box.SIMPLE, title_justify="left")
    shown.add_column("指标\nquantity", no_wrap=True)
    for heading in ("模型\nmodel", "公布\npublished", "范围\nrange", "偏差\nmisfit"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("")
    shown.add_column("来源\nsource", justify="right")
    sources = list(dict.fromkeys(compared["source"]))
    for row in compared.reset_index().itertuples():
        shown.add_row(
            str(row.quantity),
            f"{row.model:,.0f}",
            f"{row.published:,.0f}",
            f"{row.low:,.0f}–{row.high:,.0f}",
            f"{row.misfit:+.0%}",
            "内 in" if row.inside else "[bold]外 out[/bold]",
            str(sources.index(row.source) + 1),
        )
    shown.caption = "\n".join(f"{number} {source}" for number, source in enumerate(sources, start=1))
    shown.caption_justify = "left"
    return shown

"""Tables of a plan for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich import box
from rich.table import Table

from planner.economics import GROUPS, totals
from planner.objective import PER_DAY, unit
from planner.text import text
from siting.station_forms import FORMS

if TYPE_CHECKING:
    from rich.console import Console

    from planner.plan import Plan

#: Names of the rows that stand for several stations.
_SAID = {scope: f"{text(f'economics.{scope}', 'zh')} {text(f'economics.{scope}', 'en')}" for scope in GROUPS}

#: Forms of stations in one character.
_FORMS = {form: text(f"form.{form}", "zh").removeprefix("油氢")[0] for form in FORMS}

#: Outages shown in the terminal; all are in the files.
_OUTAGES = 8


def print_plan(plan: Plan, console: Console) -> None:
    """Print the siting table, the key figures, the notices and the certificate."""
    console.print(_siting_table(plan))
    if len(plan.economics):
        console.print(_economics(plan))
    console.print(_key_figures(plan))
    if len(plan.rollout):
        console.print(_rollout(plan))
    if plan.scenario.resilience is not None:
        console.print(_weak_spots(plan))
    for notice in plan.notices:
        console.print(f"[yellow]![/yellow] {notice.say('zh')}\n  {notice.say('en')}")
    console.print(_certificate(plan))


def _siting_table(plan: Plan) -> Table:
    """Return the siting table, new stations first."""
    table = Table(title=f"布局方案 Siting plan · {plan.scenario.name} · {plan.scenario.year}", box=box.SIMPLE)
    table.add_column("#", no_wrap=True)
    table.add_column("站点 Site", overflow="fold")
    headings = (
        "规模\nkg/d",
        "负荷\nkg/d",
        "利用率\nutil.",
        "等待\nmin",
        "供氢\nbase",
        "到站/枪口\nCNY/kg",
    )
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for number, row in enumerate(plan.stations.itertuples(), start=1):
        mark = "●" if row.status == "new" else "○"
        table.add_row(
            f"{mark}{number}{_FORMS.get(str(row.form), '')}",
            str(row.name_zh),
            _number(row.capacity_kg_per_day),
            _number(row.load_kg_per_day),
            _number(row.utilization, "{:.0%}"),
            f"{_number(row.wait_p95_min, '{:.1f}')}/{_number(row.simulated_wait_p95_min, '{:.1f}')}",
            _text(row.base_id).removeprefix("BASE-"),
            f"{_number(row.hydrogen_cny_per_kg, '{:.1f}')}/{_number(row.nozzle_cost_cny_per_kg, '{:.1f}')}",
        )
    table.caption = (
        "● 新建 new   ○ 既有 existing   单 stand-alone   合 combined 油氢合建   撬 skid-mounted   "
        "等待 wait: 设计小时第95百分位（公式/仿真） 95th percentile at the design hour (formula/simulated)   "
        "到站/枪口: 氢气到站与含站内成本，不含税 hydrogen delivered / cost at the nozzle, without tax"
    )
    return table


def _economics(plan: Plan) -> Table:
    """Return the accounts of the new stations and the sums; those of existing ones are in the files."""
    table = Table(title="经济性 Money", box=box.SIMPLE)
    table.add_column("站点 Site", overflow="fold")
    for heading in (
        "成本 cost\nCNY/kg",
        "平衡价 even\nCNY/kg",
        "净现值 NPV\n万元",
        "收益率\nIRR",
        "回收期\na",
        "缺口 missing\nCNY/kg",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    sums = totals(plan)
    stations = plan.economics[plan.economics["status"] == "new"]
    names = [*stations["name_zh"], *(_SAID[str(scope)] for scope in sums.index)]
    for name, row in zip(names, pd.concat([stations, sums]).itertuples(), strict=True):
        table.add_row(
            str(name),
            _number(row.levelized_cost_cny_per_kg, "{:.1f}"),
            _number(row.break_even_cny_per_kg, "{:.1f}"),
            _number(row.npv_wan_cny),
            _number(row.irr, "{:.1%}"),
            _number(row.payback_years, "{:.1f}"),
            _number(row.subsidy_need_cny_per_kg, "{:.1f}"),
        )
    table.caption = "既有站投资为沉没成本，计 0 · investment of existing stations is sunk, counted as 0"
    return table


def _rollout(plan: Plan) -> Table:
    """Return what is built and enlarged in each year, and what of the demand it serves."""
    table = Table(title="建设时序 Roll-out", box=box.SIMPLE)
    table.add_column("年份\nyear", no_wrap=True)
    table.add_column("站点 Site", overflow="fold")
    for heading in ("规模 size\nkg/d", "新增 added\nkg/d", "投资 capex\n万元", "仅此站可及\nonly here kg/d"):
        table.add_column(heading, justify="right", no_wrap=True)
    for year, rows in plan.rollout.groupby("year", sort=True):
        for number, row in enumerate(rows[rows["added_kg_per_day"] > 0.0].to_dict("records")):
            table.add_row(
                "" if number else str(year),
                f"{row['name_zh']} {row['name_en']}" + ("" if row["action"] == "built" else " ↑"),
                *(
                    _number(row[name])
                    for name in (
                        "capacity_kg_per_day",
                        "added_kg_per_day",
                        "capex_wan_cny",
                        "only_here_kg_per_day",
                    )
                ),
            )
        served, demand = (plan.kpis[f"{what}_kg_per_day_{year}"] for what in ("served", "demand"))
        share = served / demand if demand > 0.0 else 0.0
        said = f"服务 served {served:,.0f} / {demand:,.0f} kg/d ({share:.1%})"
        spent = _number(plan.kpis[f"capex_wan_cny_{year}"])
        table.add_row("", f"[bold]{said}[/bold]", "", "", spent, "", end_section=True)
    table.caption = "↑ 扩建 enlarged   仅此站可及：缺此站即超出续航 out of range without this station"
    return table


def _weak_spots(plan: Plan) -> Table:
    """Return the worst outages."""
    shown = plan.weak_spots.head(_OUTAGES)
    title = f"薄弱站点 Weak spots ({len(shown)} / {len(plan.weak_spots)})"
    table = Table(title=title, box=box.SIMPLE)
    table.add_column("停运的站 station out", overflow="fold")
    objective = plan.scenario.objective
    left, lost = (f"{what}_{PER_DAY[objective]}" for what in ("left", "lost"))
    per_day = unit(objective, "en")
    for heading in (f"剩余 left\n{per_day}", f"失去 lost\n{per_day}", "剩余比例\nleft"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in shown.iterrows():
        table.add_row(
            f"{row['name_zh']} {row['name_en']}",
            _number(row[left]),
            _number(row[lost], "{:,.1f}"),
            _number(row["left_share"], "{:.1%}"),
        )
    return table


def _text(value: object) -> str:
    """Return a cell's text; nothing for a missing one."""
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _number(value: object, form: str = "{:,.0f}") -> str:
    """Return a formatted number; a dash for a missing one."""
    return "–" if pd.isna(value) else form.format(value)  # type: ignore[call-overload]


def _key_figures(plan: Plan) -> Table:
    """Return the key figures, two columns."""
    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in plan.kpis.items():
        table.add_row(name, f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}")  # noqa: PLR2004
    return table


def _certificate(plan: Plan) -> str:
    """Return what was proven, in one line."""
    proof = plan.certificate
    incumbent = "–" if proof.incumbent is None else f"{proof.incumbent:,.1f}"
    bound = "–" if proof.bound is None else f"{proof.bound:,.1f}"
    gap = "–" if proof.gap is None else f"{proof.gap:.3%}"
    per_day = unit(plan.scenario.objective, "en")
    return (
        f"[bold]{proof.status}[/bold]  incumbent {incumbent} {per_day}  bound {bound} {per_day}  gap {gap}  "
        f"{proof.seconds:.1f} s  {proof.solver} {proof.version}"
    )

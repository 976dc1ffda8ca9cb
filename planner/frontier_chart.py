"""The frontier as a drawing, SVG: what is served, and what no plan can beat.

A plan for a smaller budget is one for a larger, too. At any budget the most that can be served lies between
the best plan found that costs no more, and the bound of the next budget searched: the band is proven
everywhere, nothing in it is interpolated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from planner.objective import unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planner.frontier import Frontier

_WIDTH, _HEIGHT = 960, 600
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 76, 126, 64
#: Ink, softer ink, rules, the plans found, and what is not decided (Okabe & Ito 2008).
_INK, _SOFT, _RULE, _FOUND, _OPEN = "#16324f", "#5b6470", "#e1ded6", "#0072b2", "#e69f00"
_FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
_TICKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """Where amounts stand on the page.

    Parameters
    ----------
    most_x, most_y
        Ends of the axes; both begin at 0.
    """

    most_x: float
    most_y: float

    def x(self, budget: float) -> float:
        """Return where a budget stands."""
        return _LEFT + budget / self.most_x * (_WIDTH - _LEFT - _RIGHT)

    def y(self, amount: float) -> float:
        """Return where an amount stands."""
        return _HEIGHT - _BOTTOM - amount / self.most_y * (_HEIGHT - _TOP - _BOTTOM)

    def path(self, corners: Iterable[tuple[float, float]]) -> str:
        """Return a line through (budget, amount) corners."""
        return "M" + "L".join(f"{self.x(budget):.1f},{self.y(amount):.1f}" for budget, amount in corners)


def frontier_svg(frontier: Frontier) -> str:
    """Return the chart: budgets to the right, what is served upward, its share of the demand on the right."""
    budgets = [point.budget_wan_cny for point in frontier.points]
    values = [point.built.value for point in frontier.points]
    bounds = [
        value if point.certificate.bound is None else point.certificate.bound
        for value, point in zip(values, frontier.points, strict=True)
    ]
    xs, ys = ticks(budgets[-1]), ticks(max(*bounds, frontier.demand))
    axes = _Axes(most_x=max(xs[-1], budgets[-1]), most_y=ys[-1])
    found = [(built.capex_wan_cny, built.value) for built in frontier.found]
    lower, upper = staircase(found, first=budgets[0], last=budgets[-1]), ceiling(budgets, bounds)
    between, above, below = axes.path([*lower, *reversed(upper)]), axes.path(upper), axes.path(lower)
    dashed = f'fill="none" stroke="{_OPEN}" stroke-width="1.5" stroke-dasharray="5 3"'
    parts = [
        *_grid(axes, xs, ys, frontier),
        f'<path class="open" d="{between}Z" fill="{_OPEN}" fill-opacity="0.22"/>',
        f'<path class="bound" d="{above}" {dashed}/>',
        f'<path class="served" d="{below}" fill="none" stroke="{_FOUND}" stroke-width="2.5"/>',
    ]
    for budget, value, bound, point in zip(budgets, values, bounds, frontier.points, strict=True):
        x, y = axes.x(budget), axes.y(value)
        parts.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{axes.y(bound):.1f}" stroke="{_OPEN}" '
            'stroke-width="3"/>'
        )
        inside = _FOUND if point.certificate.status == "optimal" else "#fff"
        told = f"{budget:,.0f}: {value:,.1f} ≤ {bound:,.1f}"
        parts.append(
            f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{inside}" stroke="{_FOUND}" '
            f'stroke-width="2"><title>{escape(told)}</title></circle>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="{_FONT}" font-size="13" fill="{_INK}" role="img">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
        f"{''.join([*parts, *_heading(frontier)])}</svg>\n"
    )


def staircase(
    found: Sequence[tuple[float, float]], *, first: float, last: float
) -> list[tuple[float, float]]:
    """Return the corners of the most that plans found serve, between two budgets.

    Parameters
    ----------
    found
        Cost and what is served, both rising.
    first, last
        Ends, the first not below the least cost.

    Examples
    --------
    >>> staircase([(0, 1), (3, 2), (9, 5)], first=0, last=7)
    [(0, 1), (3, 1), (3, 2), (7, 2)]
    """
    served = max(value for cost, value in found if cost <= first)
    corners = [(first, served)]
    for cost, value in found:
        if first < cost <= last:
            corners += [(cost, served), (cost, value)]
            served = value
    return [*corners, (last, served)] if corners[-1][0] < last else corners


def ceiling(budgets: Sequence[float], bounds: Sequence[float]) -> list[tuple[float, float]]:
    """Return the corners of what no plan can beat: up to each budget its bound.

    Examples
    --------
    >>> ceiling([0, 5], [1, 4])
    [(0, 1), (0, 4), (5, 4)]
    """
    corners = [(budgets[0], bounds[0])]
    for before, budget, bound in zip(budgets, budgets[1:], bounds[1:], strict=False):
        corners += [(before, bound), (budget, bound)]
    return corners


def ticks(most: float) -> list[float]:
    """Return round numbers from 0 to `most` or a little more, evenly spaced.

    Examples
    --------
    >>> ticks(28250.0)
    [0.0, 5000.0, 10000.0, 15000.0, 20000.0, 25000.0, 30000.0]
    """
    if most <= 0.0:
        return [0.0, 1.0]
    rough = most / _TICKS
    unit_ = 10.0 ** math.floor(math.log10(rough))
    step = next(
        unit_ * times for times in (1.0, 2.0, 2.5, 5.0, 10.0) if unit_ * times >= rough * (1.0 - 1e-9)
    )
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def _grid(axes: _Axes, xs: Sequence[float], ys: Sequence[float], frontier: Frontier) -> list[str]:
    """Return rules, figures and names of the axes."""
    left, right, bottom = axes.x(0.0), axes.x(axes.most_x), axes.y(0.0)
    parts = []
    for amount in ys:
        y = axes.y(amount)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_RULE}"/>')
        parts.append(_text(left - 10, y + 4.5, f"{amount:,.0f}", anchor="end"))
    for budget in xs:
        x = axes.x(budget)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}" stroke="{_INK}"/>')
        parts.append(_text(x, bottom + 21, f"{budget:,.0f}"))
    if frontier.demand > 0.0:
        for percent in range(0, 101, 20):
            y = axes.y(frontier.demand * percent / 100.0)
            parts.append(_text(right + 10, y + 4.5, f"{percent} %", anchor="start", color=_SOFT))
        y = axes.y(frontier.demand)
        ends = f'x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"'
        parts.append(f'<line {ends} stroke="{_SOFT}" stroke-dasharray="2 4"/>')
        parts.append(_text(left + 8, y - 6, "全部需求 All demand", anchor="start", color=_SOFT))
    parts.append(f'<line x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="{_INK}"/>')
    parts.append(
        _text((left + right) / 2, _HEIGHT - 14, "新建站投资预算（万元） Budget for new stations (10,000 CNY)")
    )
    return parts


def _heading(frontier: Frontier) -> list[str]:
    """Return title and legend."""
    scenario = frontier.scenario
    units = " · ".join(dict.fromkeys((unit(scenario.objective, "zh"), unit(scenario.objective, "en"))))
    parts = [
        _text(_LEFT, 30, "成本–覆盖前沿 Cost-coverage frontier", anchor="start", size=18, bold=True),
        _text(_WIDTH - _RIGHT, 30, f"{scenario.name} · {scenario.year}", anchor="end", color=_SOFT),
        _text(_LEFT - 10, _TOP - 14, f"服务量 Served ({units})", anchor="middle", color=_SOFT),
        _text(_WIDTH - 8, _TOP - 14, "占需求 Of demand", anchor="end", color=_SOFT),
    ]
    marks = (
        (_line(_LEFT, 56, _FOUND), _LEFT, 56, "找到的最好方案 Best plan found"),
        (_dot(_LEFT + 250, 56, _FOUND), _LEFT + 250, 56, "所求预算，已证最优 Budget searched, proven"),
        (_dot(_LEFT + 550, 56, "#fff"), _LEFT + 550, 56, "未证最优 not proven"),
        (_band(_LEFT, 78), _LEFT, 78, "未定：虚线（上界）以上已证不可能 Undecided; proven impossible above"),
    )
    for mark, x, y, told in marks:
        parts += [mark, _text(x + 32, y + 4.5, told, anchor="start")]
    return parts


def _line(x: float, y: float, color: str) -> str:
    """Return the mark of a line."""
    return f'<line x1="{x}" x2="{x + 24}" y1="{y}" y2="{y}" stroke="{color}" stroke-width="2.5"/>'


def _dot(x: float, y: float, inside: str) -> str:
    """Return the mark of a point."""
    return f'<circle cx="{x + 18}" cy="{y}" r="5" fill="{inside}" stroke="{_FOUND}" stroke-width="2"/>'


def _band(x: float, y: float) -> str:
    """Return the mark of what is not decided."""
    return (
        f'<rect x="{x}" y="{y - 7}" width="24" height="14" fill="{_OPEN}" fill-opacity="0.22"/>'
        f'<line x1="{x}" x2="{x + 24}" y1="{y - 7}" y2="{y - 7}" stroke="{_OPEN}" stroke-dasharray="5 3"/>'
    )


def _text(
    x: float,
    y: float,
    told: str,
    *,
    anchor: str = "middle",
    color: str = _INK,
    size: int = 13,
    bold: bool = False,
) -> str:
    """Return a line of text."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}"{weight}>'
        f"{escape(told)}</text>"
    )

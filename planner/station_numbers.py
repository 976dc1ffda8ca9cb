"""Numbers that stations bear on the page, the map and in print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan


def numbered(plan: Plan) -> pd.DataFrame:
    """Return the stations with their ``number`` on the page, new ones first; one they have already stays."""
    table = plan.stations.sort_values("status", key=lambda status: status != "new", kind="stable")
    return table if "number" in table.columns else table.assign(number=range(1, len(table) + 1))

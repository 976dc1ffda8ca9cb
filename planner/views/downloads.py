"""Files of the plan for the person's own folder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from planner import exports
from planner.text import Language, text

if TYPE_CHECKING:
    from planner.plan import Plan

_FILES = (
    ("csv", exports.stations_csv, "stations.csv", "text/csv"),
    (
        "xlsx",
        exports.plan_xlsx,
        "plan.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("geojson", exports.plan_geojson, "plan.geojson", "application/geo+json"),
    ("json", exports.plan_json, "plan.json", "application/json"),
)


def draw(plan: Plan, language: Language) -> None:
    """Draw one button per file; a file is made when its button is pressed."""
    with st.container(horizontal=True, gap="small", key="downloads"):
        for name, write, file_name, media_type in _FILES:
            st.download_button(
                text(f"download.{name}", language),
                data=partial(write, plan),
                file_name=f"{plan.scenario.name}-{plan.scenario.year}-{file_name}",
                mime=media_type,
                key=f"download-{name}",
                help=text(f"download.{name}_help", language),
                icon=":material/download:",
                on_click="ignore",
            )

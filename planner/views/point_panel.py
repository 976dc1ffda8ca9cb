"""Point demands an analyst places: one by one in a form, or many from a file, and those the scenario has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from corridor.errors import InputError
from demand.point_demands import POINT_USES
from planner.place_choices import place_choices
from planner.places import position
from planner.point_input import MOST_KG_PER_DAY, PointFile, read_point_upload
from planner.points import on_roads
from planner.route_lines import every_zone
from planner.scenario import PointDemand
from planner.text import Language, text
from planner.views.site_panel import SYSTEMS
from planner.views.status import message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.inputs import Inputs
    from planner.views.session import Session

_FORM_KEY = "chengyu-points"
_TEMPLATE = (
    "point_id,name_zh,name_en,use,lon,lat,kg_per_day,from_year,crs,source,note\n"
    "EXAMPLE-1,示例公交场站,Example bus depot,bus,104.15,30.57,600,2027,WGS84,示例 example,\n"
)


@dataclass(slots=True, eq=False)
class _Form:
    """What the form remembers.

    Parameters
    ----------
    turn
        How many points it placed: it is emptied by new keys.
    fault
        Why the last one was not placed.
    """

    turn: int = 0
    fault: str | InputError | None = None


def draw(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the form, the upload with its preview, and the points in use."""
    _panel(session, inputs, language, session.point_demands)


@st.fragment
def _panel(session: Session, inputs: Inputs, language: Language, in_use: tuple[PointDemand, ...]) -> None:
    """Draw the panel; other points than the page was drawn with reach the whole page."""
    if session.point_demands != in_use:
        st.rerun()
    left, right = st.columns([1, 1.9], gap="medium")
    with left:
        _form(session, inputs, language)
        file = st.file_uploader(
            text("points.file", language),
            type=["csv", "xlsx", "parquet"],
            key="points-file",
            max_upload_size=5,
        )
        system = st.selectbox(
            text("own.crs", language),
            SYSTEMS,
            index=None,
            accept_new_options=True,
            placeholder=text("own.crs_placeholder", language),
            key="points-crs",
        )
        st.caption(text("points.format", language))
        st.download_button(
            text("points.template", language),
            _TEMPLATE.encode("utf-8-sig"),
            file_name="points.csv",
            mime="text/csv",
            key="points-template",
            icon=":material/download:",
            on_click="ignore",
        )
    with right:
        _in_use(session, language)
        if file is not None and system is None:
            st.info(text("own.choose_crs", language))
        elif file is not None and system is not None:
            try:
                found = read_point_upload(file.name, file.getvalue(), inputs.network, crs=system)
            except InputError as error:
                st.error(message(error, language, lead="error.points"))
                return
            _preview(session, found, language)


def _form(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the form that places one point; what cannot be placed stays as typed."""
    form: _Form = st.session_state.setdefault(_FORM_KEY, _Form())
    zones = every_zone(inputs)
    choices = place_choices(zones, language)
    keys = {part: f"points-{part}-{form.turn}" for part in ("name", "kg")}
    # What lists offer changes with the language.
    keys |= {part: f"points-{part}-{form.turn}-{language}" for part in ("use", "place")}
    with st.form("points-form"):
        st.markdown(f"**{text('points.place', language)}**")
        first, second = st.columns(2)
        first.text_input(text("points.name", language), max_chars=80, key=keys["name"])
        second.selectbox(
            text("column.use", language),
            POINT_USES,
            format_func=lambda one: text(f"use.{one}", language),
            key=keys["use"],
        )
        st.selectbox(
            text("points.where", language),
            list(choices),
            index=None,
            format_func=lambda option: choices.get(option, option),
            accept_new_options=True,
            placeholder=text("routes.placeholder", language),
            key=keys["place"],
        )
        st.number_input(
            text("column.kg_per_day", language),
            min_value=0.1,
            max_value=MOST_KG_PER_DAY,
            value=None,
            key=keys["kg"],
        )
        st.form_submit_button(
            text("points.add", language),
            key="points-add",
            on_click=_place,
            args=(session, form, keys, inputs),
        )
    if isinstance(form.fault, InputError):
        st.error(message(form.fault, language, lead="error.points"))
    elif form.fault is not None:
        st.error(text(form.fault, language))


def _place(session: Session, form: _Form, keys: Mapping[str, str], inputs: Inputs) -> None:
    """Place the point the form says, or keep why it cannot be placed."""
    name, use, place, kg = (st.session_state[keys[part]] for part in ("name", "use", "place", "kg"))
    if not name.strip() or place is None or kg is None:
        form.fault = "points.incomplete"
        return
    try:
        point = placed(name.strip(), use, place, kg, session.point_demands, inputs)
    except InputError as error:
        form.fault = error
        return
    form.turn, form.fault = form.turn + 1, None
    _use(session, (*session.point_demands, point))


def placed(
    name: str, use: str, place: str, kg_per_day: float, others: Sequence[PointDemand], inputs: Inputs
) -> PointDemand:
    """Return a point demand at a place or at ``lon,lat``, with an id none of the others has.

    Raises
    ------
    corridor.errors.InputError
        For a place that is unknown or far from the roads.
    """
    lon, lat = position(inputs.network, place, zones=every_zone(inputs), where=name)
    taken = {point.point_id for point in others}
    point_id = next(f"P{n}" for n in range(1, len(taken) + 2) if f"P{n}" not in taken)
    on_roads(pd.DataFrame({"lon": [lon], "lat": [lat]}, index=[point_id]), inputs.network)
    content = {"point_id": point_id, "name_zh": name, "use": use, "lon": lon, "lat": lat}
    return PointDemand.model_validate(content | {"kg_per_day": kg_per_day})


def _in_use(session: Session, language: Language) -> None:
    """Draw the points the scenario has, and let them go."""
    points = session.point_demands
    if not points:
        st.info(text("points.none", language))
        return
    kg = sum(point.kg_per_day for point in points)
    st.caption(text("points.in_use", language, count=len(points), kg=kg))
    chosen = _table(points, "points-used", language)
    label = text("points.remove", language) if chosen else text("points.clear", language)
    kept = tuple(point for row, point in enumerate(points) if chosen and row not in chosen)
    st.button(label, icon=":material/delete:", key="points-clear", on_click=_use, args=(session, kept))


def _use(session: Session, points: tuple[PointDemand, ...]) -> None:
    """Let the scenario have these points, and no others."""
    session.point_demands = points


def _preview(session: Session, found: PointFile, language: Language) -> None:
    """Draw the points of a file and the button that puts them into the scenario."""
    if set(found.points) <= set(session.point_demands):
        st.caption(text("points.used", language))
        return
    kg = sum(point.kg_per_day for point in found.points)
    st.markdown(f"**{text('points.read', language, count=len(found.points), kg=kg)}**")
    _table(found.points, "points-read", language)
    # A file corrected and read again takes the place of its points.
    ids = {point.point_id for point in found.points}
    others = [point for point in session.point_demands if point.point_id not in ids]
    st.button(
        text("points.use", language, count=len(found.points)),
        type="primary",
        key="points-take",
        on_click=_use,
        args=(session, (*others, *found.points)),
    )


def _table(points: Sequence[PointDemand], key: str, language: Language) -> list[int]:
    """Draw points as a table; return the rows selected."""
    column = st.column_config
    rows = pd.DataFrame([point.model_dump() for point in points])
    rows["name"] = rows["name_en"].where(rows["name_en"] != "", rows["name_zh"])
    if language == "zh":
        rows["name"] = rows["name_zh"]
    rows["use"] = [text(f"use.{use}", language) for use in rows["use"]]
    rows["from_year"] = rows["from_year"].astype("Int64")
    configured: dict[str, Any] = {
        "point_id": column.TextColumn(text("column.point_id", language), width=96),
        "name": column.TextColumn(text("points.name", language)),
        "use": column.TextColumn(text("column.use", language), width=96),
        "kg_per_day": column.NumberColumn(text("column.kg_per_day", language), format="%,.1f", width=84),
        "from_year": column.NumberColumn(text("points.from_year", language), format="%d", width=72),
        "lon": column.NumberColumn(text("column.lon", language), format="%.4f", width=84),
        "lat": column.NumberColumn(text("column.lat", language), format="%.4f", width=84),
    }
    options: dict[str, Any] = {
        "hide_index": True,
        "key": key,
        "placeholder": "–",
        "alt": text("points.table_alt", language),
        "column_order": tuple(configured),
        "column_config": configured,
    }
    if key != "points-used":
        st.dataframe(rows, **options)
        return []
    event = st.dataframe(rows, **options, on_select="rerun", selection_mode="multi-row")
    return [row for row in event["selection"]["rows"] if row < len(points)]

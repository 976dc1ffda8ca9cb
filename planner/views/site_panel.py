"""Sites an analyst brings: a file, what of it can be taken and what not, and those the scenario has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from corridor.errors import InputError
from planner.fault_text import sentence
from planner.site_upload import added_sites, read_upload
from planner.text import Language, text
from planner.views.status import message

if TYPE_CHECKING:
    import pandas as pd

    from planner.inputs import Inputs
    from planner.scenario import AddedSite
    from planner.site_input import SiteInput
    from planner.views.session import Session

#: Reference systems to choose from; zones of Gauss-Kruger may be typed as EPSG:4491 to EPSG:4554.
SYSTEMS = ("WGS84", "CGCS2000", "GCJ-02", "BD-09")


def draw(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the upload with its preview, and the sites in use."""
    _panel(session, inputs, language, session.added_sites)


@st.fragment
def _panel(session: Session, inputs: Inputs, language: Language, in_use: tuple[AddedSite, ...]) -> None:
    """Draw the panel; other sites than the page was drawn with reach the whole page."""
    if session.added_sites != in_use:
        st.rerun()
    left, right = st.columns([1, 1.9], gap="medium")
    with left:
        _in_use(session, language)
        file = st.file_uploader(
            text("own.file", language), type=["csv", "geojson", "json"], key="own-file", max_upload_size=5
        )
        system = st.selectbox(
            text("own.crs", language),
            SYSTEMS,
            index=None,
            accept_new_options=True,
            placeholder=text("own.crs_placeholder", language),
            key="own-crs",
            help=text("own.crs_help", language),
        )
        st.caption(text("own.format", language))
    with right:
        if file is None or system is None:
            st.info(text("own.choose_file" if file is None else "own.choose_crs", language))
            return
        # A file corrected and read again takes the place of the sites it gave before.
        own = session.added_sites + (session.plan.scenario.added_sites if session.plan else ())
        existing = set(inputs.sites.index) - {site.site_id for site in own}
        try:
            found = read_upload(file.name, file.getvalue(), inputs.network, crs=system, existing=existing)
        except InputError as error:
            st.error(message(error, language, lead="error.sites"))
            return
        _preview(session, found, language)


def _in_use(session: Session, language: Language) -> None:
    """Say how many sites the scenario has, and let them go."""
    if not session.added_sites:
        st.caption(text("own.none", language))
        return
    st.caption(text("own.in_use", language, count=len(session.added_sites)))
    st.button(
        text("own.clear", language),
        icon=":material/delete:",
        key="own-clear",
        on_click=_use,
        args=(session, ()),
    )


def _use(session: Session, sites: tuple[AddedSite, ...]) -> None:
    """Let the scenario have these sites, and no others of one's own."""
    session.added_sites = sites


def _preview(session: Session, found: SiteInput, language: Language) -> None:
    """Draw the sites taken and refused, and the button that puts the former into the scenario."""
    st.html(
        f'<p class="proof-line"><b>'
        f"{text('own.taken', language, taken=len(found.taken), refused=len(found.refused))}</b></p>"
    )
    if len(found.taken):
        taken = found.taken.reset_index()
        columns = ("site_id", f"name_{language}", "kind", "lon", "lat", "snap_km", "road_km")
        _table(taken, columns, "own-taken", language)
        try:
            sites = added_sites(found.taken)
        except ValueError as error:
            st.error(f"{text('error.sites', language)} {error}")
            return
        label = text("own.use", language, count=len(sites))
        is_used = sites == session.added_sites
        st.button(
            label, type="primary", key="own-use", disabled=is_used, on_click=_use, args=(session, sites)
        )
        if is_used:
            st.caption(text("own.used", language))
    if len(found.refused):
        refused = found.refused.reset_index()
        refused["reason"] = [sentence(reason, language) for reason in refused["reason"]]
        _table(refused, ("row", "site_id", f"name_{language}", "reason"), "own-refused", language)


def _table(sites: pd.DataFrame, columns: tuple[str, ...], key: str, language: Language) -> None:
    """Draw some columns of sites."""
    column = st.column_config
    name = f"name_{language}"
    configured: dict[str, Any] = {
        "row": column.NumberColumn(text("own.row", language), format="%d", width=48),
        "site_id": column.TextColumn(text("column.site_id", language)),
        name: column.TextColumn(text(f"column.{name}", language)),
        "kind": column.TextColumn(text("column.kind", language)),
        "lon": column.NumberColumn(text("column.lon", language), format="%.5f"),
        "lat": column.NumberColumn(text("column.lat", language), format="%.5f"),
        "snap_km": column.NumberColumn(text("own.snap_km", language), format="%.2f"),
        "road_km": column.NumberColumn(text("own.road_km", language), format="%.2f"),
        "reason": column.TextColumn(text("own.reason", language), width="large"),
    }
    st.dataframe(
        sites.assign(kind=[text(f"kind.{kind}", language) for kind in sites["kind"]]),
        hide_index=True,
        key=key,
        placeholder="–",
        alt=text(f"{key.replace('-', '.')}_alt", language),
        column_order=columns,
        column_config={shown: configured[shown] for shown in columns},
    )

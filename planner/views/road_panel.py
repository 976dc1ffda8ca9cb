"""An own road network: bring files, see what is wrong with them, take them over or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from corridor.errors import ChengyuError
from planner import road_upload
from planner.fault_text import sentence
from planner.text import Language, text
from planner.views.presence import stop_when_left
from planner.views.session import demand
from planner.views.status import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from planner.jobs import Job
    from planner.road_upload import RoadPreview
    from planner.views.session import Session

_KEY = "chengyu-roads"
_REFRESH_S = 0.5
_CLASSES_NAMED = 8
_PLACES: tuple[Literal["zones", "sites", "bases"], ...] = ("zones", "sites", "bases")


@dataclass(slots=True, eq=False)
class _Panel:
    """What the panel remembers.

    Parameters
    ----------
    job
        Reads files.
    found
        What was read, not taken over yet.
    taking
        Whether it is to be taken over; stays until that is done, should another click end the drawing.
    error, lead
        What went wrong, and the key of what it kept from happening.
    stopped
        Whether a person stopped the reading.
    turn
        How many times files were handed over: an uploader is emptied by a new key.
    """

    job: Job[RoadPreview] | None = None
    found: RoadPreview | None = None
    taking: bool = False
    error: Exception | None = None
    lead: str = "own_roads.refused"
    stopped: bool = False
    turn: int = 0

    def read(self, files: list[tuple[str, bytes]]) -> None:
        """Begin to read files."""
        self.clear()
        self.job = road_upload.preview_job(files)
        self.turn += 1
        stop_when_left(self.job)

    def clear(self) -> None:
        """Forget what was read."""
        if self.job is not None:
            self.job.stop()
        self.job, self.found, self.error, self.stopped, self.taking = None, None, None, False, False

    def take(self) -> None:
        """Remember that what was read is to be taken over."""
        self.taking = True

    def collect(self) -> bool:
        """Take what a finished job gave; return whether there was one."""
        if self.job is None or not self.job.done:
            return False
        self.found, self.error = self.job.result, self.job.error
        self.stopped = self.found is None and self.error is None
        self.lead, self.job = "own_roads.refused", None
        return True


def draw(session: Session, language: Language) -> None:
    """Draw the network in use, the upload, and the preview of what was brought."""
    panel: _Panel = st.session_state.setdefault(_KEY, _Panel())
    panel.collect()
    left, right = st.columns([1, 1.9], gap="medium")
    with left:
        _in_use(session, panel, language)
        _upload(panel, language)
    with right, st.container(key="own-roads-state", gap="small"):
        if panel.job is not None:
            st.fragment(_reading, run_every=_REFRESH_S)(panel, language)
        elif panel.stopped:
            st.info(text("own_roads.stopped", language))
        elif panel.error is not None:
            st.error(message(panel.error, language, lead=panel.lead))
        elif panel.found is None:
            st.info(text("own_roads.format", language))
        if panel.found is not None:
            _preview(panel.found, language)
            _take(session, panel, panel.found, language)


def _in_use(session: Session, panel: _Panel, language: Language) -> None:
    """Say which roads the scenario has, and offer the way back."""
    network = session.draft.network
    if network is None:
        st.caption(text("own_roads.shipped", language))
        return
    st.caption(text("own_roads.in_use", language, name=road_upload.source_name(network)))
    st.button(
        text("own_roads.back", language),
        icon=":material/undo:",
        key="own-roads-back",
        on_click=_give_back,
        args=(session, panel),
    )


def _give_back(session: Session, panel: _Panel) -> None:
    """Return to the roads shipped."""
    panel.clear()
    session.apply(session.draft.model_copy(update={"network": None}))


def _upload(panel: _Panel, language: Language) -> None:
    """Draw the upload; several files may be one network, so a button begins."""
    files = st.file_uploader(
        text("own_roads.files", language),
        type=list(road_upload.ENDINGS),
        accept_multiple_files=True,
        key=f"own-roads-{panel.turn}",
        max_upload_size=road_upload.MOST_MB,
        help=text("own_roads.help", language),
    )
    st.button(
        text("own_roads.read", language),
        key="own-roads-read",
        disabled=not files or panel.job is not None,
        width="stretch",
        on_click=_read,
        args=(panel, files),
    )


def _read(panel: _Panel, files: Sequence[UploadedFile]) -> None:
    """Begin to read the files handed over."""
    panel.read([(file.name, file.getvalue()) for file in files])


def _reading(panel: _Panel, language: Language) -> None:
    """Draw the step the reading is at; once it is over, the whole page is drawn anew."""
    if panel.collect() or panel.job is None:
        st.rerun()
    job = panel.job
    step = text("own_roads.reading", language)
    if job.progress is not None:
        step = f"{sentence(job.progress.message, language)} · {job.progress.seconds:.0f} s"
    say, stop = st.columns([5, 1], vertical_alignment="center")
    say.markdown(step)
    stop.button(
        text("own_roads.stop", language), key="own-roads-stop", disabled=job.stopping, on_click=job.stop
    )
    if job.stopping:
        st.caption(text("own_roads.stopping", language))


def _preview(found: RoadPreview, language: Language) -> None:
    """Draw figures, faults and places of a network."""
    network, report = found.network, found.report
    st.markdown(
        "**"
        + text(
            "own_roads.found",
            language,
            name=found.name,
            nodes=f"{network.n_nodes:,}",
            edges=f"{len(network.edges):,}",
            km=f"{report.km_out:,.0f}",
        )
        + "**"
    )
    sides = zip(("west", "south", "east", "north"), found.extent, strict=True)
    st.caption(text("own_roads.extent", language, **{name: f"{side:.2f}" for name, side in sides}))
    classes = text("share.join", language).join(
        text("own_roads.class_km", language, name=name, km=f"{km:,.0f}")
        for name, km in found.km_by_class.head(_CLASSES_NAMED).items()
    )
    st.caption(text("own_roads.classes", language, classes=classes))
    for column, name in zip(st.columns(3), _PLACES, strict=True):
        near, every = found.reached(name)
        column.metric(
            text(f"own_roads.{name}", language), text("own_roads.of", language, near=near, all=every)
        )
    _faults(found, language)
    _far(found, language)
    if report.notices:
        st.markdown(f"**{text('own_roads.notices', language)}**")
        st.markdown("\n".join(f"- {sentence(notice, language)}" for notice in report.notices))


def _faults(found: RoadPreview, language: Language) -> None:
    """Draw what was left out and what was stood in for."""
    st.markdown(f"**{text('own_roads.faults', language)}**")
    if found.faults.empty:
        st.caption(text("own_roads.no_faults", language))
        return
    column = st.column_config
    kinds = found.faults.index
    st.dataframe(
        found.faults.assign(
            what=[text(f"own_roads.{kind}", language) for kind in kinds],
            mended=[text(f"own_roads.{kind}_mend", language) for kind in kinds],
        ),
        hide_index=True,
        key="own-roads-faults",
        alt=text("own_roads.faults_alt", language),
        column_order=("what", "edges", "km", "mended"),
        column_config={
            "what": column.TextColumn(text("own_roads.what", language)),
            "edges": column.NumberColumn(text("own_roads.edges", language), format="%,d", width=72),
            "km": column.NumberColumn(text("own_roads.km", language), format="%,.1f", width=84),
            "mended": column.TextColumn(text("own_roads.mended", language), width="large"),
        },
    )


def _far(found: RoadPreview, language: Language) -> None:
    """Draw the places that the roads do not reach."""
    if found.far.empty:
        return
    column = st.column_config
    name = f"name_{language}"
    with st.expander(f"{text('own_roads.far', language)} · {len(found.far)}"):
        st.caption(text("own_roads.far_told", language))
        st.dataframe(
            found.far.assign(kind=[text(f"own_roads.kind_{kind}", language) for kind in found.far["kind"]]),
            hide_index=True,
            key="own-roads-far",
            alt=text("own_roads.far_alt", language),
            column_order=("kind", name, "snap_km"),
            column_config={
                "kind": column.TextColumn(text("own_roads.kind", language), width=84),
                name: column.TextColumn(text("own_roads.place", language)),
                "snap_km": column.NumberColumn(text("own_roads.snap_km", language), format="%,.0f"),
            },
        )


def _take(session: Session, panel: _Panel, found: RoadPreview, language: Language) -> None:
    """Draw the buttons that take the network over, or let it go."""
    with st.container(horizontal=True, gap="small"):
        st.button(text("own_roads.use", language), type="primary", key="own-roads-use", on_click=panel.take)
        st.button(text("own_roads.dismiss", language), key="own-roads-dismiss", on_click=panel.clear)
    if not panel.taking:
        return
    try:
        with st.spinner(text("own_roads.using", language)):
            scenario = session.draft.model_copy(update={"network": str(road_upload.keep(found))})
            demand(scenario)
    except ChengyuError as error:
        panel.error, panel.lead, panel.taking = error, "own_roads.not_taken", False
    else:
        panel.clear()
        session.apply(scenario)
    st.rerun()

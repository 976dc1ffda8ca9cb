"""Every fault that a user of the page can meet is in both catalogues: walks over the code that says it."""

import ast
import importlib
import inspect
import itertools
import re

import pytest

from corridor.errors import InputError
from demand.inputs import SHARE
from planner.fault_text import said, sentence
from planner.inputs import load_inputs
from planner.trip_files import fault_table, taken

#: Code whose faults reach the page: own files, own sites, assumptions, and the demand that follows.
_MODULES = (
    "planner.od_input",
    "planner.count_input",
    "planner.table_file",
    "corridor.tables",
    "corridor.gmns",
    "corridor.graphs",
    "corridor.imports",
    "corridor.loading",
    "corridor.osm",
    "corridor.roads",
    "planner.own_trips",
    "planner.point_input",
    "planner.trip_files",
    "planner.road_upload",
    "planner.saved",
    "planner.share",
    "planner.share_view",
    "planner.site_input",
    "planner.inputs",
    "planner.siting_case",
    "planner.edits",
    "demand.adoption",
    "demand.coaches",
    "demand.diffusion",
    "demand.estimation",
    "demand.freight",
    "demand.gravity",
    "demand.inputs",
    "demand.pilots",
    "siting.delivery_modes",
    "siting.station_forms",
    "siting.supply_terms",
)

_ERRORS = {"InfeasibleError", "SolverError"}
_LATIN_SENTENCE = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")
_HAN = re.compile(r"[一-鿿]")
_SAMPLE = "7"
#: What a limit reads like.
_LIMITS = {"limit": str(SHARE), "SHARE": str(SHARE)}


def _texts(node):
    """Return what an expression may say, placeholders filled with a sample; nothing for what is not text."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        parts = [
            _texts(part) if isinstance(part, ast.Constant) else _texts_of_value(part) for part in node.values
        ]
        return ["".join(choice) for choice in itertools.product(*parts)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    if isinstance(node, ast.Lambda):
        return _texts(node.body)
    return []


def _texts_of_value(part):
    """Return the ways a placeholder reads: texts where it chooses between texts, else a sample."""
    if isinstance(part.value, ast.Name) and part.value.id in _LIMITS:
        return [_LIMITS[part.value.id]]
    return _texts(part.value) or [_SAMPLE]


def _told(call):
    """Return the arguments of a call that say a fault or its mend."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "Fault":
        mends = [word.value for word in call.keywords if word.arg == "mend"]
        return [call.args[0], *call.args[2:3], *mends]
    if name in {"add", "rows"} and len(call.args) == 4:
        return call.args[2:]
    if name == "_quoted":
        return call.args[-1:]
    return call.args[:1] if name in _ERRORS else []


def _sentences_in(node):
    """Return every text of several words inside a node."""
    return [text for inner in ast.walk(node) for text in _texts(inner) if " " in text]


def _named(node):
    """Return texts that are named before they are said: `what = ...`, and rows `(faulty, what, mend)`."""
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
        return _sentences_in(node.iter)
    if not isinstance(node, ast.Assign):
        return []
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    if names & {"what", "mend", "outside"}:
        return _texts(node.value)
    return _sentences_in(node.value) if names & {"mends", "checks", "_LIMITS"} else []


def _said(module):
    """Return the sentences of a module's faults: what is wrong, and how to mend it."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module)))):
        found.update(_named(node))
        if isinstance(node, ast.Call):
            found.update(text for told in _told(node) for text in _texts(told))
    return sorted(text for text in found if text.strip(" ,.") and text == text.strip())


@pytest.mark.parametrize("module", _MODULES)
def test_every_sentence_is_in_both_catalogues(module):
    said = _said(module)
    assert said, module
    missing = [text for text in said if sentence(text, "en") != text or not _HAN.search(sentence(text, "zh"))]
    assert missing == []


_TRIPS = """origin,destination,vehicle_class,trips_per_day,fuel_cell_percent
510112,999999,tractor_49t,-3,120
510100,500112,truck,many,
,市中区,coach_12m,,0
510112,500112,rigid_18t,500000,
510112,500112,rigid_18t,5,
"""
_COUNTS = """road_ref,from,to,count_per_day,truck_percent,year,weight
G76,资阳,内江,-5,140,1890,0
G9999,资阳,内江,100,,,
G76,资阳,,100,,,
,,,100,,,
"""


@pytest.mark.parametrize(
    ("kind", "content", "cells"),
    [
        (
            "od_table",
            _TRIPS,
            {
                (2, "destination"),
                (2, "trips_per_day"),
                (2, "fuel_cell_percent"),
                (3, "origin"),
                (3, "vehicle_class"),
                (3, "trips_per_day"),
                (4, "origin"),
                (4, "destination"),
                (4, "trips_per_day"),
                (5, "trips_per_day"),
                (6, "origin, destination, vehicle_class"),
            },
        ),
        (
            "link_counts",
            _COUNTS,
            {
                (2, "count_per_day"),
                (2, "truck_percent"),
                (2, "year"),
                (2, "weight"),
                (3, "road_ref, from, to"),
                (4, "road_ref, from, to"),
                (5, "road_ref, from, to"),
            },
        ),
    ],
)
def test_faulty_cells_are_said_in_chinese_with_row_and_column(kind, content, cells, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    with pytest.raises(InputError) as caught:
        taken(kind, "own.csv", content.encode(), inputs=load_inputs())
    table = fault_table(caught.value.faults)
    assert set(zip(table["row"], table["column"], strict=True)) == cells
    for fault in caught.value.faults:
        told = said(fault, "zh")
        assert not _LATIN_SENTENCE.search(told), told
        assert "own.csv 第" in told
        assert said(fault, "en") == str(fault)
    assert list(tmp_path.iterdir()) == []

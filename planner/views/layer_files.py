"""Rows of layers that no plan changes, as files the browser fetches once.

A map whose rows come with every answer of the server is laid out anew each time: 1.4 of 2.2 MB are roads and
waters. Rows behind an address that stays are fetched and laid out once, and lines are cut into tiles, so that
a browser draws those in sight, no finer than they show: of 19,000 stretches of road and river 8,600 at first.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.drawing import line_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    _Rows = Sequence[Mapping[str, Any]]

#: How the ids of layers begin that depend on the road network and the style alone.
_STILL = "ground-"
#: Served by Streamlit's static serving, next to the page.
_FOLDER, _ADDRESS = Path(__file__).parents[2] / "static" / "layers", "/app/static/layers"
_HASH_LENGTH = 20
_MOST_KEPT = 64

#: What is kept of layers, by layer, number of rows, and what the first and last row hold: rows made anew
#: around the same kept lines. These are held, so that no other line takes the identity of one.
_known: dict[tuple[Any, ...], tuple[Any, tuple[str, dict[str, Any]]]] = {}


def moved(layers: Sequence[pdk.Layer]) -> list[pdk.Layer]:
    """Return the layers, those that no plan changes with the address their rows lie at, lines in tiles."""
    return [
        _moved(layer)
        if str(layer.id).startswith(_STILL) and isinstance(layer.data, list) and layer.data
        else layer
        for layer in layers
    ]


def _moved(layer: pdk.Layer) -> pdk.Layer:
    """Return a layer with the address of its rows; as it is where nothing can be written."""
    is_line = layer.type == "PathLayer"
    try:
        address, found = _kept(str(layer.id), layer.data, write=_tiles if is_line else _file)
    except OSError:
        return layer
    if not is_line:
        layer.data = address
        return layer
    return pdk.Layer(
        "TileLayer",
        address,
        id=layer.id,
        tile_size=line_tiles.TILE_PX,
        get_line_color="properties.color",
        get_line_width="properties.width",
        line_width_units=layer.width_units,
        **found,
    )


def _kept(
    layer_id: str, rows: _Rows, *, write: Callable[[str, _Rows], tuple[str, dict[str, Any]]]
) -> tuple[str, dict[str, Any]]:
    """Return where rows lie, written there at need, and how a layer finds its way among tiles.

    Raises
    ------
    OSError
        If nothing can be written.
    """
    ends = [value for row in (rows[0], rows[-1]) for value in row.values()]
    key = (layer_id, len(rows), *(id(value) if _is_nested(value) else repr(value) for value in ends))
    if key not in _known:
        kept = write(layer_id, rows)
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        _known[key] = (ends, kept)
    return _known[key][-1]


def _is_nested(value: object) -> bool:
    """Return whether a value is a list of lists: lines, known by their identity."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _file(layer_id: str, rows: _Rows) -> tuple[str, dict[str, Any]]:
    """Return where rows lie as one file."""
    return f"{_written(layer_id, {'rows.json': _json(rows)})}/rows.json", {}


def _tiles(layer_id: str, rows: _Rows) -> tuple[str, dict[str, Any]]:
    """Return where paths lie as tiles, with extent and levels."""
    cut = line_tiles.pyramid([row["path"] for row in rows])
    files = {
        f"{tile.level}-{tile.column}-{tile.row}.json": _json(features(pieces, rows))
        for tile, pieces in cut.tiles.items()
    }
    found = {"extent": list(cut.extent), "min_zoom": cut.levels[0], "max_zoom": cut.levels[1]}
    return f"{_written(layer_id, files)}/{{z}}-{{x}}-{{y}}.json", found


def features(pieces: Sequence[line_tiles.Piece], rows: _Rows) -> dict[str, Any]:
    """Return pieces of lines as GeoJSON, a feature for lines that look alike and follow one another."""
    found: list[dict[str, Any]] = []
    for line, path in pieces:
        look = {key: value for key, value in rows[line].items() if key != "path"}
        if not found or found[-1]["properties"] != look:
            geometry = {"type": "MultiLineString", "coordinates": []}
            found.append({"type": "Feature", "properties": look, "geometry": geometry})
        found[-1]["geometry"]["coordinates"].append(path)
    return {"type": "FeatureCollection", "features": found}


def _json(content: object) -> bytes:
    """Return content as compact JSON."""
    return json.dumps(content, separators=(",", ":")).encode()


def _written(layer_id: str, files: Mapping[str, bytes]) -> str:
    """Return the address of a folder of files, written unless it is there; nobody ever reads half of it."""
    digest = hashlib.sha256()
    for file, content in sorted(files.items()):
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    name = f"{layer_id}-{digest.hexdigest()[:_HASH_LENGTH]}"
    if not (_FOLDER / name).is_dir():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=_FOLDER, prefix=".draft-"))
        draft.chmod(0o755)
        for file, content in files.items():
            (draft / file).write_bytes(content)
        try:
            draft.rename(_FOLDER / name)
        except OSError:
            # Another process was first.
            shutil.rmtree(draft, ignore_errors=True)
            if not (_FOLDER / name).is_dir():
                raise
    return f"{_ADDRESS}/{name}"

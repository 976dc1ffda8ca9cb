"""Rows of layers that no plan changes, as files the browser fetches once.

A map whose rows come with every answer of the server is laid out anew each time: 1.4 of 2.2 MB are roads and
waters. Rows behind an address that stays are fetched and laid out once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pydeck as pdk

#: Layers that depend on the road network alone, by the beginning of their ids.
_STILL = ("road-", "water-")
#: Served by Streamlit's static serving, next to the page.
_FOLDER, _ADDRESS = Path(__file__).parents[2] / "static" / "layers", "/app/static/layers"
_HASH_LENGTH = 20
_MOST_KEPT = 64

#: Addresses by layer, number of rows, and the identity of the first and last row's value: rows made anew
#: around the same kept lines. The values are held, so that no other object takes their identity.
_known: dict[tuple[str, int, int, int], tuple[Any, Any, str]] = {}


def moved(layers: Sequence[pdk.Layer]) -> list[pdk.Layer]:
    """Return the layers, in place: rows that no plan changes are replaced by the address they lie at."""
    for layer in layers:
        rows = layer.data
        if str(layer.id).startswith(_STILL) and isinstance(rows, list) and rows:
            layer.data = _address(str(layer.id), rows) or rows
    return list(layers)


def _address(layer_id: str, rows: Sequence[dict[str, Any]]) -> str | None:
    """Return where rows lie, written there at need; None where nothing can be written."""
    first, last = next(iter(rows[0].values())), next(iter(rows[-1].values()))
    key = (layer_id, len(rows), id(first), id(last))
    if key in _known:
        return _known[key][-1]
    content = json.dumps(rows, separators=(",", ":")).encode()
    name = f"{layer_id}-{hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]}.json"
    try:
        _write(_FOLDER / name, content)
    except OSError:
        return None
    if len(_known) >= _MOST_KEPT:
        _known.clear()
    _known[key] = (first, last, f"{_ADDRESS}/{name}")
    return _known[key][-1]


def _write(path: Path, content: bytes) -> None:
    """Write a file unless it is there; nobody ever reads half of one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)

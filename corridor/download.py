"""Fresh OpenStreetMap roads through OSMnx: Overpass for the roads, Nominatim for the outlines of places.

OSMnx keeps its options in global settings and pins host names in ``socket``; both are set here for the length
of one download and put back. Where OSMnx would wait and retry without end, or keep what a server cut short,
the download stops with one message.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corridor.errors import Fault, InputError
from corridor.graphs import graph_tables
from corridor.osm import WAY_TAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

OVERPASS_URL = "https://overpass-api.de/api"
NOMINATIM_URL = "https://nominatim.openstreetmap.org/"

_FIRST_ERROR, _TOO_MANY, _GATEWAY_TIMEOUT = 400, 429, 504
#: An answer without any element is shorter than this.
_SHORT_BYTES = 4096
#: Seconds to wait for the first sign of a server before calling it out of reach.
_REACH_S = 10.0
#: Line of the status page, from 0, where OSMnx looks for the slots.
_SLOT_LINE = 4
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What to download: the outline of an area, or names of places to look up.

    Parameters
    ----------
    polygon
        Outline in degrees WGS 84.
    places
        Names as Nominatim knows them, e.g. ``成都市``; looked up where no outline is given.
    """

    polygon: Polygon | MultiPolygon | None = None
    places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.polygon is None) == (not self.places):
            raise InputError(
                Fault("an area is an outline or names of places", "download", "Give one of them")
            )

    def __str__(self) -> str:
        if self.polygon is None:
            return ", ".join(self.places)
        return ",".join(f"{value:g}" for value in self.polygon.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where to download from.

    Parameters
    ----------
    overpass_url, nominatim_url
        Base addresses.
    timeout_s
        Seconds a query may take.
    polite
        Whether to ask Overpass for a free slot before every query, as its rules want.
    """

    overpass_url: str = OVERPASS_URL
    nominatim_url: str = NOMINATIM_URL
    timeout_s: float = 180.0
    polite: bool = True


def download(
    area: Area,
    highways: Sequence[str],
    *,
    cache: Path,
    servers: Servers | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the roads of an area as OSMnx tables, unsimplified.

    Parameters
    ----------
    area
        What to download.
    highways
        Values of ``highway`` to keep.
    cache
        Folder for the servers' answers; an answer once there is not asked for again.
    servers
        Where to download from; the public servers without it.
    say
        Called with a line of progress.

    Raises
    ------
    corridor.errors.InputError
        If a server is out of reach, busy, too slow, or has no such roads or place.
    """
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where roads are downloaded
    import requests  # noqa: PLC0415  comes with osmnx

    servers = servers or Servers()
    _discard_broken(cache)
    query = f'["highway"~"^({"|".join(highways)})$"]'
    with _ONE_AT_A_TIME, _settings(ox.settings, cache, servers, say):
        try:
            polygon = area.polygon
            if polygon is None:
                say(f"looking up {area}")
                polygon = ox.geocode_to_gdf(list(area.places)).union_all()
            say(f"downloading the roads of {area} from {servers.overpass_url}")
            graph = ox.graph_from_polygon(
                polygon, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter=query
            )
        except requests.exceptions.Timeout as error:
            mend = "Try again later, or ask for a smaller area"
            raise InputError(
                Fault("the server did not answer in time", _asked(error, servers), mend)
            ) from error
        except requests.exceptions.ChunkedEncodingError as error:
            where = _asked(error, servers)
            raise InputError(Fault("the answer broke off", where, "Try again, nothing was kept")) from error
        except requests.exceptions.RequestException as error:
            mend = "Check the network connection, or import a file: chengyu roads import FILE --out DIR"
            raise InputError(Fault("the server is out of reach", _asked(error, servers), mend)) from error
        except InputError:
            raise
        except (ValueError, TypeError, KeyError) as error:
            mend = "Check the name or the outline of the area and the classes of highway"
            raise InputError(Fault(f"the download holds no such roads ({error})", str(area), mend)) from error
    return graph_tables(graph, where=str(area))


def _asked(error: Any, servers: Servers) -> str:  # noqa: ANN401  an error of requests
    """Return the address that did not answer."""
    request = getattr(error, "request", None)
    return str(getattr(request, "url", None) or servers.overpass_url).split("?")[0]


@contextmanager
def _settings(settings: Any, cache: Path, servers: Servers, say: Callable[[str], None]) -> Iterator[None]:  # noqa: ANN401  a module
    """Set OSMnx up for one download, then put back every option and the resolver of host names."""
    ours: dict[str, Any] = {
        "overpass_url": servers.overpass_url,
        "nominatim_url": servers.nominatim_url,
        "requests_timeout": servers.timeout_s,
        "overpass_rate_limit": servers.polite and _answers(servers.overpass_url),
        "requests_kwargs": {"hooks": {"response": _checker(say)}},
        "use_cache": True,
        "cache_folder": str(cache),
        "cache_only_mode": False,
        "doh_url_template": None,
        "all_oneway": False,
        "useful_tags_way": [*WAY_TAGS, "oneway", "junction"],
        "useful_tags_node": ["highway", "ref", "name", "name:en"],
    }
    before = {name: getattr(settings, name) for name in ours}
    resolver = socket.getaddrinfo
    try:
        for name, value in ours.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = resolver


def _answers(url: str) -> bool:
    """Whether the server states its free slots; one that is not there at all is left to the query itself.

    OSMnx waits a full minute where the status page does not answer, or answers something else.
    """
    import requests  # noqa: PLC0415  comes with osmnx

    try:
        answer = requests.get(f"{url.rstrip('/')}/status", timeout=_REACH_S)
    except requests.exceptions.RequestException:
        return False
    lines = answer.text.split("\n")
    word = lines[_SLOT_LINE].split(" ")[0] if len(lines) > _SLOT_LINE else ""
    return answer.ok and (word.isdigit() or word in {"Slot", "Currently"})


def _checker(say: Callable[[str], None]) -> Callable[..., None]:
    """Return what looks at every answer before OSMnx uses or keeps it."""

    def check(answer: Any, **_: object) -> None:  # noqa: ANN401  a response of requests
        where = str(answer.url).split("?")[0]
        if where.endswith("/status"):
            return
        size = len(answer.content)  # read to its end, so that the connection can be closed
        fault = _refusal(answer.status_code, where) or _defect(answer.content, where)
        if fault is not None:
            raise InputError(fault)
        say(f"received {size / 1e6:.1f} MB")

    return check


def _refusal(status: int, where: str) -> Fault | None:
    """Return why the server does not answer, if it says so."""
    if status == _TOO_MANY:
        mend = "Wait a few minutes and try again, or ask for a smaller area"
        return Fault("the server has had too many requests (429)", where, mend)
    if status == _GATEWAY_TIMEOUT:
        mend = "Try again later, or ask for a smaller area or fewer classes of highway"
        return Fault("the server is busy or the query took too long (504)", where, mend)
    if status >= _FIRST_ERROR:
        mend = "Try again later, or import a file: chengyu roads import FILE --out DIR"
        return Fault(f"the server answered {status}", where, mend)
    return None


def _defect(content: bytes, where: str) -> Fault | None:
    """Return what is wrong with the content of an answer, if anything."""
    if content.strip()[:1] not in {b"{", b"["} or content.strip()[-1:] not in {b"}", b"]"}:
        mend = "Try again; if it stays so, check --overpass-url and whether a proxy answers in its place"
        return Fault("the answer is no JSON, or cut off", where, mend)
    if b'"remark"' in content[:4096] + content[-4096:]:
        return Fault("the server cut its answer short", where, "Ask for a smaller area")
    if len(content) < _SHORT_BYTES and re.search(rb'"elements"\s*:\s*\[\s*\]', content):
        mend = "Check the outline of the area and the classes of highway; nothing was kept, ask again later"
        return Fault("the server found no such roads", where, mend)
    return None


def _discard_broken(cache: Path) -> None:
    """Remove answers that were not written to their end, so that they are asked for again."""
    for path in cache.glob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            path.unlink()

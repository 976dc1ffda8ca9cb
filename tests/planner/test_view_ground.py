"""The ground of the map: light to draw, never clicked, its names apart at the opening zoom and near by."""

import itertools
import json
import math
from urllib.parse import unquote

import pytest
import shapely

from planner.drawing import roads
from planner.drawing.labels import Screen, text_size_px
from planner.drawing.places import SMALLEST_RANK, places
from planner.drawing.waters import name_spots, upright, waters
from planner.inputs import load_inputs
from planner.text import LANGUAGES
from planner.views import backdrop, place_names

_MOST_FEATURES = 2_000


@pytest.fixture(scope="module")
def network():
    return load_inputs().network


@pytest.fixture(scope="module")
def paths(network):
    return roads.road_paths(network)


def _screen():
    return Screen(7.0, (105.4, 29.95), (640, 470))


def _rows(layer):
    return json.loads(layer.to_json())["data"]


def test_the_ground_leaves_room_for_the_plan_on_the_first_screen(paths):
    drawn = backdrop.ground(paths) + backdrop.names("zh", _screen())[:1]
    features = sum(len(layer.data) for layer in drawn)
    assert 500 < features <= _MOST_FEATURES - 1_000, "723 candidates, 290 bands, 90 marks"


def test_the_ground_is_never_clicked(paths):
    for layer in (*backdrop.ground(paths), *backdrop.names("zh", _screen())):
        assert not json.loads(layer.to_json()).get("pickable", False)


def test_roads_are_drawn_where_they_run_and_bands_on_them(network, paths):
    edges = network.edges.drop_duplicates("osmid")
    plane = edges.to_crs("EPSG:32648").geometry.to_numpy()
    drawn = roads.thinned(edges.geometry)
    as_drawn = edges.set_geometry(drawn).set_crs("EPSG:4326", allow_override=True).to_crs("EPSG:32648")
    away = shapely.hausdorff_distance(plane, as_drawn.geometry.to_numpy())
    assert away.max() < 140.0, "meters"
    corners = {tuple(point) for lines in paths.values() for line in lines for point in line}
    some = edges.geometry[edges["ref"] == "G76"].to_numpy()[:20]
    for line in roads.joined(some):
        assert {tuple(point) for point in roads.coordinates(line)} <= corners


@pytest.mark.parametrize("language", LANGUAGES)
def test_near_by_names_show_from_the_closer_zoom_on_and_do_not_meet(language):
    opening, near = backdrop.names(language, _screen())
    kept = json.loads(near.to_json())
    assert kept["visibleMinZoom"] > 8.0
    assert kept["data"].startswith("data:application/json,")
    found = json.loads(unquote(kept["data"].partition(",")[2]))["features"]
    assert len(found) > 100
    boxes = []
    rows = [
        (row["position"], row["label"], row["size"], row["offset"])
        for row in _rows(opening)
        if not row["angle"]
    ]
    rows += [(one["geometry"]["coordinates"], *one["properties"].values()) for one in found]
    scale = 512 * 2.0 ** kept["visibleMinZoom"]
    for (lon, lat), label, size, (right, down) in rows:
        north = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        x, y = lon / 360 * scale + right, (0.5 - north / (2 * math.pi)) * scale + down
        width, height = text_size_px(label, size)
        boxes.append(shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    overlaps = [
        (a, b)
        for a, b in itertools.combinations(range(len(boxes)), 2)
        if shapely.intersection(boxes[a], boxes[b]).area > 1e-6
    ]
    assert not overlaps, [(rows[a][1], rows[b][1]) for a, b in overlaps]


def test_every_place_is_named_at_most_once():
    opening, near = backdrop.names("zh", _screen())
    far = [row["label"] for row in _rows(opening) if not row["angle"]]
    close = [
        one["properties"]["label"] for one in json.loads(unquote(near.data.partition(",")[2]))["features"]
    ]
    assert not set(far) & set(close)
    assert {"成都", "重庆"} <= set(far)
    assert set(far) <= {place.name_zh for place in places() if place.rank <= SMALLEST_RANK} | {
        river.name_zh for river in waters().rivers
    }


def test_one_tile_holds_the_region():
    """Web Mercator tile numbers at the level of the layer."""
    count = 2**place_names._LEVEL
    tiles = set()
    for place in places():
        north = math.asinh(math.tan(math.radians(place.lat)))
        tiles.add((int((place.lon / 360 + 0.5) * count), int((0.5 - north / (2 * math.pi)) * count)))
    assert len(tiles) == 1


def test_rivers_are_named_along_straight_reaches_upright():
    bend = shapely.LineString([(105.0, 30.0), (105.0, 31.0), (105.05, 30.0), (106.05, 30.0)])
    spots = name_spots([bend])
    assert spots
    assert all(spot.at[1] == 30.0 or spot.at[1] < 30.9 for spot in spots), "not around the sharp bend"
    assert all(-90.0 <= spot.angle <= 90.0 for spot in spots)
    assert {abs(spot.angle) for spot in spots if spot.at[1] == 30.0 and spot.at[0] > 105.3} == {0.0}


@pytest.mark.parametrize(("end", "angle"), [((1, 0), 0.0), ((-1, 0), 0.0), ((1, 1), 45.0), ((-1, -1), 45.0)])
def test_text_on_a_line_stands_upright(end, angle):
    assert upright(0.0, 0.0, *end) == pytest.approx(angle, abs=0.1)


def test_a_closer_screen_keeps_what_is_taken():
    screen = _screen()
    screen.take_circle(105.0, 30.0, 10.0)
    screen.take_path([[105.2, 30.0], [105.6, 30.0]], 3.0)
    closer = screen.closer(9.0)
    assert closer.along("内江", [[105.0, 30.0]], size_px=11, padding_px=0) is None
    assert closer.along("内江", [[105.4, 30.0]], size_px=11, padding_px=0) is None
    # 0.06 degrees: 22 pixels at zoom 7, 87 at zoom 9.
    assert screen.along("内江永川", [[105.06, 30.0]], size_px=11, padding_px=0) is None
    assert closer.along("内江永川", [[105.06, 30.0]], size_px=11, padding_px=0) is not None


def test_chained_lines_are_the_same_lines_in_fewer_pieces(network):
    edges = network.edges.drop_duplicates("osmid")
    pieces = roads.joined(edges.geometry[(edges["highway"] == "motorway").to_numpy()])
    chains = roads.chained(pieces)
    assert len(chains) < 0.6 * len(pieces)
    assert sum(line.length for line in chains) == pytest.approx(sum(line.length for line in pieces))
    assert sum(len(line.coords) - 1 for line in chains) == sum(len(line.coords) - 1 for line in pieces)
    sections = [
        {frozenset(pair) for line in lines for pair in itertools.pairwise(line.coords)}
        for lines in (pieces, chains)
    ]
    assert sections[0] == sections[1]


def test_a_chain_goes_straight_on_and_a_ring_is_one():
    cross = [shapely.LineString(ends) for ends in ([(0, 0), (1, 0)], [(1, 0), (2, 0)], [(1, 0), (1, 1)])]
    assert sorted(list(line.coords) for line in roads.chained(cross)) == [
        [(0, 0), (1, 0), (2, 0)],
        [(1, 0), (1, 1)],
    ]
    ring = [(round(math.cos(k), 3), round(math.sin(k), 3)) for k in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]
    ring = [*ring[:-1], ring[0]]
    [found] = roads.chained([shapely.LineString(ring[:3]), shapely.LineString(ring[2:])])
    assert found.is_ring

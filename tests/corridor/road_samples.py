"""A small town of OpenStreetMap written by the tests, and a stand-in for the Overpass server."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import osmium

#: id: (lon, lat). A ring road 1-2-3-4 with bends at 11-14, an island 21-22 and a dead end 31.
NODES = {
    1: (104.00, 30.60),
    2: (104.10, 30.60),
    3: (104.10, 30.70),
    4: (104.00, 30.70),
    11: (104.05, 30.59),
    12: (104.11, 30.65),
    13: (104.05, 30.71),
    14: (103.99, 30.65),
    21: (104.50, 30.60),
    22: (104.51, 30.60),
    31: (104.20, 30.70),
    32: (104.02, 30.62),
    33: (104.05, 30.65),
}

#: id: (nodes, tags).
WAYS = {
    101: ((1, 11, 2), {"highway": "motorway", "ref": "G76", "oneway": "yes", "maxspeed": "120"}),
    102: ((2, 12, 3), {"highway": "motorway", "ref": "G76", "oneway": "yes", "bridge": "yes"}),
    103: ((3, 13, 4, 14, 1), {"highway": "motorway", "ref": "G85", "oneway": "yes", "tunnel": "yes"}),
    104: ((1, 32, 33), {"highway": "primary", "ref": "G318", "name": "成渝公路"}),
    105: ((33, 3), {"highway": "primary", "ref": "G318", "name": "川藏路", "maxspeed": "60"}),
    106: ((4, 33), {"highway": "trunk_link", "oneway": "-1"}),
    107: ((21, 22), {"highway": "primary"}),
    108: ((3, 31), {"highway": "trunk", "oneway": "yes"}),
    109: ((2, 4), {"highway": "residential"}),
    110: ((1, 3), {"highway": "trunk", "access": "no"}),
}


#: What Nominatim says when asked for the town.
PLACE = {
    "place_id": 1,
    "lat": "30.65",
    "lon": "104.2",
    "boundingbox": ["30.5", "30.8", "103.9", "104.6"],
    "display_name": "Town",
    "importance": 0.5,
    "geojson": {
        "type": "Polygon",
        "coordinates": [[[103.9, 30.5], [104.6, 30.5], [104.6, 30.8], [103.9, 30.8], [103.9, 30.5]]],
    },
}


def write_osm(path):
    """Write the town; the format follows from the name."""
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    for node, place in NODES.items():
        tags = {"highway": "motorway_junction", "name": "三岔"} if node == 3 else {}
        writer.add_node(osmium.osm.mutable.Node(id=node, location=place, version=1, tags=tags))
    for way, (nodes, tags) in WAYS.items():
        writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, version=1, tags=tags))
    writer.close()
    return path


def overpass_answer():
    """What Overpass says when asked for the roads of the town."""
    elements = [{"type": "node", "id": node, "lon": lon, "lat": lat} for node, (lon, lat) in NODES.items()]
    elements += [
        {"type": "way", "id": way, "nodes": list(nodes), "tags": tags} for way, (nodes, tags) in WAYS.items()
    ]
    return {"version": 0.6, "elements": elements}


@contextlib.contextmanager
def overpass(status=200, body=None, delay=None, *, broken=False):
    """Serve on loopback; gives the address and the list of queries received.

    A broken server says nothing of its slots and hangs up after half an answer.
    """
    queries = []
    content = json.dumps(overpass_answer()).encode() if body is None else body

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if "/search" in self.path:
                self._send(200, json.dumps([] if "Atlantis" in self.path else [PLACE]).encode())
                return
            if broken:
                self._send(200, b"ok")
                return
            self._send(200, b"Connected as: 1\nCurrent time: now\nRate limit: 2\n\n2 slots available now.\n")

        def do_POST(self):
            queries.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if delay is not None:
                delay.wait(20)
            self._send(status, content, sent=len(content) // 2 if broken else None)
            self.close_connection = True

        def _send(self, code, text, sent=None):
            with contextlib.suppress(ConnectionError):
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text[:sent])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api", queries
    finally:
        if delay is not None:
            delay.set()
        server.shutdown()
        server.server_close()
        thread.join()

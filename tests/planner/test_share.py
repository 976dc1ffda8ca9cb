"""A scenario comes out of a link as it went in, and nothing else comes out of anything else."""

import base64
import json
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from demand.point_demands import POINT_USES
from planner import share
from planner.fault_text import said
from planner.scenario import OBJECTIVES, YEARS, AddedSite, PointDemand, Scenario
from planner.share import decode, encode, untravelled

_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
_LON, _LAT = st.floats(-180, 180), st.floats(-90, 90)
_SHARE = st.floats(min_value=0.0, max_value=1.0)
_SITES = st.builds(
    AddedSite,
    site_id=_WORDS,
    name_zh=_WORDS,
    kind=st.sampled_from(["interchange", "service_area", "port", "station"]),
    status=st.sampled_from(["candidate", "existing", "planned"]),
    lon=_LON,
    lat=_LAT,
    km_post=st.none() | st.floats(min_value=0.0, max_value=10_000),
    note=st.none() | _WORDS,
)
_POINTS = st.builds(
    PointDemand,
    point_id=_WORDS,
    name_zh=_WORDS,
    use=st.sampled_from(POINT_USES),
    lon=_LON,
    lat=_LAT,
    kg_per_day=st.floats(min_value=0.001, max_value=1e6),
    from_year=st.none() | st.integers(2000, 2100),
)


@st.composite
def scenarios(draw):
    year, stations = draw(st.sampled_from(YEARS)), draw(st.integers(0, 1000))
    earlier = [str(each) for each in YEARS if each < year]
    detour = draw(st.sampled_from([0.0, 0.1, 0.25]))
    return Scenario(
        name=draw(_WORDS),
        year=year,
        stations=stations,
        scope=draw(st.sampled_from(["corridor", "region"])),
        adoption=draw(st.sampled_from(["policy", "bass", "cost"])),
        objective=draw(st.sampled_from(OBJECTIVES)),
        least_share=draw(st.floats(min_value=0.01, max_value=1)),
        rollout={each: draw(st.just(stations)) for each in earlier if draw(st.booleans())},
        budget_wan_cny=draw(st.none() | st.floats(min_value=0.0, max_value=1e9)),
        room=draw(st.none() | st.booleans()),
        usable_range_km=draw(st.none() | st.floats(min_value=1, max_value=5000)),
        resilience=draw(st.none() | _SHARE),
        detour=detour,
        detour_decay=draw(st.none() | _SHARE) if detour else None,
        locked=draw(st.lists(_WORDS, max_size=3)),
        forbidden=draw(st.lists(_WORDS, max_size=3)),
        sizes=draw(st.dictionaries(_WORDS, st.sampled_from([500.0, 1000.0]), max_size=2)),
        closed_stations=draw(st.lists(_WORDS, max_size=2)),
        closures=draw(st.lists(_WORDS, max_size=3)),
        delivery_modes=draw(st.permutations(["tube_20mpa", "liquid", "tube_50mpa"])),
        trailers=draw(st.dictionaries(st.sampled_from(["liquid", "tube_20mpa"]), st.integers(1, 100))),
        added_sites=draw(st.lists(_SITES, max_size=3)),
        point_demands=draw(st.lists(_POINTS, max_size=3, unique_by=lambda point: point.point_id)),
        zone_factor=draw(st.dictionaries(_WORDS, st.floats(min_value=0.0, max_value=1000), max_size=3)),
        assumptions=draw(st.dictionaries(_WORDS, st.floats(-1e9, 1e9), max_size=3)),
        solve={"gap": draw(st.floats(min_value=0.0, max_value=0.9)), "rounds": draw(st.integers(0, 9))},
    )


@settings(max_examples=150, deadline=None)
@given(scenarios())
def test_a_scenario_comes_back_whole(scenario):
    text = encode(scenario)
    assert decode(text) == scenario
    assert decode(text).identity == scenario.identity
    assert re.fullmatch(r"[A-Za-z0-9_-]*", text)
    assert len(text) <= share.MOST_CHARACTERS


def test_the_default_scenario_needs_no_text_and_a_small_change_little():
    assert encode(Scenario()) == ""
    assert decode("") == Scenario()
    assert len(encode(Scenario(stations=20, green_only=True, locked=("SA-G5013-ANYUE",)))) < 120


def packed(content, *, raw=None):
    data = json.dumps(content).encode() if raw is None else raw
    return base64.urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")


def refused(text):
    with pytest.raises(InputError) as caught:
        decode(text)
    assert len(caught.value.faults) == 1
    fault = caught.value.faults[0]
    assert fault.mend
    told = said(fault, "zh")
    assert told.startswith("链接：")
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", told), told
    told.encode()
    return str(fault)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: packed(None, raw=raw)))
def test_garbage_is_refused_and_never_breaks(text):
    if text:
        refused(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(list(Scenario.model_fields)) | st.text(max_size=8), _JSON, max_size=4))
def test_any_content_is_a_scenario_or_refused_in_one_sentence(content):
    try:
        scenario = decode(packed(content))
    except InputError:
        refused(packed(content))
    else:
        assert decode(encode(scenario)).identity == scenario.identity


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_letter_is_noticed(data):
    text = encode(Scenario(stations=31, locked=("SA-G5013-ANYUE", "SA-G42-NANCHONG")))
    at = data.draw(st.integers(0, len(text) - 2))  # the last letter has bits that mean nothing
    letter = data.draw(st.sampled_from("ABCabc019-_").filter(lambda each: each != text[at]))
    assert "cut off or changed" in refused(text[:at] + letter + text[at + 1 :])
    assert "cut off or changed" in refused(text[: max(at, 1)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (packed({"stations": 5000, "year": 2031}), "wrong or unknown year, stations"),
        (packed({"shine": 1}), "shine"),
        (packed({"\ud800漏": 1}), "unknown ?"),
        (packed({"network": "/etc"}), "(network)"),
        (packed({"od_table": "a.csv", "link_counts": "b.csv"}), "(od_table, link_counts)"),
        (packed({"network": None}), "(network)"),
        (packed([]), "cut off or changed"),
        (packed(None, raw=b'{"stations":' + b"9" * 5000 + b"}"), "cut off or changed"),
        (packed(None, raw=b"[" * 100_000), "cut off or changed"),
        (
            packed(None, raw=b'{"assumptions":' + b'{"a":' * 30_000 + b"1" + b"}" * 30_001),
            "cut off or changed",
        ),
        (packed(None, raw=b'{"name":"' + b"x" * 5_000_000 + b'"}'), "cut off or changed"),
        (packed({"stations": 5}) + "AAAA", "cut off or changed"),
        ("A" * (share.MOST_CHARACTERS + 1), "cut off or changed"),
    ],
)
def test_what_no_scenario_is(text, says):
    assert says in refused(text)


def test_files_of_a_machine_stay_there():
    scenario = Scenario(network="/srv/roads", link_counts="/srv/c.csv", stations=5)
    assert untravelled(scenario) == ("network", "link_counts")
    assert untravelled(Scenario()) == ()
    assert decode(encode(scenario)) == Scenario(stations=5)
    assert b"srv" not in zlib.decompress(base64.urlsafe_b64decode(encode(scenario) + "=="))


def test_what_is_too_large_is_named():
    sites = tuple(
        AddedSite(
            site_id=f"N{n * 7919 % 10007}", name_zh=f"站{n * 104729}", kind="port", lon=104 + n / 977, lat=30
        )
        for n in range(800)
    )
    with pytest.raises(InputError) as caught:
        encode(Scenario(added_sites=sites, locked=("a", "b")))
    (fault,) = caught.value.faults
    assert "most of it is added_sites" in fault.what
    assert "占比最大的是 added_sites" in said(fault, "zh")
    assert decode(encode(Scenario(added_sites=sites[:60]))).added_sites == sites[:60]

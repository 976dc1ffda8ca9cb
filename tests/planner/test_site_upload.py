"""A file without a path gives the sites its path would have given, and the scenario keeps them whole."""

import pytest

from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.scenario import Scenario, to_toml, validated
from planner.site_input import load_sites
from planner.site_upload import added_sites, read_upload

_CSV = """site_id,name_zh,kind,x,y,direction,km_post
MY-1,简阳物流园,logistics_park,104.55,30.40,,
MY-2,远处,interchange,110.9,20.1,both,12
MY-3,乐至服务区,service_area,105.02,30.28,one,88.5
"""


@pytest.fixture(scope="module")
def network():
    return load_inputs().network


def test_content_and_file_give_the_same(network, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(_CSV, encoding="utf-8")
    by_path = load_sites(path, network, crs="WGS84")
    by_content = read_upload("own.csv", _CSV.encode(), network, crs="WGS84")
    assert by_content.taken.equals(by_path.taken)
    assert by_content.refused["reason"].tolist() == by_path.refused["reason"].tolist()


def test_the_scenario_keeps_what_the_file_said(network):
    sites = added_sites(read_upload("own.csv", _CSV.encode(), network, crs="WGS84").taken)
    assert [site.site_id for site in sites] == ["MY-1", "MY-3"]
    assert [site.direction for site in sites] == [None, "one"]
    assert [site.km_post for site in sites] == [None, 88.5]
    scenario = Scenario(added_sites=sites)
    import tomllib

    assert validated(tomllib.loads(to_toml(scenario)), where="test") == scenario
    assert scenario.identity != Scenario().identity


def test_other_systems_are_converted(network):
    wgs84, gcj02 = (
        added_sites(read_upload("own.csv", _CSV.encode(), network, crs=crs).taken)[0]
        for crs in ("WGS84", "GCJ-02")
    )
    assert 0.001 < abs(wgs84.lon - gcj02.lon) < 0.01


@pytest.mark.parametrize("name", ["../../own.csv", "C:\\tmp\\own.csv", ""])
def test_a_name_with_a_path_stays_in_its_folder(network, name):
    assert len(read_upload(name, _CSV.encode(), network, crs="WGS84").taken) == 2


def test_faults_name_the_file_as_the_person_does(network):
    with pytest.raises(InputError, match=r"own\.csv"):
        read_upload("own.csv", b"site_id,name_zh\nA,B\n", network, crs="WGS84")

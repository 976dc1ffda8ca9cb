"""Scenarios are kept by name, whatever the name, and come back as they were."""

import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from planner import saved
from planner.fault_text import said
from planner.scenario import AddedSite, Scenario, to_toml

SCENARIO = Scenario(
    stations=9,
    rollout={"2027": 3},
    locked=("SA-G5013-ANYUE",),
    added_sites=(AddedSite(site_id="N1", name_zh="乐至新站", kind="port", lon=105.0, lat=30.3),),
    assumptions={"station.access_km": 2.0},
)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def files(store):
    return sorted(path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file())


def refused(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    for fault in caught.value.faults:
        told = re.sub(r"(TOML：)[^。]+", r"\1", said(fault, "zh"))  # the parser speaks English
        assert fault.mend
        assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", told), told
        assert said(fault, "en") == str(fault)
    return str(caught.value)


def test_a_scenario_comes_back_under_its_name(store):
    assert saved.names() == ()
    assert saved.save("  成渝 2030／绿氢  方案 ", SCENARIO)
    assert saved.names() == ("成渝 2030／绿氢 方案",)
    found = saved.open_named("成渝 2030／绿氢 方案")
    assert found.name == "成渝 2030／绿氢 方案"
    assert found.identity == SCENARIO.identity
    (file,) = files(store)
    assert re.fullmatch(r"scenarios/成渝-2030-绿氢-方案-[0-9a-f]{16}\.toml", file)
    saved.delete("成渝 2030／绿氢 方案")
    saved.delete("成渝 2030／绿氢 方案")
    assert saved.names() == ()
    assert files(store) == []


def test_nothing_is_overwritten_unasked():
    assert saved.save("a", SCENARIO)
    assert not saved.save("a", Scenario())
    assert saved.open_named("a").identity == SCENARIO.identity
    assert saved.save("a", Scenario(), overwrite=True)
    assert saved.open_named("a").identity == Scenario().identity
    assert saved.names() == ("a",)


def test_the_last_saved_stands_first(store):
    for name in ("old", "new", "middle"):
        saved.save(name, SCENARIO)
    for age, name in enumerate(("new", "middle", "old")):
        (path,) = (store / "scenarios").glob(f"{name}-*")
        os.utime(path, (time.time() - 60 * age, time.time() - 60 * age))
    assert saved.names() == ("new", "middle", "old")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4))
def test_any_name_leads_into_the_folder_and_to_itself(store, typed):
    kept = {}
    for number, name in enumerate(typed):
        try:
            saved.save(name, Scenario(stations=number), overwrite=True)
        except InputError:
            words = " ".join(name.split())
            assert not words or not words.isprintable() or len(words) > 40
            continue
        kept[saved.plain_name(name)] = number
    assert set(saved.names()) == set(kept)
    assert {name: saved.open_named(name).stations for name in kept} == kept
    assert all(re.fullmatch(r"scenarios/[\w-]+\.toml", file) for file in files(store))
    assert len(files(store)) == len(kept)
    for name in kept:
        saved.delete(name)


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "C:\\a\\b", "..", ".", "con", "a" * 80, "A", "a\tb"]
)
def test_names_that_look_like_paths_are_names(store, name):
    assert saved.save(name, SCENARIO)
    (file,) = files(store)
    assert file.count("/") == 1
    assert saved.names() == (saved.plain_name(name),)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "\u202e"])
def test_what_is_no_name(store, name):
    refused(saved.save, name, SCENARIO)
    refused(saved.open_named, name)
    assert not store.exists()


def test_damaged_and_strange_files_are_passed_over_and_said_when_opened(store):
    saved.save("good", SCENARIO)
    saved.save("broken", SCENARIO)
    saved.save("wrong", SCENARIO)
    folder = store / "scenarios"
    (broken,) = folder.glob("broken-*")
    broken.write_bytes(b"stations = = 3")
    (wrong,) = folder.glob("wrong-*")
    wrong.write_text('name = "wrong"\nstations = -1\nstaions = 5\nyear = 2031\n', encoding="utf-8")
    (folder / "other.toml").write_text('name = "good"\n', encoding="utf-8")
    (folder / "note.toml").mkdir()
    assert set(saved.names()) == {"good", "wrong"}
    assert "not valid TOML" in refused(saved.open_named, "broken")
    assert "Did you mean stations" in refused(saved.open_named, "wrong")
    assert "no scenario of this name" in refused(saved.open_named, "gone")


def test_a_write_that_fails_leaves_the_earlier_scenario(store, monkeypatch):
    saved.save("a", SCENARIO)
    before = files(store)

    def full(*_):
        raise OSError(28, "no space left")

    monkeypatch.setattr(saved.Path, "replace", full)
    with pytest.raises(InputError, match="no space left"):
        saved.save("a", Scenario(), overwrite=True)
    assert files(store) == before
    assert saved.open_named("a").identity == SCENARIO.identity


def test_a_file_brought_in_is_a_scenario(store):
    content = to_toml(SCENARIO)
    for written in (content.encode(), content.encode("utf-8-sig"), content.replace("\n", "\r\n").encode()):
        assert saved.from_file("a.toml", written) == SCENARIO
    assert saved.from_file("a.toml", b"") == Scenario()
    ours = Scenario(network=str(store / "networks" / "x"))
    assert saved.from_file("a.toml", to_toml(ours).encode()) == ours


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"[[[", "not valid TOML"),
        (b"x = 1", "there is no key x"),
        (b"stations = 'many'", "valid integer"),
        (b"stations = 1.5", "fractional part"),
        (b"detour = 7.0", "less than or equal"),
        (b"year = 2031", "2027, 2030 or 2035"),
        (b"detour_decay = 0.5", "says nothing without a detour"),
        (b"network = '/etc'", "network names a file"),
        (b"od_table = 'STORE/../secret.csv'", "od_table names a file"),
        (b"link_counts = 'a\\u0000b'", "link_counts names a file"),
        (b"#" * (saved.MOST_BYTES + 1), "larger than 5 MB"),
        (b"assumptions" + b".a" * 5000 + b" = 1", "without end"),
    ],
)
def test_what_is_no_scenario_is_refused(store, content, says):
    error = refused(saved.from_file, "a.toml", content.replace(b"STORE", str(store).encode()))
    assert says in error
    assert "a.toml" in error

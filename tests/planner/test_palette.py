"""Colors can be read and told apart, on a light ground and on a dark one; nothing stays in the other look."""

import itertools
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pydeck as pdk
import pytest

from planner.drawing import palette
from planner.drawing.palette import DARK, LIGHT, rgba, translated
from planner.views.restyling import markup, restyled

STYLES = pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
_GROUND = {"ground", "water", "motorway", "trunk", "muted_motorway", "muted_trunk", "paper"}
_TEXTS = ("ink", "place", "water_name")
#: What a mark is filled with has an outline in ink.
_OUTLINED = {"station_fill"}

#: Machado, Oliveira and Fernandes (2009), severity 1.0: what is left of linear red, green, blue.
_BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "none": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
}


def _linear(color):
    channels = np.array(rgba(color)[:3]) / 255.0
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _contrast(color, other):
    """WCAG 2.2."""
    darker, lighter = sorted(float(_linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (color, other))
    return (lighter + 0.05) / (darker + 0.05)


def _lab(color, sight):
    """CIE L*a*b* (D65) of a color as somebody sees it."""
    seen = np.clip(np.array(_BLIND[sight]) @ _linear(color), 0.0, 1.0)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ seen / [0.9505, 1.0, 1.089]
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_is_that_of_the_standard():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@STYLES
def test_texts_can_be_read_and_marks_be_seen(style):
    for name, color in style.colors.items():
        if name in _GROUND | _OUTLINED:
            continue
        least = 4.5 if name in _TEXTS else 3.0
        assert _contrast(color, style.ground) >= least, name
    assert _contrast(style.ink, style.paper) >= 7.0, "names on plates, numbers on marks"
    assert _contrast(style.ink, style.station_fill) >= 4.5, "numbers on stations in use"


@STYLES
def test_the_ground_is_quieter_than_what_is_drawn_on_it(style):
    loudest = max(_contrast(color, style.ground) for name, color in style.colors.items() if name in _GROUND)
    assert loudest < 3.0
    motorway, trunk, water = (
        _contrast(color, style.ground) for color in (style.motorway, style.trunk, style.water)
    )
    assert motorway > trunk > 1.2
    assert water > 1.2


@pytest.mark.parametrize("sight", _BLIND)
@STYLES
def test_what_means_different_things_differs_for_everybody(style, sight):
    kinds = [
        list(style.routes.values()),
        [style.served, style.unserved, style.missed],
        [style.more, style.less],
        [style.ready, style.pending],
    ]
    for kind in kinds:
        for a, b in itertools.combinations(kind, 2):
            apart = float(np.linalg.norm(_lab(a, sight) - _lab(b, sight)))
            assert apart >= 15.0, f"{a} and {b}: {apart:.0f}"


def test_a_color_of_the_light_style_has_one_counterpart():
    for name, color in LIGHT.colors.items():
        assert translated(color, DARK) == DARK.colors[name], name
        assert translated(color, LIGHT) == color
    assert translated("#123456", DARK) == "#123456"


def test_layers_are_restyled_wherever_a_color_stands():
    row = {
        "color": rgba(LIGHT.served, 190),
        "position": [105.0, 30.0],
        "other": [1, 2, 3],
        "path": [[1, 2, 3]],
    }
    layer = pdk.Layer(
        "IconLayer",
        [row],
        id="x",
        get_color=rgba(LIGHT.ink),
        outline_width=6,
        background_padding=[6, 3, 6, 3],
    )
    layer.icon_atlas = pdk.types.String(f"data:image/svg+xml,%23{LIGHT.ink[1:]}")
    [drawn] = restyled([layer], DARK)
    assert drawn.get_color == rgba(DARK.ink)
    assert drawn.data == [row | {"color": rgba(DARK.served, 190)}]
    assert drawn.icon_atlas == pdk.types.String(f"data:image/svg+xml,%23{DARK.ink[1:]}")
    assert drawn.background_padding == [6, 3, 6, 3]


def test_nothing_changes_in_the_light_style():
    layer = pdk.Layer("PathLayer", [{"color": rgba(LIGHT.ink)}], id="x", get_color=rgba(LIGHT.water))
    before = layer.to_json()
    assert restyled([layer], LIGHT)[0].to_json() == before


def test_markup_is_restyled_in_text_and_in_pictures():
    html = f'<i style="background:{LIGHT.point}"></i><img src="data:,%23{LIGHT.ink[1:]}">#nocolor'
    assert markup(html, DARK) == html.replace(LIGHT.point, DARK.point).replace(LIGHT.ink[1:], DARK.ink[1:])
    assert markup(html, LIGHT) == html


@STYLES
def test_the_ground_of_the_map_is_served_by_the_app(style):
    served = Path(__file__).parents[2] / style.address.replace("/app/static/", "static/")
    assert f'"background-color": "{style.ground}"' in served.read_text(encoding="utf-8")


def test_page_colors_can_be_read_on_both_pages():
    sheet = resources.files("planner.views").joinpath("page.css").read_text(encoding="utf-8")
    pairs = {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    }
    assert len(pairs) >= 10
    for side in (0, 1):
        for name in ("ink", "soft", "good", "warn", "bad", "accent", "changed"):
            for ground in ("paper", "card"):
                assert _contrast(pairs[name][side], pairs[ground][side]) >= 4.5, (name, ground, side)
        assert _contrast(pairs["on-ink"][side], pairs["ink"][side]) >= 4.5
    assert not re.findall(r"(?<!-dark\()(?<!, )#[0-9a-f]{3,6}\b", sheet), "a color for one page only"


def test_no_view_brings_a_color_of_its_own_for_the_map():
    assert LIGHT.station == palette.STATION
    folder = Path(palette.__file__).parents[1] / "views"
    for module in ("backdrop", "corridor_map", "plan_layers", "site_layers", "route_map", "place_names"):
        source = (folder / f"{module}.py").read_text(encoding="utf-8")
        assert not re.findall(r"#[0-9a-f]{6}", source), module

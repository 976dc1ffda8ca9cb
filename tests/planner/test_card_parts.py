"""Pieces of cards: safe HTML that says what it is given."""

import re

from planner.views.cards import parts

BAD = '<script>alert("x")</script>'


def test_whatever_is_said_is_text_and_no_markup():
    pieces = (
        parts.head(BAD, BAD, [(BAD, BAD)]),
        parts.heading(BAD),
        parts.figures([(BAD, BAD, BAD)]),
        parts.shares([(BAD, 1.0, BAD)]),
        parts.facts({BAD: BAD}),
        parts.note(BAD, kind=BAD),
    )
    for piece in pieces:
        assert "<script" not in piece
        assert "&lt;script&gt;" in piece


def test_bars_are_as_long_as_their_amounts_and_the_smallest_can_be_seen():
    html = parts.shares([("a", 8.0, "8.0"), ("b", 2.0, "2.0"), ("c", 0.001, "0.0")])
    assert re.findall(r"width:([\d.]+)%", html) == ["100.0", "25.0", "0.6"]
    assert re.findall(r"width:([\d.]+)%", parts.shares([("a", 0.0, "0")])) == ["0.0"]
    assert parts.shares([]).count("<tr>") == 0


def test_facts_without_a_value_and_figures_without_a_note_are_left_out():
    assert parts.facts({"road": "G76", "operator": ""}).count("<tr>") == 1
    assert "<small>" not in parts.figures([("size", "500 kg/d", "")])
    assert "chips" not in parts.head("Name", "")

"""A press must outlive a click that follows at once, which ends the drawing before it comes to the button."""

import ast
from pathlib import Path

import pytest

import planner.views

VIEWS = sorted(Path(planner.views.__file__).parent.rglob("*.py"))
KINDS = {"button", "form_submit_button"}


def _buttons(source):
    """Return the calls of a module that draw buttons."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS
    ]


def _deaf(source):
    """Return the lines of buttons that tell nobody of a press before the page is drawn."""
    return [
        call.lineno for call in _buttons(source) if "on_click" not in {word.arg for word in call.keywords}
    ]


def test_a_button_that_is_read_where_it_stands_is_found():
    assert _deaf("if st.button('go'):\n    go()\n") == [1]
    assert _deaf("left.form_submit_button('go')") == [1]
    assert _deaf("st.button('go', on_click=go)") == []


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_every_button_tells_of_a_press_before_the_page_is_drawn(path):
    assert _deaf(path.read_text(encoding="utf-8")) == []


def test_buttons_are_found_in_the_views():
    assert sum(len(_buttons(path.read_text(encoding="utf-8"))) for path in VIEWS) > 20

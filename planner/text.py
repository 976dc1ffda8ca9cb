"""Texts of the user interface and headings of tables: one catalogue per language."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Literal

from planner.scenario import flattened

Language = Literal["zh", "en"]

#: Languages with a catalogue, the default first.
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: Language) -> dict[str, str]:
    """Return every text of a language by dotted key."""
    source = resources.files("planner").joinpath(f"text_{language}.toml").read_text(encoding="utf-8")
    return {key: str(value) for key, value in flattened(tomllib.loads(source)).items()}


def text(key: str, language: Language, **values: object) -> str:
    """Return one text with its placeholders filled in.

    Parameters
    ----------
    key
        Dotted key of the catalogue.
    language
        ``zh`` or ``en``.
    values
        Values of the placeholders, by name.

    Raises
    ------
    KeyError
        If the catalogue has no such key, or a placeholder has no value.
    """
    return catalogue(language)[key].format(**values)

"""Where labels go: beside their point, clear of stations and of one another at the opening zoom.

Zooming in only gives them more room. Labels are placed in the order asked, so the important ones come first;
one that finds no room is left out.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Width of the world at zoom 0, pixels (deck.gl, MapLibre).
_WORLD_PX = 512.0
#: First character that is as wide as it is high (CJK); Latin ones are about half as wide.
_WIDE_FROM, _LATIN_WIDTH = "\u2e80", 0.6
_LINE_HEIGHT = 1.2
_GAP_PX = 3.0
_CELL_PX = 64.0


class Box(NamedTuple):
    """A rectangle on the screen, pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether the rectangles overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        """Return whether this rectangle lies inside the other."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def text_size_px(label: str, size_px: float) -> tuple[float, float]:
    """Return the approximate width and height of a text."""
    lines = label.split("\n")
    widest = max(sum(1.0 if char >= _WIDE_FROM else _LATIN_WIDTH for char in line) for line in lines)
    return widest * size_px, _LINE_HEIGHT * size_px * len(lines)


class Screen:
    """What is taken on the screen at one zoom.

    Parameters
    ----------
    zoom
        Zoom of the map at which labels must not overlap.
    center
        [lon, lat] in the middle of the map.
    frame_px
        Width and height of the smallest map that labels of importance must not be cut by.
    """

    def __init__(self, zoom: float, center: Sequence[float], frame_px: Sequence[float]) -> None:
        self._center, self._frame_px = center, frame_px
        self._scale_px = _WORLD_PX * 2.0**zoom
        # Boxes by the cells they touch: a label meets few of thousands.
        self._taken: dict[tuple[int, int], list[Box]] = {}
        self._marks: list[tuple[Sequence[float], Box]] = []
        self._lines: list[tuple[list[Sequence[float]], float]] = []
        (x, y), (width, height) = self._pixel(center[0], center[1]), frame_px
        self._frame = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def closer(self, zoom: float) -> Screen:
        """Return a screen of another zoom on which the same marks, labels and lines are taken."""
        screen = Screen(zoom, self._center, self._frame_px)
        for at, box in self._marks:
            screen._take(at, box)
        for path, radius_px in self._lines:
            screen.take_path(path, radius_px)
        return screen

    def _pixel(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the pixel of a point in degrees (Web Mercator)."""
        north = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        return (lon / 360.0) * self._scale_px, (0.5 - north / (2 * math.pi)) * self._scale_px

    def take_circle(self, lon: float, lat: float, radius_px: float) -> None:
        """Keep a mark's place free of labels."""
        self._take((lon, lat), Box(-radius_px, -radius_px, radius_px, radius_px))

    def take_path(self, path: Iterable[Sequence[float]], radius_px: float) -> None:
        """Keep a line free of labels."""
        kept = list(path)
        self._lines.append((kept, radius_px))
        points = [self._pixel(point[0], point[1]) for point in kept]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            steps = max(1, round(math.hypot(x1 - x0, y1 - y0) / (2 * radius_px)))
            for step in range(steps):
                x, y = x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps
                self._keep(Box(x - radius_px, y - radius_px, x + radius_px, y + radius_px))

    def offset(
        self,
        label: str,
        at: Sequence[float],
        *,
        size_px: float,
        clear_px: float,
        rings: int = 1,
        whole: bool = False,
    ) -> list[float] | None:
        """Take room for a label beside a point.

        Parameters
        ----------
        label
            Text, lines separated by line feeds.
        at
            [lon, lat] in degrees.
        size_px
            Font size.
        clear_px
            Radius around the point that stays clear.
        rings
            How many distances to try, nearest first: a label that must show may stand farther off.
        whole
            Whether the label must not be cut by the edge of the smallest map.

        Returns
        -------
        offset
            [x, y] in pixels from the point to the middle of the label; None without room.
        """
        width, height = text_size_px(label, size_px)
        for ring in range(rings):
            beside = clear_px + ring * height / 2 + width / 2 + _GAP_PX
            above = clear_px + (ring + 1) * height / 2
            straight = ((0.0, -above), (0.0, above), (beside, 0.0), (-beside, 0.0))
            slanting = ((beside, -above), (-beside, -above), (-beside, above), (beside, above))
            for x, y in straight + slanting:
                if self._claim(at, (x, y), (width, height), whole=whole):
                    return [x, y]
        return None

    def along(
        self,
        label: str,
        points: Iterable[Sequence[float]],
        *,
        size_px: float,
        padding_px: float,
        angle: float = 0.0,
        whole: bool = False,
    ) -> list[float] | None:
        """Take room for a label centered on the first free of several points, turned; return the point.

        ``whole`` as for :meth:`offset`.
        """
        width, height = text_size_px(label, size_px)
        sine, cosine = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
        extent = (
            width * cosine + height * sine + 2 * padding_px,
            width * sine + height * cosine + 2 * padding_px,
        )
        return next(
            (list(point) for point in points if self._claim(point, (0.0, 0.0), extent, whole=whole)), None
        )

    def _claim(
        self,
        at: Sequence[float],
        offset: tuple[float, float],
        extent: tuple[float, float],
        *,
        whole: bool = False,
    ) -> bool:
        """Take a rectangle if it is free."""
        (x, y), (right, down) = offset, (extent[0] / 2, extent[1] / 2)
        beside = Box(x - right, y - down, x + right, y + down)
        box = self._placed(at, beside)
        if whole and box.meets(self._frame) and not box.within(self._frame):
            return False
        if any(box.meets(taken) for cell in _cells(box) for taken in self._taken.get(cell, ())):
            return False
        self._take(at, beside)
        return True

    def _placed(self, at: Sequence[float], beside: Box) -> Box:
        """Return where a rectangle given in pixels from a point lies."""
        x, y = self._pixel(at[0], at[1])
        return Box(x + beside.left, y + beside.top, x + beside.right, y + beside.bottom)

    def _take(self, at: Sequence[float], beside: Box) -> None:
        """Take a rectangle given in pixels from a point, at this zoom and closer ones."""
        self._marks.append((at, beside))
        self._keep(self._placed(at, beside))

    def _keep(self, box: Box) -> None:
        """Keep a rectangle free of labels."""
        for cell in _cells(box):
            self._taken.setdefault(cell, []).append(box)


def _cells(box: Box) -> Iterable[tuple[int, int]]:
    """Return the cells of a coarse grid that a rectangle touches."""
    columns, rows = (
        range(math.floor(low / _CELL_PX), math.floor(high / _CELL_PX) + 1)
        for low, high in ((box.left, box.right), (box.top, box.bottom))
    )
    return itertools.product(columns, rows)

"""Small plots as geometry for a server-rendered SVG: no script, no inline style, sized per device.

A library draws with inline styles, which the content security policy refuses, and once for all
widths; these few lines give the template its numbers, and the same numbers fill the table below.
"""

from collections.abc import Sequence
from dataclasses import dataclass

BOTTOM, TOP, TICKS = 24, 10, 4
CLASSES = ("1", "2", "3", "4", "5")


@dataclass(frozen=True)
class Series:
    """One colour: its name and a value per category."""

    label: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.values)

    @property
    def last(self) -> int:
        return self.values[-1] if self.values else 0


@dataclass(frozen=True)
class Tick:
    """A horizontal line with its number."""

    y: float
    text: str


@dataclass(frozen=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True)
class Area:
    """A filled band, as the d of a path."""

    css: str
    d: str


@dataclass(frozen=True)
class Bar:
    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Plot:
    """Everything the template needs to draw one plot at one width."""

    width: int
    height: int
    left: int
    right: int
    base: float
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    areas: tuple[Area, ...] = ()
    bars: tuple[Bar, ...] = ()


def stacked_areas(
    categories: Sequence[str], series: Sequence[Series], *, width: int, height: int
) -> Plot:
    """Totals over time, one band a series, the first at the bottom."""
    frame = _frame(categories, series, width, height)
    step = (frame.right - frame.left) / max(len(categories) - 1, 1)
    xs = [frame.left + n * step for n in range(len(categories))]
    below = [0] * len(categories)
    areas = []
    for place, one in enumerate(series):
        above = [low + value for low, value in zip(below, one.values, strict=True)]
        upper = [(x, _y(frame, v)) for x, v in zip(xs, above, strict=True)]
        lower = [(x, _y(frame, v)) for x, v in zip(xs, below, strict=True)]
        points = [*upper, *reversed(lower)]
        d = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points) + " Z"
        areas.append(Area(f"f{CLASSES[place % 5]}", d))
        below = above
    return _with(frame, labels=_spaced(categories, xs, width), areas=tuple(areas))


def stacked_bars(
    categories: Sequence[str], series: Sequence[Series], *, width: int, height: int
) -> Plot:
    """Amounts per category, one colour a series, the first at the bottom."""
    frame = _frame(categories, series, width, height)
    step = (frame.right - frame.left) / max(len(categories), 1)
    xs = [frame.left + (n + 0.5) * step for n in range(len(categories))]
    thick = step * 0.66
    bars = []
    for n, x in enumerate(xs):
        below = 0
        for place, one in enumerate(series):
            value = one.values[n]
            y, base = _y(frame, below + value), _y(frame, below)
            if value:
                bars.append(Bar(f"f{CLASSES[place % 5]}", x - thick / 2, y, thick, base - y))
            below += value
    return _with(frame, labels=_spaced(categories, xs, width), bars=tuple(bars))


def round_up(number: int) -> int:
    """The top of the scale: a multiple of four steps that read well (0, 20, 40, 60, 80)."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * TICKS >= number:
                return step * factor * TICKS
        step *= 10


@dataclass(frozen=True)
class _Frame:
    width: int
    height: int
    left: int
    right: int
    top: int


def _frame(categories: Sequence[str], series: Sequence[Series], width: int, height: int) -> _Frame:
    sums = [sum(one.values[n] for one in series) for n in range(len(categories))]
    top = round_up(max(sums, default=0))
    left = 12 + 7 * len(f"{top:,}")
    return _Frame(width, height, left, width - 12, top)


def _y(frame: _Frame, value: float) -> float:
    room = frame.height - TOP - BOTTOM
    return frame.height - BOTTOM - room * value / frame.top


def _with(frame: _Frame, *, labels: tuple[Label, ...], **shapes: tuple[Area, ...] | tuple[Bar, ...]) -> Plot:  # fmt: skip
    steps = [frame.top * n // TICKS for n in range(TICKS + 1)]
    return Plot(
        width=frame.width,
        height=frame.height,
        left=frame.left,
        right=frame.right,
        base=frame.height - BOTTOM,
        ticks=tuple(Tick(_y(frame, value), f"{value:,}") for value in steps),
        labels=labels,
        **shapes,  # type: ignore[arg-type]
    )


def _spaced(categories: Sequence[str], xs: Sequence[float], width: int) -> tuple[Label, ...]:
    """Every label, or every second or third where they would touch."""
    every = next(n for n in (1, 2, 3, 4, 6, 12) if len(categories) / n * 44 <= width or n == 12)
    pairs = list(zip(xs, categories, strict=True))
    return tuple(Label(x, text) for x, text in pairs[len(pairs) % every :: every])

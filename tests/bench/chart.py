"""The chart of what was measured, as SVG: how much of what is allowed each figure uses."""

from collections.abc import Sequence
from html import escape
from typing import Final

from tests.bench.table import Row

_XMLNS: Final = 'xmlns="http://www.w3.org/2000/svg"'
_WIDTH: Final = 760
_LABELS: Final = 250
_PLOT: Final = 360
_TOP: Final = 46
_STEP: Final = 40
_BAR: Final = 16
_MOST: Final = 1.5
"""The longest bar there is room for, the limit being 1; what is longer is cut off there."""

_STYLE: Final = """\
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.small { font-size: 11px; fill: #57606a; }
.reached { fill: #2f81c7; }
.missed { fill: #c9622b; }
.limit { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 4 3; }
.room { fill: #8c959f; fill-opacity: 0.15; }
.whisker { stroke: #24292f; stroke-width: 1.2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .small { fill: #9198a1; }
  .reached { fill: #58a6e8; }
  .missed { fill: #e8915a; }
  .limit { stroke: #9198a1; }
  .whisker { stroke: #e6edf3; }
}"""


def as_svg(rows: Sequence[Row]) -> str:
    """Return the chart; it has no background, and colours for light pages and for dark ones."""
    height = _TOP + _STEP * len(rows) + 12
    limit = _LABELS + _x(1.0)
    title = "How much of what is allowed each figure uses"
    bars = [line for number, row in enumerate(rows) for line in _bar(row, _TOP + _STEP * number)]
    return "\n".join(
        [
            f'<svg {_XMLNS} viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">',
            f"<style>\n{_STYLE}\n</style>",
            f'<text x="0" y="16">{title}</text>',
            f'<text class="small" x="{limit}" y="34" text-anchor="middle">the limit</text>',
            *bars,
            f'<line class="limit" x1="{limit}" y1="40" x2="{limit}" y2="{height - 8}"/>',
            "</svg>\n",
        ]
    )


def _bar(row: Row, y: int) -> list[str]:
    used = row.goal.used_by(row.got.median)
    ends = sorted(row.goal.used_by(value) for value in (row.got.low, row.got.high))
    middle, right = y + _BAR / 2, _LABELS + _x(_MOST)
    left, length = _LABELS, _x(used)
    lines = [
        f'<text x="0" y="{y + 8}">{escape(row.label)}</text>',
        f'<text class="small" x="0" y="{y + 22}">{escape(f"{row.goal}")}</text>',
        f'<rect class="room" x="{left}" y="{y}" width="{_x(_MOST)}" height="{_BAR}" rx="2"/>',
        f'<rect class="{row.verdict}" x="{left}" y="{y}" width="{length}" height="{_BAR}" rx="2"/>',
        f'<text x="{right + 10}" y="{y + 13}">{escape(row.figure)}</text>',
    ]
    if ends[0] < ends[1]:
        start, end = (_LABELS + _x(share) for share in ends)
        lines.append(f'<line class="whisker" x1="{start}" y1="{middle}" x2="{end}" y2="{middle}"/>')
    return lines


def _x(share: float) -> float:
    """Return how long a bar is for a share of the limit."""
    return round(min(share, _MOST) / _MOST * _PLOT, 1)

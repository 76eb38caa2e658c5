"""The bars of Home Assistant's charts, as drawn."""

from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from PIL import Image
from playwright.async_api import Locator

#: The chart library's layout in pixels of the canvas. A row of a series is middle, value and start of its bar; of these
#: only the start is used, as the test checks what is drawn.
_BARS: Final = """chart => {
    const drawn = chart.chart, bars = [];
    drawn.getModel().eachSeries(series => {
        const data = series.getData();
        for (let index = 0; index < data.count(); index++) {
            const box = data.getItemLayout(index), row = series.getRawValue(index);
            if (box && row[2] && Math.abs(box.height) > 0.01)
                bars.push({series: series.id, start: row[2] / 1000, x: box.x + box.width / 2, y: box.y, height: box.height});
        }
    });
    const [zero, one] = [0, 1].map(value => drawn.convertToPixel({yAxisIndex: 0}, value));
    return {bars, scale: zero - one};
}"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, or one colour of a stacked bar."""

    series: str
    start: float
    """Start of its hour, in seconds since 1970."""
    x: float
    """Its middle, in pixels of the canvas."""
    ends: tuple[float, float]
    """Its upper and lower end."""
    value: float
    """Value by height and scale of the axis; negative below it."""


async def bars(chart: Locator) -> list[Bar]:
    """Return the bars of a `ha-chart-base` by their drawn heights."""
    found: dict[str, Any] = await chart.evaluate(_BARS)
    return [
        Bar(
            series=bar["series"],
            start=bar["start"],
            x=bar["x"],
            ends=(min(bar["y"], bar["y"] + bar["height"]), max(bar["y"], bar["y"] + bar["height"])),
            value=-bar["height"] / found["scale"],
        )
        for bar in found["bars"]
    ]


async def is_painted(chart: Locator, bar: Bar) -> bool:
    """Return whether the bar is painted at its height: one colour inside, but for lines of the grid, another outside."""
    canvas = chart.locator("canvas").first
    with Image.open(BytesIO(await canvas.screenshot())) as opened:
        image = opened.convert("RGB")
    upper, lower = bar.ends
    column = round(bar.x)

    def colour(y: float) -> tuple[int, ...]:
        pixel = image.getpixel((column, round(y)))
        assert isinstance(pixel, tuple)
        return pixel

    places = [upper + 4 + part / 8 * (lower - upper - 8) for part in range(9)]
    main, count = Counter(map(colour, places)).most_common(1)[0]
    return count > len(places) / 2 and colour(lower + 4) != main

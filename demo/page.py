"""What the demo saw: a page with every frame, and a closing table, both read from the recorded bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from unexpected_core.files import write_text
from unexpected_core.images import read_map, resize_image, resize_map, write_image
from unexpected_core.visualize import heat_map
from unexpected_ros.bags import open_bag

OUTPUTS = ("mask", "score", "labels", "labels_color", "resynthesis", "overlay", "regions", "stats")
SHOWN = ("image", "labels_color", "resynthesis", "score", "overlay")
TITLES = ("image", "labels", "resynthesis", "score", "overlay")
WIDTH = 480
SMALLEST = 60 / (1024 * 512)
"""Share of the image that an obstacle must fill to be counted: as small as the detector's regions may be."""


class Obstacles(NamedTuple):
    """truth: uint8 [H, W], 0 normal, 1 obstacle, 255 elsewhere; things: pixels (bool [H, W]) of obstacles by number."""

    truth: np.ndarray
    things: dict[int, np.ndarray]


@dataclass
class FrameSeen:
    """One frame that was sent. latency: milliseconds from its stamp to the arrival of its regions, None if dropped."""

    name: str
    pictures: set[str] = field(default_factory=set)
    regions: int = 0
    latency: float | None = None
    present: set[int] = field(default_factory=set)  # obstacles by number
    found: set[int] = field(default_factory=set)
    false_regions: int = 0


@dataclass
class Summary:
    """All frames, and the node's last word on why it dropped frames."""

    frames: list[FrameSeen]
    received: int = 0
    busy: int = 0
    stale: int = 0
    has_truth: bool = False

    @property
    def processed(self) -> list[FrameSeen]:
        """The frames that came back."""
        return [frame for frame in self.frames if frame.latency is not None]

    def rows(self) -> Iterator[tuple[str, str]]:
        """(what, value) of the closing table."""
        processed = self.processed
        yield "frames sent", str(len(self.frames))
        yield "frames processed", str(len(processed))
        yield (
            "frames dropped",
            (
                f"{len(self.frames) - len(processed)} ({self.busy} busy, {self.stale} stale, "
                f"{len(self.frames) - self.received} lost)"
            ),
        )
        if processed:
            p50, p95 = np.percentile([frame.latency for frame in processed], (50, 95))
            yield "latency until received", f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"
        if self.has_truth:
            seen, found = (Counter(n for f in processed for n in getattr(f, kind)) for kind in ("present", "found"))
            present = [n for n, times in seen.items() if times >= 3]  # fewer: parts of one, half hidden for a moment
            yield "obstacles present", f"{len(present)} (seen {seen.total()} times)"
            yield "obstacles found", f"{sum(n in found for n in present)} (found {found.total()} times)"
            false = sum(f.false_regions for f in processed)
            rate = f" ({10 * false / len(processed):.1f} in 10 frames)" if processed else ""
            yield "false regions on the road", f"{false}{rate}"
        else:
            yield "regions", str(sum(f.regions for f in processed))


def summarize(folder: Path, image: str, node: str, drive: Path | None) -> Summary:
    """Read demo.mcap and sent.csv, write the pictures of the page. drive: of drawn frames, whose truth is known."""
    sent = [line.split(",", 1) for line in (folder / "sent.csv").read_text().splitlines()]
    numbers = {int(stamp): number for number, (stamp, _) in enumerate(sent)}
    frames = [FrameSeen(name) for _, name in sent]
    obstacles = list(obstacles_of(drive, [name for _, name in sent])) if drive else []
    summary = Summary(frames, has_truth=drive is not None)
    kinds = {image: "image"} | {f"{node}/{name}": name for name in OUTPUTS}
    with open_bag(folder / "demo.mcap") as bag:
        for stored in bag.messages(*kinds):
            kind, message = kinds[stored.channel.topic], bag.read(stored.channel, stored.data)
            stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
            frame, number = frames[numbers[stamp]], numbers[stamp]
            if kind == "regions":
                frame.regions, frame.latency = len(message.regions), (stored.time - stamp) / 1e6
            elif kind == "stats":
                summary.received = message.received
                summary.busy, summary.stale = message.dropped_busy, message.dropped_stale
            elif kind == "mask" and drive:
                judge(frame, pixels(message), obstacles[number])
            elif kind in SHOWN:
                picture = heat_map(pixels(message)) if kind == "score" else pixels(message)
                height = max(1, round(picture.shape[0] * WIDTH / picture.shape[1]))
                write_image(folder / "frames" / f"{number:04d}_{kind}.jpg", resize_image(picture, (height, WIDTH)))
                frame.pictures.add(kind)
    return summary


def pixels(message: Any) -> np.ndarray:
    """mono8, rgb8 or 32FC1 message -> uint8 [H, W], uint8 [H, W, 3] or float32 [H, W]."""
    data = np.asarray(message.data).view(np.float32 if message.encoding == "32FC1" else np.uint8)
    shape = (message.height, message.width, 3) if message.encoding == "rgb8" else (message.height, message.width)
    return data.reshape(shape)


def obstacles_of(drive: Path, names: Sequence[str]) -> Iterator[Obstacles]:
    """The truth of each frame of a drawn drive, in its folders obstacle/ and instances/."""
    for name in names:
        truth, instances = read_map(drive / "obstacle" / name), read_map(drive / "instances" / name)
        pixels = {int(n): (instances == n) & (truth == 1) for n in np.unique(instances[truth == 1])}
        yield Obstacles(truth, {n: mask for n, mask in pixels.items() if mask.sum() >= SMALLEST * truth.size})


def judge(frame: FrameSeen, mask: np.ndarray, obstacles: Obstacles) -> None:
    """Compare the mask with the truth.

    An obstacle is found when a quarter of its pixels are in the mask. A region is false when it touches no obstacle
    and most of it lies where obstacles count.
    """
    truth, things = obstacles
    mask = resize_map(mask, truth.shape) > 0
    frame.present = set(things)
    frame.found = {number for number, thing in things.items() if mask[thing].mean() >= 0.25}
    number, components = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    for i in range(1, number):
        inside = truth[components == i]
        frame.false_regions += int(not (inside == 1).any() and (inside == 0).mean() > 0.5)


def show(summary: Summary, console: Console) -> None:
    """Print the closing table."""
    table = Table(show_header=False)
    for row in summary.rows():
        table.add_row(*row)
    console.print(table)


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>unexpected_ros: demo</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2em; background: #181818; color: #ddd }}
table {{ border-collapse: collapse; margin: 1em 0 }}
td {{ padding: .15em 1.5em .15em 0 }}
section, header.columns {{ display: grid; grid-template-columns: 9em repeat({columns}, minmax(0, 1fr)); gap: 4px;
  margin-bottom: 4px }}
header.columns {{ position: sticky; top: 0; background: #181818; padding: .5em 0; font-weight: 600 }}
img {{ width: 100%; display: block }}
small {{ color: #999; overflow-wrap: anywhere }}
.dropped {{ opacity: .5 }}
</style>
<h1>Detecting the unexpected</h1>
<p>Each frame went from a replay process through the detector node to a recorder, over ROS 2. The node segments the
image, repaints the scene from its labels, and scores where image and resynthesis disagree.</p>
<table>{rows}</table>
<header class="columns"><span>frame</span>{titles}</header>
{frames}
</html>
"""


def write_page(summary: Summary, folder: Path) -> None:
    """Write index.html beside the pictures."""
    frames = "\n".join(_section(number, frame) for number, frame in enumerate(summary.frames))
    write_text(
        folder / "index.html",
        PAGE.format(
            columns=len(SHOWN),
            frames=frames,
            titles="".join(f"<span>{title}</span>" for title in TITLES),
            rows="".join(f"<tr><td>{escape(what)}<td>{escape(value)}" for what, value in summary.rows()),
        ),
    )


def _section(number: int, frame: FrameSeen) -> str:
    words = "dropped" if frame.latency is None else f"{frame.regions} regions, {frame.latency:.0f} ms"
    if frame.present:
        words += f"<br>{len(frame.found)} of {len(frame.present)} obstacles"
    if frame.false_regions:
        words += f"<br>{frame.false_regions} false on the road"
    images = "".join(
        f'<img loading="lazy" alt="{kind}" src="frames/{number:04d}_{kind}.jpg">'
        if kind in frame.pictures
        else "<span></span>"
        for kind in SHOWN
    )
    state = ' class="dropped"' if frame.latency is None else ""
    return f"<section{state}><div>{number}<br><small>{escape(frame.name)}<br>{words}</small></div>{images}</section>"

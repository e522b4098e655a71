"""Draw how cost grows with pixels, cameras and regions, from lines that `unexpected bench --out` wrote.

unexpected bench --sizes 512x256 1024x512 1920x1080 --cameras 1 2 4 --regions 1 4 16 --out bench.jsonl
unexpected bench --sizes 1920x1080 --scale 0.5 --out bench.jsonl
python bench/scaling_plot.py bench.jsonl docs/scaling.webp
"""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt

plt.rcParams |= {"font.size": 8, "axes.grid": True, "grid.alpha": 0.3}


def draw(axes, points, label):
    """Points (x, y), by x."""
    axes.plot(*zip(*sorted(points), strict=True), "o-", markersize=3, linewidth=1, label=label)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, help="JSON lines of `unexpected bench`")
    parser.add_argument("picture", type=Path, help=".webp, .png or .svg to write")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.lines.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["megapixels"] = line["height"] * line["width"] / 1e6
    whole = [line for line in lines if "step" not in line]
    regions = [line for line in lines if line.get("step") == "regions"]
    if not regions or all(line["scale"] == 1 for line in whole):
        parser.error(f"{options.lines} has no line of --regions, or none of a --scale other than 1: see --help")
    _, (first, second, third, last) = plt.subplots(1, 4, figsize=(11, 2.6), layout="constrained")
    single = [line for line in whole if line["cameras"] == 1 and line["scale"] == 1]
    draw(first, [(line["megapixels"], line["processor"]) for line in single], "a frame")
    first.set(xlabel="megapixels of the image", ylabel="ms of processor time")
    largest = max(line["megapixels"] for line in whole if line["scale"] != 1)
    scaled = [line for line in whole if line["megapixels"] == largest and line["cameras"] == 1]
    draw(second, [(line["scale"] ** 2, line["processor"]) for line in scaled], f"{largest:.0f} megapixels")
    second.set(xlabel="pixels of the working size, times the usual")
    draw(third, [(line["cameras"], line["processor"]) for line in whole if line["height"] == 512], "1024x512")
    third.set(xlabel="cameras")
    for count in sorted({line["regions"] for line in regions}):
        points = [(line["megapixels"], line["processor"]) for line in regions if line["regions"] == count]
        draw(last, points, f"{count} regions")
    last.set(xlabel="megapixels of the score map")
    for axes in (first, second, third, last):
        axes.set_ylim(0, None)
        axes.legend(fontsize=7)
    plt.savefig(options.picture, dpi=100)


if __name__ == "__main__":
    main()

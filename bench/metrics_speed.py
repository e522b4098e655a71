"""How fast are the metrics? CPU milliseconds per 2048x1024 frame, beside road-anomaly-benchmark where it is given.

    python bench/metrics_speed.py --track 327
    python bench/metrics_speed.py --benchmark road-anomaly-benchmark

The second needs a Python that has what that code needs: numpy 1.26, scipy 1.11, matplotlib 3.8, IPython, easydict,
pandas.
"""

import argparse
import contextlib
import io
import platform
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from unexpected_core.files import commit
from unexpected_core.metrics.bootstrap import frame_weights, resample_components, resample_pixels
from unexpected_core.metrics.components import TRACK_SIZES, ComponentCounts, above, measure_components, strictly_above
from unexpected_core.metrics.modes import pixel_counts
from unexpected_core.processes import processes

SIZE = (1024, 2048)


def make_frame(seed, noise):
    """Score float32 and obstacle uint8 [1024, 2048]: a road with some boxes; noise makes thousands of false regions."""
    rng = np.random.default_rng(seed)
    obstacle = np.full(SIZE, 255, np.uint8)
    obstacle[350:] = 0
    for _ in range(8):
        y, x, h, w = rng.integers(400, 900), rng.integers(0, 1900), rng.integers(10, 100), rng.integers(10, 120)
        obstacle[y : y + h, x : x + w] = 1
    grain = cv2.GaussianBlur(rng.normal(size=SIZE).astype(np.float32), (0, 0), 2.5)
    score = 0.2 + 0.5 * (obstacle == 1) * rng.random(SIZE) + noise * grain / grain.std()
    return score.astype(np.float32), obstacle


def milliseconds(function, repeats):
    """The fastest of some runs, in time of the processor, so that other work on the machine counts little."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def ours_pixels(mode):
    def run(frame):
        counts = pixel_counts(mode)
        counts.add(*frame)
        return counts.numbers()

    return run


def ours_components(frame, threshold=0.35):
    counts = ComponentCounts()
    counts.add(measure_components(strictly_above(frame[0], threshold), frame[1], TRACK_SIZES["obstacle"]))
    return counts.numbers()


def theirs(folder):
    """Their pixel and component measurement of one frame, as functions."""
    sys.path.insert(0, str(folder))
    from easydict import EasyDict
    from road_anomaly_benchmark.metrics.instance_segmentation import MetricSegment
    from road_anomaly_benchmark.metrics.pixel_classification import MetricPixelClassification

    pixels = MetricPixelClassification(next(c for c in MetricPixelClassification.configs if c.name == "PixBinaryClass"))
    settings = EasyDict(next(c for c in MetricSegment.configs if c.name == "SegEval-ObstacleTrack"))
    settings.thresh_p = 0.35
    components = MetricSegment(settings)

    def run(metric, frame):
        with contextlib.redirect_stdout(io.StringIO()):
            result = metric.process_frame(label_pixel_gt=frame[1], anomaly_p=frame[0], visualize=False)
            return metric.aggregate([result], "method", "frames")

    return (lambda frame: run(pixels, frame)), (lambda frame: run(components, frame))


def side_by_side(folder, repeats):
    clean, noisy = make_frame(0, 0.04), make_frame(0, 0.12)
    half = clean[0].astype(np.float16), clean[1]
    rows = [
        ("pixel, smiyc", ours_pixels("smiyc"), 0, half),
        ("pixel, exact float16", ours_pixels("exact"), 0, half),
        ("pixel, exact float32", ours_pixels("exact"), 0, clean),
        ("components, clean map", ours_components, 1, clean),
        ("components, noisy map", ours_components, 1, noisy),
    ]
    benchmark = theirs(folder) if folder else None
    print(f"{'per 2048x1024 frame':26} {'ours':>10} {'benchmark':>10} {'times':>7}")
    for name, function, which, frame in rows:
        mine = milliseconds(lambda function=function, frame=frame: function(frame), repeats)
        line = f"{name:26} {mine:7.1f} ms"
        if benchmark:
            other = milliseconds(lambda which=which, frame=frame: benchmark[which](frame), 2)
            line += f" {other:7.1f} ms {other / mine:6.1f}x"
        print(line, flush=True)
    regions = measure_components(strictly_above(noisy[0], 0.35), noisy[1], TRACK_SIZES["obstacle"]).precision
    print(f"(the noisy map has {len(regions)} regions)")


def _pixels(folder, spill, indices):
    counts = pixel_counts("exact", spill)
    for i in indices:
        counts.add(*_read(folder, i))
    return counts


def _components(folder, threshold, indices):
    counts = ComponentCounts()
    for i in indices:
        score, obstacle = _read(folder, i)
        counts.add(measure_components(above(score, threshold), obstacle, TRACK_SIZES["obstacle"]))
    return counts


def _read(folder, i):
    return np.load(folder / f"score{i % 8}.npy"), cv2.imread(str(folder / f"obstacle{i % 8}.png"), -1)


def track(frames, workers, dtype):
    """Pixel metrics, best threshold, component metrics of a whole track, read from disk twice; then its intervals."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(8):
            score, obstacle = make_frame(i, 0.12)
            np.save(folder / f"score{i}.npy", score.astype(dtype))
            cv2.imwrite(str(folder / f"obstacle{i}.png"), obstacle)
        start = time.perf_counter()
        shares = [range(w, frames, workers) for w in range(workers)]
        with processes(workers) as pool:
            pixels = list(pool.map(_pixels, [folder] * workers, [folder] * workers, shares))
            for other in pixels[1:]:
                pixels[0].merge(other)
            numbers = pixels[0].numbers()
            thresholds = [numbers.best_f1_threshold] * workers
            components = list(pool.map(_components, [folder] * workers, thresholds, shares))
            for other in components[1:]:
                components[0].merge(other)
            f1 = components[0].numbers().f1
        seconds = time.perf_counter() - start
        start = time.process_time()
        weights = frame_weights(frames)
        resample_pixels(pixels[0], numbers, weights)
        resample_components(components[0], weights)
        bootstrap = time.process_time() - start
    processor = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"track of {frames} {dtype} frames, {workers} processes: {seconds:.1f} s, "
        f"{processor.ru_utime + processor.ru_stime:.1f} s of processor time "
        f"(AP {100 * numbers.average_precision:.2f}, component F1 {100 * f1:.2f}); "
        f"{len(weights)} resamples {bootstrap:.1f} s of processor time"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", type=Path, help="checkout of road-anomaly-benchmark to run beside ours")
    parser.add_argument("--track", type=int, default=0, metavar="N", help="also measure a track of N frames")
    parser.add_argument("--dtype", default="float16", choices=("float16", "float32"), help="of the track's scores")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    print(f"{datetime.now():%Y-%m-%d}, {cpu}, Python {platform.python_version()}, NumPy {np.__version__}, {commit()}")
    side_by_side(arguments.benchmark, arguments.repeats)
    if arguments.track:
        track(arguments.track, 2, arguments.dtype)


if __name__ == "__main__":
    main()

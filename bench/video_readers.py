"""Two video readers side by side on the same files: PyAV, which this project reads with, and OpenCV's VideoCapture.

    python bench/video_readers.py

For each container: frames read of 60, the largest error of a time stamp, of ten cut copies how many are taken for whole
videos (fewer frames, and neither a complaint nor a damaged frame), and the time of decoding beside each other.
"""

import platform
import sys
import tempfile
import time
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from unexpected_core.files import commit
from unexpected_core.images import ImageError
from unexpected_core.media.errors import MediaError
from unexpected_core.media.video import open_video

COUNT, HEIGHT, WIDTH = 60, 360, 640
FILES = {
    "h264 mp4": ("a.mp4", "libx264", {"movflags": "faststart"}),
    "h264 mp4, moov last": ("b.mp4", "libx264", {}),
    "h264 mp4, fragments": ("c.mp4", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
    "av1 mp4": ("d.mp4", "libsvtav1", {"movflags": "faststart"}),
    "h265 mov": ("e.mov", "libx265", {"movflags": "faststart"}),
    "mjpeg avi": ("f.avi", "mjpeg", {}),
    "h264 mkv, variable rate": ("g.mkv", "libx264", {}),
    "vp9 webm, live": ("h.webm", "libvpx-vp9", {"live": "1"}),
    "h264 ts": ("i.ts", "libx264", {}),
    "h264 bare": ("j.h264", "libx264", {}),
}


def make(path, codec, options):
    """A drive of noise that moves; returns its times in seconds."""
    times = np.arange(COUNT) / 10
    if "g.mkv" in path.name:
        times[20:] = times[20] + np.cumsum(np.tile((0.02, 0.3), COUNT // 2)[: COUNT - 20])
    tick = Fraction(1, 1000) if "g.mkv" in path.name else Fraction(1, 10)
    world = cv2.resize(np.random.default_rng(1).integers(0, 256, (60, 140, 3), np.uint8), (1400, 600))
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, 10)
        stream.height, stream.width = HEIGHT, WIDTH
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = tick
        for n, at in enumerate(times):
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(world[:HEIGHT, 5 * n : 5 * n + WIDTH]), format="rgb24"
            )
            frame.pts, frame.time_base = round(float(at / tick)), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return times


def by_pyav(path):
    """(times, whether anything was wrong)."""
    times, wrong = [], False
    try:
        for shot in open_video(path).shots():
            times.append(shot.time)
            try:
                shot.read()
            except ImageError:
                wrong = True
    except MediaError:
        wrong = True
    return times, wrong


def by_opencv(path):
    """The same; it complains only of what it cannot open, or of what claims more frames than it has."""
    capture, times = cv2.VideoCapture(str(path)), []
    claimed = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    while (read := capture.read())[0]:
        cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3)
    return times, not times or claimed > len(times)


def line(reader, path, expected, folder):
    """(frames, worst time stamp in ms, cut copies taken for whole, seconds)."""
    reader(path)
    start = time.perf_counter()
    times, _ = reader(path)
    seconds, frames = time.perf_counter() - start, len(times)
    worst = 1e3 * np.abs(np.subtract(times, expected)).max() if len(times) == COUNT else float("nan")
    data, silent = path.read_bytes(), 0
    for place in np.linspace(0.06, 0.98, 10):
        cut = folder / f"cut{path.suffix}"
        cut.write_bytes(data[: int(len(data) * place)])
        times, wrong = reader(cut)
        silent += len(times) < COUNT and not wrong
    return frames, worst, silent, seconds


def main():
    versions = f"PyAV {av.__version__}, OpenCV {cv2.__version__}"
    print(f"{datetime.now():%Y-%m-%d} {platform.processor() or platform.machine()} {versions} {commit()}")
    print(f"{'':26}{'frames':>12}{'time ms':>14}{'silent cuts':>14}{'PyAV / OpenCV':>16}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, (file, codec, options) in FILES.items():
            expected = make(folder / file, codec, options)
            if file.endswith("h264"):
                expected = np.arange(COUNT) / 25
            one, other = (line(reader, folder / file, expected, folder) for reader in (by_pyav, by_opencv))
            pairs = "".join(
                f"{a:>{w - 5}.0f} {b:>4.0f}" for a, b, w in zip(one[:3], other[:3], (12, 14, 14), strict=True)
            )
            print(f"{title:26}{pairs}{one[3] / other[3]:>16.2f}", flush=True)


if __name__ == "__main__":
    main()

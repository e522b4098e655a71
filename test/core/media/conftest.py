"""Videos and bags as people have them, made on the spot."""

import os
import runpy
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

SIZE = (48, 64)


@contextmanager
def kept_scheduling():
    """SVT-AV1 makes root's thread a real-time one and leaves it so: all that it starts later starves the rest."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    os.sched_setscheduler(0, policy, parameters)


@pytest.fixture(scope="session")
def picture():
    """Number -> RGB uint8 [48, 64, 3]: a gradient with a bar that moves with the number."""

    def draw(number):
        image = np.zeros((*SIZE, 3), np.uint8)
        image[..., 0] = np.linspace(40, 200, SIZE[1])
        image[..., 1] = np.linspace(30, 180, SIZE[0])[:, None]
        at = 3 * number % (SIZE[1] - 8)
        image[10:30, at : at + 8] = (250, 240, 20)
        return image

    return draw


@pytest.fixture(scope="session")
def make_video(picture):
    """Write a video: make_video(path, codec, count, rate=10, times=[seconds], options={of the container})."""

    def make(path, codec="mpeg4", count=12, rate=10, times=None, options=None, form=None, codec_options=None):
        with kept_scheduling(), av.open(str(path), "w", format=form, options=options or {}) as container:
            stream = container.add_stream(codec, rate, options=codec_options or {})
            stream.height, stream.width = SIZE
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            tick = Fraction(1, rate) if times is None else Fraction(1, 1000)
            stream.codec_context.time_base = tick
            for n in range(count):
                frame = av.VideoFrame.from_ndarray(picture(n), format="rgb24")
                frame.pts = n if times is None else round(1000 * times[n])
                frame.time_base = tick
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


@pytest.fixture(scope="session")
def bags():
    """The makers of bags.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("bags.py"))))

"""Videos by FFmpeg (PyAV): every codec it knows, the stream's own time stamps, and an end that is checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER
from unexpected_core.media.containers import missing_bytes
from unexpected_core.media.errors import IncompleteError, MediaError
from unexpected_core.media.shots import PHOTO_RATE, Footage, Shot

av.logging.set_level(None)  # it writes past our log; what matters comes as an exception or is counted
SLACK = 1.5
"""Frames by which a duration may be longer than the last time stamp says."""
SQUARE = 0.01
"""Share by which a pixel may be wider than high, or less, and still be called square."""
BACK = 0.5
"""Seconds: a time stamp further back than this, from the one before, is no jitter: the stamps have begun anew."""
TICK = 1e-6
"""Seconds by which a frame is at least behind the one before."""


@dataclass(frozen=True, slots=True)
class Video(Footage):
    """See Footage. every: take frames 0, every, 2 * every, ...

    claimed: frames by the container's own count, of those that are taken; None also where it counts some that are not
    shown. rate: Hz, on average; 0 unknown.
    """

    path: Path
    codec: str
    claimed: int | None
    rate: float
    every: int = 1

    def shots(self) -> Iterator[Shot]:
        """See Footage. A frame that the decoder had to patch up counts as damaged."""
        with _open(self.path) as container:
            played = _Played(self, container)
            yield from played.shots()
            played.check_end()

    def count(self) -> int:
        """See Footage; without a claim the packets are counted, which takes no decoding. Raises IncompleteError.

        AVI claims pictures for the gaps between some, too.
        """
        with _open(self.path) as container:
            if self.claimed is not None and container.format.name != "avi":
                return self.claimed
            packets = sum(1 for packet in _packets(container) if packet.size and not packet.is_discard)
        if cause := _cut(self.path):
            raise IncompleteError(
                f"{self.path} breaks off after {packets} frames: {cause}; copy or record it again", packets
            )
        return -(-packets // self.every)


def open_video(path: Path, every: int = 1) -> Video:
    """Open a video, to take every k-th frame. Raises MediaError."""
    with _open(path) as container:
        stream, *others = container.streams.video
        if any(not other.disposition & Disposition.attached_pic for other in others):
            LOGGER.warning("%s holds %d videos; the first one is read. Take the others out", path, 1 + len(others))
        _tell_aspect(path, stream)
        rate = stream.average_rate or stream.guessed_rate or 0
        claimed = -(-stream.frames // every) if stream.frames > 0 and not _is_trimmed(container) else None
        if (claimed or 0) > path.stat().st_size:  # each would be given a name
            raise MediaError(f"{path} claims {claimed} images in {path.stat().st_size} bytes: it is damaged")
        return Video(path, stream.codec_context.name, claimed, float(rate), every)


def _tell_aspect(path: Path, stream: av.VideoStream) -> None:
    """Warn where a player would stretch the frames, as of DVDs and DV cameras: they are read as they are stored."""
    pixel, width, height = stream.sample_aspect_ratio, stream.width, stream.height
    if pixel and height and abs(pixel - 1) > SQUARE:
        LOGGER.warning(
            "%s: its pixels are not square but %s:%s: it is shown as %.2f:1, and read as %dx%d, %.2f:1. To have it as "
            "shown, convert it: ffmpeg -i IN -vf scale=iw*sar:ih,setsar=1 OUT",
            *(path, pixel.numerator, pixel.denominator, pixel * width / height, width, height, width / height),
        )


def _is_trimmed(container: av.container.InputContainer) -> bool:
    """Whether an edit list (MP4, QuickTime) leaves out frames that are counted, as in videos shortened on a phone."""
    if "mov" not in container.format.name:
        return False
    stream = container.streams.video[0]
    shown = float((stream.duration or 0) * (stream.time_base or 0) * (stream.average_rate or 0))
    return 0 < shown < stream.frames - SLACK


@contextmanager
def _open(path: Path) -> Iterator[av.container.InputContainer]:
    try:
        container = av.open(str(path.absolute()))  # FFmpeg takes 12:30.mp4 for the name of a protocol
    except (av.FFmpegError, OSError, ValueError) as error:
        cause = _cut(path) or getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path} cannot be decoded as a video: {cause}; copy or record it again") from error
    with container:
        if not container.streams.video:
            cause = _cut(path) or "it has no video stream"
            raise MediaError(f"{path} cannot be decoded as a video: {cause}; copy or record it again")
        if container.streams.video[0].codec_context is None:
            raise MediaError(f"{path} cannot be decoded as a video: this FFmpeg lacks its codec; convert it to H.264")
        yield container


def _cut(path: Path) -> str:
    missing = missing_bytes(path) if path.is_file() else 0
    return f"{missing} bytes are missing at its end" if missing else ""


def _packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """Those of the first video stream. Raises av.FFmpegError where the file is damaged."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return container.demux(stream)


class _Played:
    """One pass through a video."""

    def __init__(self, video: Video, container: av.container.InputContainer) -> None:
        self.video, self.container, self.stream = video, container, container.streams.video[0]
        self.packets = self.frames = self.damaged = self.discarded = 0
        self.last = 0.0
        self.broken = ""
        self._start, self._stamp, self._joined = 0.0, None, False
        self._corrupt: set[int | None] = set()

    def shots(self) -> Iterator[Shot]:
        for frame in self._decoded():
            damaged = frame is None or frame.is_corrupt or frame.pts in self._corrupt
            self._corrupt -= set() if frame is None else {frame.pts}  # stamps come again where files were joined
            self.damaged += damaged
            self.last = self._time(None if frame is None else frame.time)
            number, self.frames = self.frames, self.frames + 1
            if number % self.video.every == 0:
                read = partial(_damaged if damaged else _rgb, self.video.path, number, frame)
                yield Shot(f"{number:05d}", self.last, self.video.path, read)

    def _time(self, stamp: float | None) -> float:
        """Seconds of the next frame since the first, always behind the last one's. stamp: its own seconds, if any."""
        step = 1 / (self.video.rate or PHOTO_RATE)
        following = self.last + step if self.frames else 0.0
        if stamp is None:
            return following
        if self._stamp is None:
            self._start = stamp - following  # also where the first ones are damaged
        elif stamp < self._stamp - BACK:
            self._begin_anew(stamp, following)
        self._stamp = stamp
        return max(stamp - self._start, self.last + TICK) if self.frames else 0.0

    def _begin_anew(self, stamp: float, time: float) -> None:
        """As where files were joined: their frames follow on each other. Told once."""
        self._start = stamp - time
        if not self._joined:
            LOGGER.warning(
                "%s: its time stamps begin anew at frame %d, as in files that were joined; it is played as one, "
                "each part going on where the one before ends",
                self.video.path,
                self.frames,
            )
        self._joined = True

    def _decoded(self) -> Iterator[av.VideoFrame | None]:
        """Every frame; None for one that was in the file and could not be decoded."""
        try:
            for packet in _packets(self.container):
                self._count(packet)
                try:
                    yield from packet.decode()
                except av.FFmpegError:
                    if packet.size:
                        yield None
        except av.FFmpegError as error:
            self.broken = error.strerror or str(error)

    def _count(self, packet: av.Packet) -> None:
        if packet.size:
            self.packets += 1
            self.discarded += packet.is_discard
            if packet.is_corrupt and packet.pts is not None:
                self._corrupt.add(packet.pts)

    def check_end(self) -> None:
        """Raise MediaError when nothing could be decoded, IncompleteError when less than there should be."""
        path, claimed = self.video.path, self.stream.frames or None
        cause = self._shortfall(claimed)
        if self.frames == self.damaged:
            told = f"codec {self.video.codec}" + (f", {claimed} frames claimed" if claimed else "")
            cause = cause or "the file is damaged, or this FFmpeg lacks the codec"
            raise MediaError(f"{path}: not one frame could be decoded ({told}): {cause}; copy or record it again")
        if cause:
            of_all = f" of {claimed}" if claimed and claimed > self.frames else ""
            damaged = f", {self.damaged} of them damaged" if self.damaged else ""
            raise IncompleteError(
                f"{path} breaks off after {self.frames}{of_all} frames{damaged}: {cause}; copy or record it again",
                self.frames,
                claimed,
            )

    def _shortfall(self, claimed: int | None) -> str:
        """Why some frames must be missing, '' where none are."""
        cause = _cut(self.video.path) or self.broken
        if cause:
            return cause
        bare = self.container.format.name in ("h264", "hevc", "mjpeg")
        if bare and self.packets > self.frames:
            return f"{self.packets - self.frames} of its pictures cannot be decoded"
        late = "" if claimed and self.frames + self.discarded >= claimed else self._ends_early()
        if late or (claimed and self.frames + self.discarded < claimed and self.container.format.name != "avi"):
            return late or "it claims more than it holds"
        return ""  # AVI counts frames that were dropped on recording, too

    def _ends_early(self) -> str:
        if len(self.container.streams) > 1:
            return ""  # the duration is that of the longest, such as of the sound
        duration = float(self.container.duration or 0) / av.time_base
        left = duration - self.last - SLACK / (self.video.rate or PHOTO_RATE)
        return f"it claims {duration:.1f} s and ends at {self.last:.1f} s" if left > max(0.5, 0.02 * duration) else ""


def _damaged(path: Path, number: int, _: object) -> np.ndarray:
    raise ImageError(f"{path}, frame {number} is damaged")


def _rgb(path: Path, number: int, frame: av.VideoFrame) -> np.ndarray:
    image = frame.to_ndarray(format="rgb24")
    turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

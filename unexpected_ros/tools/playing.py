"""One replay from the first frame to the last, or again and again: when each is sent, and what was wrong with some."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER
from unexpected_core.media.errors import IncompleteError
from unexpected_core.media.shots import PHOTO_RATE, Footage, Shot
from unexpected_ros.inputs.incoming import camera_from, stamp_ns
from unexpected_ros.scene.geometry import Camera, is_rectified
from unexpected_ros.tools.player import Player


def other_rectification(camera: Camera, recorded: str, played: str) -> str:
    """What to say where images of a topic are played on one by whose name they would be undistorted again, or not at
    all; '' for nothing, as where the calibration has no distortion.
    """
    is_rect, matters = is_rectified(recorded), camera.distortion.any() or camera.rotation is not None
    if is_rect is None or not matters or is_rect == bool(is_rectified(played)):
        return ""
    what, setting = ("are undistorted already", "yes") if is_rect else ("are as the camera made them", "no")
    return (
        f"images of {recorded} {what}, and the name {played} does not say so: give what reads them "
        f"camera.rectified:={setting}, or a name alike (-r image:={recorded})"
    )


@dataclass
class Playing:
    """One replay: what plays where and how, how many frames were sent, and what was wrong (each thing once)."""

    player: Player
    footage: Footage
    rate: float | None = None  # Hz, None = the footage's own times
    poll: Callable[[], None] = lambda: None
    journal: TextIO | None = None
    sent: int = 0
    problems: dict[str, None] = field(default_factory=dict)
    acted: bool = False  # in this pass: a frame was sent, or a jump obeyed
    checked: bool = False  # the first calibration was
    end: float = 0.0  # when the time of the last frame is over, which is as long as that of the others

    def play(self, start: float = 0.0, loop: bool = False) -> None:
        """Publish everything from `start` seconds on; with loop, again and again while there is anything to publish."""
        self.player.rewind(start)
        while (target := self._play_from(start)) is not None or (loop and (self.acted or start)):
            if target is None and self.acted:
                target = self.player.wait(self.end, self.poll)
            start = target or 0.0
            if target is None:
                self.player.rewind(start)
        self.player.finish()

    def _play_from(self, start: float) -> float | None:
        """One pass; returns the position to begin anew from when a jump backwards was asked for, None at the end."""
        self.acted = False
        try:
            for n, shot in enumerate(self.footage.shots()):
                when = n / self.rate if self.rate else shot.time
                self.end = when * (n + 1) / n if n else 1 / (self.rate or PHOTO_RATE)
                if when < start:
                    continue
                target = self.player.wait(when, self.poll)
                if target is None:
                    self._send(shot, when)
                elif target > when:
                    start, self.acted = target, True
                else:
                    return target
        except IncompleteError as error:
            self.problems[str(error)] = None
        return None

    def _send(self, shot: Shot, when: float) -> None:
        try:
            header = self.player.publish(shot, when, self._calibration(shot))
        except ImageError as error:
            return self._leave_out(str(error))
        self.sent, self.acted = self.sent + 1, True
        if self.journal:
            print(f"{stamp_ns(header)},{shot.name}", file=self.journal, flush=True)
        total = "?" if self.footage.claimed is None else max(self.sent, self.footage.claimed)
        print(f"sent {self.sent}/{total}", end="\r" if sys.stdout.isatty() else "\n", flush=True)

    def _calibration(self, shot: Shot) -> CameraInfo | None:
        try:
            info = deserialize_message(shot.camera_info, CameraInfo) if shot.camera_info else None
        except Exception:  # damaged bytes: each middleware has a kind of its own
            self._leave_out(f"{shot.source}: camera_info of {len(shot.camera_info)} bytes is damaged")
            return None
        if info and not self.checked:
            self.checked = True
            if doubt := other_rectification(camera_from(info), getattr(self.footage, "topic", ""), self.player.topic):
                LOGGER.warning(doubt)
        return info

    def _leave_out(self, problem: str) -> None:
        if problem not in self.problems:
            LOGGER.warning("left out: %s", problem)
        self.problems[problem] = None

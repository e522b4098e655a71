"""The loop of `unexpected detect`: every frame of every input, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unexpected_core.cli.detecting.inputs import UniqueNames, open_input, output_name, safe_name
from unexpected_core.cli.detecting.outputs import Outputs
from unexpected_core.cli.detecting.tally import Tally
from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER, progress
from unexpected_core.media.errors import MediaError
from unexpected_core.media.shots import Footage, Shot
from unexpected_core.pipeline.runner import DetectorError

if TYPE_CHECKING:
    import numpy as np

    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.structs import Detection

MOST_PROBLEMS = 20
"""Broken frames of an input that summary.json tells one by one; regions.jsonl has them all."""


class _Next(NamedTuple):
    """One shot of one input."""

    tally: Tally
    name: str
    shot: Shot


class Detecting:
    """One run over some inputs. tallies: one for each input, complete when `run` has ended."""

    def __init__(self, detector: Detector, results: Outputs, resynthesis: bool, about: dict) -> None:
        self.detector, self.results, self.resynthesis, self.about = detector, results, resynthesis, about
        self.tallies: list[Tally] = []
        self._unique = UniqueNames(results.owners)

    def run(
        self, inputs: Iterable[str], topic: str | None, every: int, bit_depth: int, written: Sequence[Path]
    ) -> None:
        """Detect in all inputs, one after the other; see cli.detecting.inputs.open_input."""
        opened = [self._open(Path(path), topic, every, written, bit_depth) for path in inputs]
        claims = [tally.claimed for _, tally in opened]
        total = None if None in claims else sum(claims)
        for work in progress(self._shots(opened), "detect", total):
            self._detect(*work)

    def _open(
        self, path: Path, topic: str | None, every: int, written: Sequence[Path], bit_depth: int
    ) -> tuple[Footage | None, Tally]:
        tally = Tally(str(path), claimed=0)
        self.tallies.append(tally)
        try:
            footage = open_input(path, topic, every, written, bit_depth)
        except MediaError as error:
            tally.failed = 1
            self._note(tally, str(path), self._unique(safe_name(path.stem), str(path)), error)
            return None, tally
        tally.claimed = footage.claimed
        return footage, tally

    def _shots(self, opened: list[tuple[Footage | None, Tally]]) -> Iterator[_Next]:
        for footage, tally in opened:
            if footage is None:
                continue
            try:
                for shot in footage.shots():
                    yield _Next(tally, self._unique(output_name(footage, shot), str(shot.source)), shot)
                tally.ended = True
            except ImageError as error:  # behind the last frame: some are missing
                self._note(tally, tally.input, self._unique(safe_name(footage.path.stem), tally.input), error)

    def _detect(self, tally: Tally, name: str, shot: Shot) -> None:
        source = str(shot.source)
        tally.read += 1
        regions = self.results.earlier(source, name)
        if regions is None:
            try:
                image, detection = self._look(tally, shot)
            except (ImageError, DetectorError) as error:
                tally.failed += 1
                self._note(tally, source, name, error)
                return
            self.results.write(source, name, image, detection, self.about)
            regions = len(detection.regions)
        tally.done, tally.regions = tally.done + 1, tally.regions + regions

    def _look(self, tally: Tally, shot: Shot) -> tuple[np.ndarray, Detection]:
        start = time.perf_counter()
        image = shot.read()
        detection = self.detector.detect(image, resynthesis=self.resynthesis)
        tally.seconds, tally.detected = tally.seconds + time.perf_counter() - start, tally.detected + 1
        return image, detection

    def _note(self, tally: Tally, source: str, name: str, error: Exception) -> None:
        LOGGER.error("%s", error)
        self.results.write_error(source, name, error)
        if len(tally.problems) < MOST_PROBLEMS:
            tally.problems.append(str(error))

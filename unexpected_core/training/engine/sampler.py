"""Which examples come when, and with which random numbers. Everything is a function of (seed, epoch, position), so
nothing of it needs saving: a training resumed at a position goes on as if it had never stopped."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from unexpected_core.training.engine.batches import by_size, of_one_size
from unexpected_core.training.engine.task import Examples
from unexpected_core.training.errors import TrainingError

TELLS_SENDERS = hasattr(signal, "sigwaitinfo")
"""Whether the system tells who sent a signal: not macOS and Windows."""


def seed_of(*numbers: int) -> int:
    """Numbers -> one well-mixed seed in 0..2**63-1."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def epoch_order(count: int, seed: int, epoch: int, wanted: int = 0) -> np.ndarray:
    """The indices 0..count-1 in the order of one epoch, int64 [count]; in several passes if more are wanted."""
    random = np.random.default_rng([seed, epoch])
    return np.concatenate([random.permutation(count) for _ in range(max(1, -(-wanted // count)))])


def positions(count: int, seed: int, epoch: int, wanted: int) -> np.ndarray:
    """`epoch_order` as what examples draw their random numbers from: tuples (epoch, 0..count-1, ...), object [count].

    In several passes if more are wanted.
    """
    order = epoch_order(count, seed, epoch, wanted)
    # An example met again in the same epoch is made with other random numbers.
    again = [(number // count,) if number >= count else () for number in range(len(order))]
    return np.fromiter(((epoch, int(i), *more) for i, more in zip(order, again, strict=True)), object, len(order))


def _random(seed: int, position: tuple[int, ...]) -> np.random.Generator:
    return np.random.default_rng([seed, *position])


def key_at(examples: Examples, seed: int, position: tuple[int, ...]) -> str:
    """The key of what is seen at a position."""
    if key_of := getattr(examples, "key_of", None):
        return key_of(position[1], _random(seed, position))
    return examples.keys[position[1]]


def keys_of_step(examples: Examples, seed: int, epoch: int, step: int, batch: int) -> list[str]:
    """The keys of the examples of a step, all processes' together."""
    order = positions(len(examples), seed, epoch, (step + 1) * batch)
    return [key_at(examples, seed, position) for position in order[step * batch : (step + 1) * batch]]


@dataclass(frozen=True)
class Share:
    """How a batch is divided: over `world` processes, and in each into `accumulate` parts, one after the other.

    batch: examples per optimiser step; rank: this process, 0..world-1.
    """

    batch: int
    accumulate: int = 1
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if self.batch % (self.accumulate * self.world):
            parts = self.accumulate * self.world
            raise TrainingError(
                f"loop.batch={self.batch} cannot be divided over {self.world} processes times "
                f"loop.accumulate={self.accumulate}; choose a multiple of {parts}"
            )

    def parts(self, batch: np.ndarray) -> np.ndarray:
        """Indices int [batch] -> those of this process, [accumulate, batch / (accumulate * world)]."""
        return batch.reshape(self.world, self.accumulate, -1)[self.rank]


class _Indexed(Dataset):
    """Examples by (epoch, index). Each draws from its own random numbers, whichever process makes it."""

    def __init__(self, examples: Examples, seed: int) -> None:
        self.examples, self.seed = examples, seed

    def __getitem__(self, position: tuple[int, ...]) -> dict[str, np.ndarray]:
        _, index, *_ = position
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(self.seed, *position, 1))
            return self.examples.example(index, _random(self.seed, position))

    def __getitems__(self, positions: Sequence[tuple[int, ...]]) -> list:
        """The examples of a batch; or what is wrong with one: see `_Collate`."""
        try:
            return [self[position] for position in positions]
        except Exception as error:
            if not type(error).__module__.startswith("unexpected_core"):
                raise
            return [error]


class _Collate:
    """From examples to a batch. Errors for people are handed on as they are: torch would put a traceback around those
    that a worker raises."""

    def __init__(self, collate: Callable) -> None:
        self.collate = collate

    def __call__(self, examples: list) -> Any:
        if isinstance(examples[0], Exception):
            return examples[0]
        try:
            return self.collate(examples)
        except TrainingError as error:
            return error


def steps_per_epoch(count: int, batch: int, limit: int) -> int:
    """Whole batches in `count` examples (or in `limit`, if not 0: a part, or several passes).

    Raises TrainingError when there is none.
    """
    used = limit if limit and count else count
    if used < batch:
        raise TrainingError(
            f"an epoch has {used} examples, fewer than one batch of {batch}: "
            f"lower loop.batch{' or raise loop.epoch_examples' if limit else ' or use more data'}"
        )
    return used // batch


def training_batches(
    examples: Examples, share: Share, seed: int, epoch: int, steps: range, workers: int, pinned: bool = False
) -> Iterator[list[dict]]:
    """For each step of `steps`: the parts that this process computes, dicts of tensors [B, ...].

    pinned: in memory that a GPU reads from fastest; it takes some of the GPU's own.
    """
    order = positions(len(examples), seed, epoch, steps.stop * share.batch)
    parts = [
        part.tolist() for step in steps for part in share.parts(order[step * share.batch : (step + 1) * share.batch])
    ]
    loaded = _loaded(examples, seed, parts, workers, of_one_size, pinned)
    for _ in steps:
        yield [next(loaded) for _ in range(share.accumulate)]


def validation_batches(
    examples: Examples, batch: int, seed: int, rank: int, world: int, workers: int, pinned: bool = False
) -> Iterator[dict]:
    """Every `world`-th validation batch, in order; epoch 0, so that the random numbers are the same each time.

    pinned: see training_batches. Whole images of several data sets may differ in size: a batch is cut where it changes.
    """
    starts = range(0, len(examples), batch)
    parts = [[(0, i) for i in range(start, min(start + batch, len(examples)))] for start in starts[rank::world]]
    for batches in _loaded(examples, seed, parts, workers, by_size, pinned):
        yield from batches


def some_examples(examples: Examples, indices: list[int], seed: int) -> Iterator[tuple[str, dict]]:
    """Key and batch of one, as validation sees them."""
    indexed = _Indexed(examples, seed)
    for index in indices:
        yield examples.keys[index], default_collate([indexed[0, index]])


def _loaded(
    examples: Examples, seed: int, parts: list[list[tuple[int, ...]]], workers: int, collate: Callable, pinned: bool
) -> Iterator[Any]:
    # Its own generator keeps the loader from drawing on torch's global random numbers.
    loader = DataLoader(
        _Indexed(examples, seed),
        batch_sampler=parts,
        collate_fn=_Collate(collate),
        num_workers=workers,
        generator=torch.Generator().manual_seed(0),
        pin_memory=pinned,
        worker_init_fn=_begin,
    )
    with _sigterm_held():  # workers inherit that, and are never without it
        batches = iter(loader)
    for batch in batches:
        if isinstance(batch, Exception):
            raise batch
        yield batch


@contextmanager
def _sigterm_held() -> Iterator[None]:
    """A SIGTERM to this process meanwhile comes afterwards."""
    if not TELLS_SENDERS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(_: int) -> None:
    """As many workers as cores, each with as many threads, would only wait for one another.

    A signal to all processes, such as a terminal's Ctrl-C, is the first one's to answer, which may be in a step.
    """
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if TELLS_SENDERS:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A SIGTERM that the first process sends ends a worker, as torch has it; anybody else's would be an error there."""
    while signal.sigwaitinfo([signal.SIGTERM]).si_pid != os.getppid():
        pass
    os._exit(0)

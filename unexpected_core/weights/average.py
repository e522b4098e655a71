"""Between two trainings of one architecture: the average of their weights often has the strengths of both.

Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022: a network and what fine-tuning made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unexpected_core.weights.cards import Card, WeightsError, taken
from unexpected_core.weights.reading import read_weights, write_weights


def average(before: str | Path, after: str | Path, share: float, out: Path, parts: Sequence[str] = ()) -> Card:
    """Write (1 - share) * before + share * after, with the card of `after`; share in 0..1.

    parts: networks of the detector to average ('segmenter', ...), the others are those of `after`; () = all.

    before, after: shipped name, weight file or run folder. The card has the data and the licences of both; scores
    and logit statistics are left out: they were those of `after`. Raises WeightsError where the two are not of
    one shape, and where `out` exists, or a file in its card's place.
    """
    if not 0 <= share <= 1:
        raise WeightsError(f"share must lie between 0 (all of {before}) and 1 (all of {after}), found {share:g}")
    if lost := taken(out):
        raise WeightsError(f"{lost} exists, and would be lost: give --out another name, or remove it")
    first, second = read_weights(before), read_weights(after)
    shapes = [{key: tuple(tensor.shape) for key, tensor in weights.state.items()} for weights in (first, second)]
    if shapes[0] != shapes[1] or first.card.architecture != second.card.architecture:
        raise WeightsError(f"{before} and {after} are different networks; an average needs the same keys and shapes")
    known = {key.partition(".")[0] for key in second.state}
    if unknown := [part for part in parts if part not in known]:
        raise WeightsError(f"{after} has no part '{unknown[0]}'; its parts are {', '.join(sorted(known))}")
    state = {
        key: first.state[key].lerp(tensor, share)
        if tensor.is_floating_point() and key.partition(".")[0] in (parts or known)
        else tensor
        for key, tensor in second.state.items()
    }
    only = "".join(f" --part {part}" for part in parts)
    command = f"unexpected weights average {before} {after} --share {share:g}{only} --out {out}"
    own = {"name": out.stem, "command": command}
    return write_weights(out, state, _of_both(first.card, second.card).model_copy(update=own))


def _of_both(first: Card, second: Card) -> Card:
    both = {
        "training_data": list(dict.fromkeys([*first.training_data, *second.training_data])),
        "licence": "; ".join(dict.fromkeys([first.licence, second.licence])),
    }
    return second.model_copy(update={**both, "commit": "", "scores": {}, "logit_statistics": None})

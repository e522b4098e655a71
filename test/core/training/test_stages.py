"""The segmenter alone first, then all together: one command, one folder, and it goes on where it ended."""

import numpy as np
import pytest
import torch
from torchvision.models import squeezenet1_1

from unexpected_core.config import override
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.training.engine import sampler
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS
from unexpected_core.training.stages import first_stage, run
from unexpected_core.training.tasks.perceptual import SqueezeNetDistance
from unexpected_core.weights.reading import read_weights


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Two folders of frames 64x96: sky and road; the second stored squeezed."""
    folder, random = tmp_path_factory.mktemp("roads"), np.random.default_rng(0)
    for name in ("plain", "squeezed"):
        for i, split in enumerate(("train", "train", "val")):
            labels = np.full((64, 96), 10, np.uint8)
            labels[24:] = 0
            image = np.clip(colorize(labels) + random.normal(0, 10, (64, 96, 3)), 0, 255).astype(np.uint8)
            write_image(folder / name / split / f"{i}.png", image)
            write_image(folder / name / split / f"{i}_trainIds.png", labels)
    return folder


def settings(roads, *changes):
    return override(
        PRESETS["nano"],
        [
            f"data.sources=[paired_folder={roads / 'plain'}, paired_folder={roads / 'squeezed'}]",
            "data.val_examples=1",
            "loop.epochs=1",
            "loop.epoch_examples=2",
            "loop.batch=2",
            "loop.batch_val=1",
            "loop.workers=0",
            "loop.frames=[]",
            "loop.device=cpu",
            "loop.precision=32-true",
            "loop.average=0",
            "optimizer.warmup=0",
            "first.epochs=1",
            "first.batch=2",
            "first.crop=[32,64]",
            "task.crop=[32,64]",
            "task.heights=[64,64]",
            "task.aspects={squeezed: 3.0}",
            "task.repeats={squeezed: 3}",
            *changes,
        ],
    )


def test_the_segmenter_learns_alone_and_then_with_the_others(roads, tmp_path):
    last, trained = run(settings(roads), tmp_path)
    assert trained and last.task.start == str(tmp_path / "segmenter/fast.safetensors")
    reached = torch.load(tmp_path / "segmenter/optimizer.pth", weights_only=True)["networks"]
    alone = read_weights(tmp_path / "segmenter").state
    assert read_weights(tmp_path / "segmenter").card.options == {"size": "nano"}
    assert all(torch.allclose(alone[key].float(), value.float(), atol=1e-3) for key, value in reached.items())
    log = (tmp_path / "segmenter/training.log").read_text()
    assert "train_labels" in log and "train_compare" not in log
    assert "8 examples" in log  # two plain frames, and three times two squeezed ones
    log = (tmp_path / "training.log").read_text()
    assert all(f"train_{part}" in log for part in ("labels", "paint", "compare", "direct"))
    again, trained = run(settings(roads), tmp_path)
    assert again == last and not trained


def test_a_training_with_a_start_has_no_first_stage(roads):
    assert first_stage(settings(roads, "first.epochs=0")) is None
    assert first_stage(settings(roads, "task.start=fast")) is None
    first = first_stage(settings(roads, "task.perceptual=1"))
    assert first.task.learn == ("segmenter",) and not first.task.paste and not first.task.perceptual


def test_an_example_met_again_in_an_epoch_is_another():
    class Numbers:
        keys = ("a", "b", "c")

        def __len__(self):
            return 3

        def example(self, index, random):
            return {"index": np.array(index), "number": np.array(random.integers(2**40))}

    batches = sampler.training_batches(Numbers(), sampler.Share(3), 0, 1, range(4), 0)
    found = [part for (part,) in batches]
    assert all(sorted(part["index"].tolist()) == [0, 1, 2] for part in found)
    assert len({number for part in found for number in part["number"].tolist()}) == 12
    later = list(sampler.training_batches(Numbers(), sampler.Share(3), 0, 1, range(2, 4), 0))
    assert torch.equal(later[0][0]["number"], found[2]["number"])  # resumed in the middle: the same


def test_squeezenet_sees_no_difference_between_equal_pictures(tmp_path):
    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), tmp_path / "s.pth")
    judge, photo = SqueezeNetDistance(str(tmp_path / "s.pth")), torch.rand(2, 3, 40, 56)
    assert judge(photo, photo) == 0
    painted = photo.flip(3).requires_grad_()
    judge(painted, photo).backward()
    assert painted.grad.abs().sum() > 0 and not any(weight.requires_grad for weight in judge.parameters())
    with pytest.raises(TrainingError, match=r"task\.perceptual_weights: no file 'x\.pth'; give the state dict of"):
        SqueezeNetDistance("x.pth")

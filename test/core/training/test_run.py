"""The run folder, and how a training ends: the limit, the stop file, and every failure with its cure."""

import json
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from unexpected_core import drawing
from unexpected_core.config import override
from unexpected_core.datasets import DatasetError
from unexpected_core.drawing.errors import DrawingError
from unexpected_core.images import read_image
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.alone import alone_in
from unexpected_core.training.engine.checkpoint import Progress, fingerprint, load_state, save_state
from unexpected_core.training.engine.loop import Training
from unexpected_core.training.engine.run import resolve, run_folder
from unexpected_core.training.engine.same_settings import keep_config, refuse_changes
from unexpected_core.training.engine.schedule import rate_factor
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples import drawn
from unexpected_core.training.examples.augment import Augmentation
from unexpected_core.training.examples.drawn import drawn_dataset
from unexpected_core.training.examples.samples import changed, checked_labels, open_data, spread
from unexpected_core.training.examples.settings import DataSettings, DrawnSettings
from unexpected_core.training.presets import PRESETS
from unexpected_core.training.tasks.losses import class_weights
from unexpected_core.weights.cards import Card
from unexpected_core.weights.catalog import find_weights, shipped
from unexpected_core.weights.reading import write_weights

TINY = runpy.run_path(str(Path(__file__).with_name("tiny_training.py")))
run = TINY["run"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    run(folder)
    return folder


def test_run_folder_holds_what_the_paper_promises(finished):
    best, last = (torch.load(finished / f"chk_{name}.pth", weights_only=True) for name in ("best", "last"))
    assert set(best["weights"]) == {
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
        "4.weight",
        "4.bias",
    }
    assert last["state"]["epoch_idx"] == 3
    lines = (finished / "training.log").read_text().splitlines()
    losses = [float(line.partition("val_loss ")[2].partition(",")[0]) for line in lines[1:]]
    assert best["state"]["best_loss_val"] == pytest.approx(min(losses), rel=1e-7)
    assert best["state"]["epoch_idx"] == int(np.argmin(losses))
    assert torch.load(finished / "optimizer.pth", weights_only=True)["epoch_idx"] == 3
    log = finished / last["state"]["run_name"]
    assert {path.name for path in log.glob("*.webp")} == {f"e{epoch:03d}_street__0_labels.webp" for epoch in range(4)}
    assert read_image(log / "e003_street__0_labels.webp").shape == (8, 12, 3)
    assert list(log.glob("events.out.tfevents*"))


def test_published_weights_are_the_averaged_ones(finished):
    """And they differ from the ones that learn."""
    published = torch.load(finished / "chk_last.pth", weights_only=True)["weights"]
    state = torch.load(finished / "optimizer.pth", weights_only=True)
    assert torch.equal(published["0.weight"], state["average"]["module.network.0.weight"])
    assert not torch.equal(published["0.weight"], state["networks"]["network.0.weight"])


def test_the_same_command_again_changes_nothing_and_a_higher_limit_goes_on(tmp_path):
    run(tmp_path, ["loop.epochs=1"])
    before = (tmp_path / "training.log").read_text()
    assert run(tmp_path, ["loop.epochs=1"]).epoch == 1
    assert (tmp_path / "training.log").read_text() == before
    assert run(tmp_path, ["loop.epochs=2"]).epoch == 2
    assert (tmp_path / "training.log").read_text().startswith(before)


def test_stop_file_ends_the_training_and_is_deleted(tmp_path):
    tmp_path.joinpath("stop").touch()
    assert run(tmp_path).epoch == 0
    assert not (tmp_path / "stop").exists()


def test_half_precision_learns_too(tmp_path):
    progress = run(tmp_path, ["loop.precision=bf16-mixed"])
    assert progress.best_epoch == 3


def test_full_disk_keeps_the_previous_state_and_the_training_goes_on_afterwards(
    tmp_path, finished, files_no_longer_than
):
    run(tmp_path, ["loop.epochs=1"])
    before = (tmp_path / "optimizer.pth").read_bytes()
    cure = r"cannot write .*optimizer\.pth.* make room and run the same command"
    with files_no_longer_than(8000), pytest.raises(TrainingError, match=cure):
        run(tmp_path)
    assert (tmp_path / "optimizer.pth").read_bytes() == before
    run(tmp_path)
    assert (tmp_path / "training.log").read_text() == (finished / "training.log").read_text()


@pytest.mark.parametrize(("examples", "steps"), [(5, 1), (21, 5)])
def test_data_that_grew_or_shrank_meanwhile_are_told_and_the_epoch_begins_anew(examples, steps, tmp_path, caplog):
    """Its order is another one, and what was summed of it belongs to no epoch."""
    run(tmp_path, ["loop.epochs=1"])
    state = torch.load(tmp_path / "optimizer.pth", weights_only=True)
    assert state["progress"]["examples"] == 13
    state["progress"] |= {"step": 2, "sums": {"loss": 1e9, "sharpness": 1e9}}  # as after a kill in the second epoch
    torch.save(state, tmp_path / "optimizer.pth")
    progress = run(tmp_path, train=examples)
    assert (progress.epoch, progress.examples) == (3, examples)
    assert f"learned from 13 examples, now there are {examples}" in caplog.text
    log = (tmp_path / "training.log").read_text()
    assert f"from epoch 2 on: {examples} examples, {steps} steps of 4 per epoch (there were 13 examples)\n" in log
    assert not re.search(r"train_loss \d{5}", log)


def test_as_many_other_data_are_told_too(tmp_path, caplog):
    """A frame renamed, or one taken out and one put in: from there on each index is another example."""
    run(tmp_path, ["loop.epochs=1"])
    state = torch.load(tmp_path / "optimizer.pth", weights_only=True)
    state["progress"] |= {"step": 2, "keys": fingerprint([f"other {i}" for i in range(13)])}
    torch.save(state, tmp_path / "optimizer.pth")
    run(tmp_path, ["loop.epochs=2"])
    assert "learned from 13 other examples, now there are 13" in caplog.text
    assert "per epoch (there were 13 other examples)" in (tmp_path / "training.log").read_text()
    caplog.clear()
    run(tmp_path)
    assert "learned from" not in caplog.text, "they are noted now"


def test_data_that_changed_before_the_first_step_are_what_it_learned_from(tmp_path, caplog):
    run(tmp_path, ["loop.epochs=0"])
    assert run(tmp_path, ["loop.epochs=1"], train=21).examples == 21
    assert "learned from" not in caplog.text, "it had not"
    run(tmp_path, train=21)
    assert "learned from" not in caplog.text


def test_states_of_earlier_versions_do_not_say_from_how_many_examples(tmp_path, caplog):
    run(tmp_path, ["loop.epochs=1"])
    state = torch.load(tmp_path / "optimizer.pth", weights_only=True)
    del state["progress"]["examples"], state["progress"]["keys"]
    torch.save(state, tmp_path / "optimizer.pth")
    assert run(tmp_path, train=21).examples == 21
    assert "now there are" not in caplog.text


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_wrong_with_an_example_is_said_in_its_own_words(workers, tmp_path, monkeypatch):
    """Whichever process meets it: torch puts a traceback around what its workers raise."""

    def example(self, index, random):
        raise DatasetError(f"'{self.keys[index]}' has no labels")

    monkeypatch.setattr(TINY["TinyExamples"], "example", example)
    with pytest.raises(DatasetError) as raised:
        run(tmp_path, [f"loop.workers={workers}"])
    assert str(raised.value) == "'street/0' has no labels"


def test_damaged_state_is_named(tmp_path):
    tmp_path.joinpath("optimizer.pth").write_bytes(b"nothing")
    said = r"cannot read .*optimizer\.pth.*or delete it and move chk_best.* away, to train from the start"
    with pytest.raises(TrainingError, match=said):
        load_state(tmp_path, {})


def test_nan_names_step_examples_and_cure_and_the_state_before_it_survives(tmp_path):
    run(tmp_path, ["loop.epochs=1"])
    before = torch.load(tmp_path / "optimizer.pth", weights_only=True)
    with pytest.raises(
        TrainingError,
        match=r"loss = (nan|inf).* in epoch 2 at step \d \(examples street/.*\)\. Lower "
        r"optimizer\.learning_rate",
    ):
        run(
            tmp_path,
            [
                "loop.epochs=2",
                "optimizer.schedule=constant",
                "optimizer.learning_rate=1e37",
                "loop.checkpoint_seconds=600",
            ],
        )
    after = torch.load(tmp_path / "optimizer.pth", weights_only=True)
    assert torch.equal(before["networks"]["network.0.weight"], after["networks"]["network.0.weight"])


def test_nan_names_the_examples_that_the_step_saw(tmp_path):
    """Not those whose turn it was, where others came in their place."""

    class Others(TINY["TinyExamples"]):
        def key_of(self, index, random):
            return self.keys[random.integers(len(self))]

        def example(self, index, random):
            seen = int(random.integers(len(self)))
            return super().example(seen, random) | {"seen": np.array(seen)}

    class Wrong(TINY["TinyTask"]):
        def losses(self, networks, batch):
            seen[:] = batch["seen"].tolist()
            wrong = torch.nan if torch.is_grad_enabled() and 5 in seen else 1.0
            return {"loss": super().losses(networks, batch)["loss"] * wrong}

    examples, seen = Others(13, "plain"), []
    with pytest.raises(TrainingError) as raised:
        Training(TINY["SETTINGS"], Wrong("plain"), examples, examples, tmp_path).run()
    assert f"(examples {', '.join(f'street/{i}' for i in seen)})" in str(raised.value) and 5 in seen


def test_out_of_memory_names_the_settings(tmp_path):
    class Greedy(TINY["TinyTask"]):
        def losses(self, networks, batch):
            torch.empty(2**52)  # more than there is
            return super().losses(networks, batch)

    examples = TINY["TinyExamples"](8, "plain")
    with pytest.raises(TrainingError, match=r"out of memory with loop\.batch=4 .*raise loop\.accumulate"):
        Training(TINY["SETTINGS"], Greedy("plain"), examples, examples, tmp_path).run()


def test_too_little_data(tmp_path):
    with pytest.raises(TrainingError, match=r"an epoch has 3 examples, fewer than one batch of 4: lower loop\.batch"):
        run(tmp_path, train=3)
    with pytest.raises(TrainingError, match=r"an epoch has 2 examples.* or raise loop\.epoch_examples"):
        sampler.steps_per_epoch(100, 4, limit=2)
    with pytest.raises(TrainingError, match=r"no validation examples: .*data\.val"):
        run(tmp_path, val=0)


def test_frames_too_small_to_draw(tmp_path, monkeypatch):
    monkeypatch.setenv("DIR_EXPERIMENTS", str(tmp_path))
    with pytest.raises(DatasetError, match="data set 'drawn': size 64x32 is too small to draw a road"):
        drawn_dataset(DrawnSettings(size=(32, 64)), training=True)
    with pytest.raises(DatasetError, match="'drawn' is drawn on the spot and has no folder, found /roads"):
        open_data(DataSettings(drawn=DrawnSettings(size=(32, 64))), "drawn", "/roads", "train")
    assert not any(tmp_path.iterdir())


def test_drawn_frames_are_told_apart_by_the_code_that_drew_them(tmp_path, monkeypatch):
    room = shutil.copytree(Path(drawing.__file__).parent, tmp_path / "drawing")
    monkeypatch.setattr(drawing, "__file__", str(room / "__init__.py"))
    before = drawn.fingerprint()
    for name in ("tracks.py", "model/light.py", "things/street.py", "render/sensor.py"):
        (room / name).write_text("another = 'version'")
        before, earlier = drawn.fingerprint(), before
        assert before != earlier, name
    (room / name).write_text('"""Told better."""\n\nanother = \'version\'  # by far\n')
    assert before == drawn.fingerprint()
    with monkeypatch.context() as other:
        other.setattr("cv2.__version__", "4.10.0")  # whose pixels differ
        assert before != drawn.fingerprint()
    shutil.rmtree(room)
    with pytest.raises(DrawingError, match="no code that draws below"):
        drawn.fingerprint()


def test_batch_that_cannot_be_divided():
    with pytest.raises(
        TrainingError,
        match=r"loop\.batch=6 cannot be divided over 2 processes times loop\.accumulate=2"
        "; choose a multiple of 4",
    ):
        sampler.Share(6, accumulate=2, world=2)


def test_wrong_labels():
    labels = np.array([[0, 19, 255], [18, 34, 1]], np.uint8)
    with pytest.raises(TrainingError, match=r"labels of 'aachen/1' hold id 19, 34; expected 0\.\.18, or 255"):
        checked_labels("aachen/1", labels)
    with pytest.raises(TrainingError, match="'aachen/1' has no labels"):
        checked_labels("aachen/1", None)


def test_crop_larger_than_the_image_names_the_image():
    with pytest.raises(TrainingError, match=r"'aachen/1': a crop of 384x768 .* does not fit an image of 300x900"):
        changed("aachen/1", {"image": np.zeros((300, 900, 3), np.uint8)}, Augmentation(DataSettings()))


def test_config_is_kept_and_a_different_training_is_refused(tmp_path):
    settings = PRESETS["0521_discrepancy_full"]
    keep_config(settings, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["task"]["class_weights"] == [1.45693524, 19.18586532]
    elsewhere = ["loop.epochs=99", "loop.workers=4", "data.sources=[cityscapes_small=/elsewhere]"]
    assert refuse_changes(override(settings, elsewhere), tmp_path) == ""
    keep_config(override(settings, elsewhere), tmp_path)
    save_state(tmp_path, Progress(started=True, step=1), {})
    with pytest.raises(TrainingError, match=r"holds a training with other settings: loop\.batch was 2, now 4\. Use"):
        refuse_changes(override(settings, ["loop.batch=4"]), tmp_path)
    with pytest.raises(TrainingError, match=r"loop\.accumulate was 1, now 2"):  # parts are normalised one by one
        refuse_changes(override(settings, ["loop.accumulate=2"]), tmp_path)
    with pytest.raises(TrainingError, match=r"task\.compares was full, now labels_only"):
        refuse_changes(PRESETS["0517_discrepancy_labels_only"], tmp_path)


def test_a_setting_that_is_newer_than_a_training_must_be_as_it_was_without_it(tmp_path):
    """That is its default, whatever its preset says now."""
    settings = PRESETS["fast"]
    keep_config(override(settings, ["optimizer.method=adam", "loop.average=0"]), tmp_path)
    save_state(tmp_path, Progress(started=True, step=1), {})
    kept = json.loads((tmp_path / "config.json").read_text())
    del kept["optimizer"]["method"], kept["task"]["pastes"], kept["loop"]["average"]
    (tmp_path / "config.json").write_text(json.dumps(kept))
    before = override(settings, ["optimizer.method=adam", "loop.average=0"])
    assert refuse_changes(before, tmp_path) == ""
    with pytest.raises(
        TrainingError,
        match=r"other settings: optimizer\.method was adam, now muon; loop\.average was 0\.0, now 0\.998\.",
    ):
        refuse_changes(settings, tmp_path)
    with pytest.raises(TrainingError, match=r"task\.pastes\.known was \d\.?\d*, now 0\.125"):
        refuse_changes(override(before, ["task.pastes.known=0.125"]), tmp_path)


def test_a_run_folder_that_bears_a_shipped_name_is_not_the_shipped_detector(tmp_path, monkeypatch, caplog):
    """Such a training was judged by the numbers of the shipped detector, without a word."""
    write_weights(tmp_path / "fast" / "fast.safetensors", {}, Card(name="mine", architecture="fast"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIR_EXPERIMENTS", ".")
    for given in ("fast", "./fast", Path("fast"), None):
        assert find_weights(run_folder(PRESETS["fast"], given)) == tmp_path / "fast" / "fast.safetensors", given
    assert not caplog.records
    for _ in range(2):
        assert find_weights("fast") == shipped()["fast"]
    assert caplog.messages == [
        f"'fast' is the detector that is shipped; for the one in that folder give {tmp_path / 'fast'}"
    ]


def test_ensemble_members_differ_in_name_and_seed_only(monkeypatch):
    monkeypatch.setenv("DIR_EXPERIMENTS", "/experiments")
    third = resolve(override(PRESETS["0121_psp_ensemble_bdd"], ["task.member=3"]))
    assert run_folder(third) == Path("/experiments/0121_PSPEns_BDD_03")
    assert third.loop.seed == 3
    assert third.optimizer == PRESETS["0121_psp_ensemble_bdd"].optimizer


@pytest.mark.parametrize(
    ("share", "weights"),
    [
        (0.03350395, (1.45693524, 19.18586532)),  # the paper's discrepancy set: 3.35 %
        (0.07795, (1.50660602, 10.70138633)),  # and its other sets, as far as their shares are known
        (0.2095, (1.68470027, 4.8392086)),
        (0.1292, (1.56987986, 7.190096)),
    ],
)
def test_class_weights_of_the_paper(share, weights):
    digits = 5e-8 if share < 0.05 else 5e-4  # the other shares are known to four digits only
    assert class_weights([1 - share, share]) == pytest.approx(weights, rel=digits)


def test_learning_rates():
    half_linear = [rate_factor("half_linear", epoch, 0, epochs=200, steps=10) for epoch in (1, 101, 102, 200)]
    assert half_linear == pytest.approx([1, 1, 0.99, 0.01])
    cosine = [rate_factor("cosine", *position, epochs=2, steps=4) for position in ((1, 0), (2, 0), (2, 3))]
    assert cosine == pytest.approx([1, 0.5, 0.5 * (1 + np.cos(np.pi * 7 / 8))])
    assert [rate_factor("constant", 1, step, 1, 9, warmup=4) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]


def test_every_epoch_has_its_own_order_and_a_share_of_it_is_disjoint():
    first, second = (sampler.epoch_order(20, seed=0, epoch=epoch) for epoch in (1, 2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first.tolist() != second.tolist()
    parts = [sampler.Share(8, accumulate=2, rank=rank, world=2).parts(first[:8]) for rank in (0, 1)]
    assert np.concatenate(parts).ravel().tolist() == first[:8].tolist()


def test_spread():
    assert spread(10, 0) == list(range(10))
    assert spread(9, 3) == [0, 4, 8]
    assert spread(2, 5) == [0, 1]


def test_an_exception_reaches_the_caller_and_the_log(tmp_path):
    """And is moved aside, not lost, when the training goes on."""
    from unexpected_core.training.engine import run as engine

    settings = override(PRESETS["0525_rbm_road"], ["data.sources=[paired_folder=/nowhere]"])
    with pytest.raises(ValueError, match="/nowhere"):
        engine.run(settings, tmp_path)
    assert "DatasetError" in (tmp_path / "training.log").read_text()
    run(tmp_path, ["loop.epochs=0"])
    assert "DatasetError" not in (tmp_path / "training.log").read_text()
    assert "DatasetError" in (tmp_path / "interrupted.log").read_text()


def test_two_trainings_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("unexpected_core.training.engine.alone.PATIENCE", 0.0)
    with alone_in(tmp_path):
        refused = pytest.raises(TrainingError, match=r"another process is training in .*: wait for it, end it, or use")
        with refused, alone_in(tmp_path):
            pass
        monkeypatch.setenv("LOCAL_RANK", "1")
        with alone_in(tmp_path):  # another process of the same training
            pass
    monkeypatch.delenv("LOCAL_RANK")
    with alone_in(tmp_path):
        pass


def test_progress_survives_its_file(tmp_path):
    from unexpected_core.training.engine.checkpoint import save_state

    progress = Progress(started=True, epoch=2, step=5, sums={"loss": 0.1}, best=0.25, best_epoch=1, log_bytes=77)
    save_state(tmp_path, progress, {})
    assert load_state(tmp_path, {}) == progress

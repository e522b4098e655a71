"""Every preset: can be printed and read back, trains on what its task needs, goes on, and publishes usable weights."""

import math
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torchvision import models

from unexpected_core.cli.main import main
from unexpected_core.config import SettingsError, build, override, read_yaml, settings_of
from unexpected_core.datasets import DatasetError, Resized, open_dataset
from unexpected_core.discrepancy_data.generate import generate
from unexpected_core.discrepancy_data.swaps import Recipe
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.training.engine import run as engine
from unexpected_core.training.engine.explain import explain_memory
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.samples import open_joined
from unexpected_core.training.presets import PRESETS, derive
from unexpected_core.training.tasks.discrepancy import open_task
from unexpected_core.training.tasks.frequencies import describe_weights
from unexpected_core.training.tasks.generator import open_task as open_generator_task

PUBLISHED = {
    "segmentation": "{network}",
    "generator": "pix2pixhd_generator",
    "discrepancy": "discrepancy_{compares}",
    "rbm": "rbm",
}


def painted(labels, photo):
    """A painter: the colours of the labels."""
    return colorize(labels)


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Train and val frames 48x80: sky, road and a car, as a paired folder; discrepancy sets made of it."""
    folder = tmp_path_factory.mktemp("roads")
    random = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        for i in range(count):
            labels = np.full((48, 80), 10, np.uint8)
            labels[20:] = 0
            labels[18:40, 8 * i : 8 * i + 36] = 13
            labels[:2] = 255
            image = np.clip(colorize(labels) + random.normal(0, 10, (48, 80, 3)), 0, 255).astype(np.uint8)
            write_image(folder / split / f"{i}.png", image)
            write_image(folder / split / f"{i}_trainIds.png", labels)
        source = open_dataset("paired_folder", folder, split=split)
        for name, recipe in {"half": Recipe(), "quarter": Recipe(swap_fraction=0.25, gen_img_ext=".webp")}.items():
            recipe = recipe.model_copy(update={"smallest_object": 1000})
            generate(source, folder / name, recipe, painted, generator="colours", split=split, workers=1)
    return folder


def small(name, roads):
    """The preset with narrow networks on the frames above; its own optimiser, schedule and losses."""
    return engine.resolve(override(PRESETS[name], made_small(PRESETS[name], roads)))


def made_small(settings, roads):
    """The changes that make it so."""
    changes = [
        "loop.epochs=1",
        "loop.batch=2",
        "loop.batch_val=1",
        "loop.device=cpu",
        "loop.frames=[0]",
        "loop.workers=0",
        f"data.sources=[paired_folder={roads}]",
    ]
    kind = settings.task.kind
    if not kind.startswith("fast"):
        changes += ["data.crop=[32,64]"] if settings.data.crop else []
    if kind in ("segmentation", "generator", "discrepancy"):
        changes += ["task.start=random", f"task.{'small=true' if kind == 'segmentation' else 'width=8'}"]
    if kind == "generator":
        changes += ["task.ids=train", "task.perceptual=0"]
    if kind == "discrepancy":
        changes += [f"task.set_folder={roads / ('quarter' if settings.task.swap_fraction == 0.25 else 'half')}"]
    if kind.startswith("fast"):
        changes += ["task.crop=[32,64]", "task.heights=[64,64]", "loop.epoch_examples=4"]
    return changes


def narrow(task, network):
    """What a network is built with that was trained by these changes."""
    return {"width": 8} if hasattr(task, "width") else NETWORKS[network].small if hasattr(task, "small") else {}


@pytest.mark.parametrize("name", PRESETS)
def test_preset_survives_yaml(name, tmp_path, capsys):
    settings = engine.resolve(PRESETS[name])
    assert main(["train", name, "--dry-run"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert build(type(settings), printed) == settings
    path = tmp_path / "variant.yaml"
    path.write_text(yaml.safe_dump({"base": name, **printed}))
    assert read_yaml(path, PRESETS) == settings


@pytest.mark.parametrize("name", PRESETS)
def test_preset_trains_goes_on_and_publishes(name, roads, tmp_path):
    settings = small(name, roads)
    engine.run(settings, tmp_path)
    engine.run(override(settings, ["loop.epochs=2"]), tmp_path)
    lines = (tmp_path / "training.log").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == ["epoch 0", "epoch 1", "epoch 2"]
    chk = torch.load(tmp_path / "chk_best.pth", weights_only=True)
    assert math.isfinite(chk["state"]["best_loss_val"])
    assert list((tmp_path / chk["state"]["run_name"]).glob("e002_*.webp"))
    task = settings.task
    if not task.kind.startswith("fast"):
        network = PUBLISHED[task.kind].format(**task.model_dump())
        build_network(network, **narrow(task, network)).load_state_dict(chk["weights"])


def test_weights_move_in_every_trained_network_and_in_no_frozen_one(roads, tmp_path):
    """Generator and discriminator learn together; the network that judges their likeness does not."""
    settings = override(small("0405_pix2pixhd_nostyle_ctc_crop", roads), ["task.perceptual=10"])
    engine.run(override(settings, ["loop.epochs=0"]), tmp_path)
    before = torch.load(tmp_path / "optimizer.pth", weights_only=True)["networks"]
    engine.run(settings, tmp_path)
    after = torch.load(tmp_path / "optimizer.pth", weights_only=True)["networks"]
    still = {key.partition(".")[0] for key, value in before.items() if torch.equal(value, after[key])}
    moved = {key.partition(".")[0] for key, value in before.items() if not torch.equal(value, after[key])}
    assert moved == {"generator", "discriminator"}
    assert "perceptual" in still


@pytest.mark.parametrize("start", ["random", "imagenet"])
def test_the_pyramid_of_a_discrepancy_network_learns_unless_it_is_imagenets(start, roads, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub/checkpoints/vgg16-397923af.pth"
    cache.parent.mkdir(parents=True)
    layers = {f"features.{key}": value for key, value in models.vgg16(weights=None).features.state_dict().items()}
    torch.save(layers, cache)
    width = {"random": 6, "imagenet": 64}[start]
    changes = [f"task.start={start}", f"task.width={width}", "loop.epochs=0"]
    settings = override(small("0516_discrepancy_generator_only", roads), changes)
    engine.run(settings, tmp_path / "run")
    before = torch.load(tmp_path / "run/chk_last.pth", weights_only=True)["weights"]
    assert before["final.weight"].shape[1] == width
    first = before["vgg_extractor.slices.0.0.weight"]
    assert torch.equal(first, layers["features.0.weight"]) if start == "imagenet" else first.shape == (6, 3, 3, 3)
    engine.run(override(settings, ["loop.epochs=1"]), tmp_path / "run")
    after = torch.load(tmp_path / "run/chk_last.pth", weights_only=True)["weights"]
    moved = {key.partition(".")[0] for key, value in before.items() if not torch.equal(value, after[key])}
    assert moved == {"cmis", "decs", "final", *(["vgg_extractor"] * (start == "random"))}


def test_a_width_that_cannot_be_is_refused():
    full = PRESETS["0521_discrepancy_full"]
    with pytest.raises(SettingsError, match="ImageNet's VGG16 has width 64, found width 16; add start=random"):
        override(full, ["task.width=16"])
    assert override(full, ["task.width=16", "task.start=random"]).task.width == 16
    with pytest.raises(SettingsError, match=r"task\.width' = .*multiple of 2"):
        override(full, ["task.width=15", "task.start=random"])


def test_papers_hyper_parameters():
    """reference section 4, with the epoch limits that the original wrote where nothing read them."""
    table = {
        name: (s.loop.batch, s.loop.batch_val, s.optimizer.learning_rate, s.loop.epochs, s.data.crop)
        for name, s in PRESETS.items()
        if name[0] == "0"
    }
    assert table == {
        "0120_bayes_segnet_bdd": (4, 6, 1e-4, 50, (384, 768)),
        "0121_psp_ensemble_bdd": (3, 6, 1e-4, 50, (384, 768)),
        "0405_pix2pixhd_nostyle_ctc_crop": (4, 1, 2e-4, 200, (384, 384)),
        "0521_discrepancy_full": (2, 3, 1e-4, 50, (384, 768)),
        "0516_discrepancy_generator_only": (2, 3, 1e-4, 50, (384, 768)),
        "0517_discrepancy_labels_only": (2, 3, 1e-4, 50, (384, 768)),
        "0552_example_new_variant": (2, 3, 1e-4, 50, (384, 768)),
        "0525_rbm_road": (50, 50, 1e-5, 200, 0.0),
    }
    full = PRESETS["0521_discrepancy_full"]
    assert full.task.class_weights == (1.45693524, 19.18586532)
    adam = full.optimizer
    assert (adam.method, adam.weight_decay) == ("adam", 0)
    assert (adam.schedule, adam.patience, adam.minimum) == ("plateau", 5, 1e-8)
    gan = PRESETS["0405_pix2pixhd_nostyle_ctc_crop"]
    assert (gan.optimizer.betas, gan.optimizer.schedule, gan.task.perceptual) == ((0.5, 0.999), "half_linear", 10)


def test_class_weights_are_counted_on_the_training_data(roads):
    """Segmentation labels: 2 of 48 rows are ignored; sky, car and road share the rest."""
    settings = derive(small("0121_psp_ensemble_bdd", roads), data={"crop": 0.0})
    car, sky, counted = 22 * 36, 18 * 80 - 2 * 80 + 2 * 44, 46 * 80
    words = describe_weights(settings).splitlines()
    assert len(words) == 14 + 1
    for line, pixels in ((words[13], car), (words[10], sky), (words[0], counted - car - sky)):
        assert line.endswith(f"weight {1 / math.log(1.02 + pixels / counted):.8f}")
    assert words[-1] == "the loss of 'segmentation' weighs all classes alike: there is no setting for these weights"
    with pytest.raises(SettingsError, match="class_weights"):
        override(settings, ["task.class_weights=[1,2]"])


@pytest.mark.parametrize("name", ["fast", "fast_baselines", "fast_cues"])
def test_pasted_things_are_weighed_by_one_number(name, roads):
    """The ratio of both weights, where the loss has that and no list."""
    settings = small(name, roads)
    expected, unexpected, use = describe_weights(settings).splitlines()
    ratio = float(unexpected.rpartition(" ")[2]) / float(expected.rpartition(" ")[2])
    assert override(settings, [use.removeprefix("--set ")]).task.object_weight == pytest.approx(ratio) and ratio > 1


def test_printed_class_weights_are_accepted_even_if_a_class_never_occurs(roads):
    """The cars of these frames are too small to be altered."""
    settings = small("0521_discrepancy_full", roads)
    accepted = override(settings, [describe_weights(settings).splitlines()[-1].removeprefix("--set ")]).task
    assert accepted.class_weights == pytest.approx((1 / math.log(2.02), 1 / math.log(1.02)))


@pytest.mark.parametrize("setting", ["crop=[64,64]", "flip=false", "scale=[1,2]", "colour=0.5", "blur=0.5"])
@pytest.mark.parametrize("name", ["fast", "fast_baselines", "fast_cues"])
def test_settings_that_a_training_would_not_read_are_refused(name, setting):
    with pytest.raises(SettingsError, match=rf"unknown setting 'data\.{setting.partition('=')[0]}'"):
        override(PRESETS[name], [f"data.{setting}"])
    with pytest.raises(SettingsError, match=r"unknown setting 'loop\.publish'"):
        override(PRESETS["0521_discrepancy_full"], ["loop.publish=last"])


def test_one_discrepancy_set_teaches_and_validates_where_the_data_have_no_splits(roads, tmp_path):
    """`unexpected data discrepancy` knows no other split of such data; the last tenth of its frames validates."""
    for i in range(3):
        for part, end in (("images", ""), ("labels", "_trainIds")):
            (tmp_path / "mine" / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(roads / f"train/{i}{end}.png", tmp_path / "mine" / part / f"{i}.png")
    mine = open_dataset("obstacle_folder", tmp_path / "mine")
    generate(mine, tmp_path / "set", Recipe(smallest_object=1000), painted, generator="colours", split="train")
    changes = [f"data.sources=[obstacle_folder={tmp_path / 'mine'}]", f"task.set_folder={tmp_path / 'set'}"]
    _, examples, validation = open_task(override(small("0521_discrepancy_full", roads), changes))
    assert (examples.keys, validation.keys) == (["0", "1"], ["2"])


def test_a_discrepancy_set_of_another_size_is_learned_from(roads, tmp_path, monkeypatch):
    """`unexpected data discrepancy --size`: its photographs are those of the data set, resized alike."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for split in ("train", "val"):
        source = Resized(open_dataset("paired_folder", roads, split=split), (64, 128))
        generate(source, tmp_path / "set", Recipe(smallest_object=1), painted, generator="colours", split=split)
    settings = override(small("0521_discrepancy_full", roads), ["task.set_folder=~/set", "data.crop=0"])
    _, examples, _ = open_task(settings)
    assert examples.example(0, np.random.default_rng(0))["image"].shape == (3, 64, 128)


@pytest.mark.parametrize(("source", "message"), [("drawn", "'drawn' has no full ids"), ("cityscapes=/none", "/none")])
def test_full_ids_are_asked_of_sets_that_have_them(source, message):
    """Drawings gave train ids for them; and only of those that lack them is it said."""
    settings = override(PRESETS["0405_pix2pixhd_nostyle_ctc_crop"], [f"data.sources=['{source}']"])
    with pytest.raises((TrainingError, DatasetError), match=message) as found:
        open_generator_task(settings)
    assert ("--set task.ids=train" in str(found.value)) == (source == "drawn")


def test_splits_that_a_data_set_does_not_have_are_told(tmp_path, caplog):
    for i in range(3):
        write_image(tmp_path / "images" / f"{i}.png", np.full((32, 48, 3), i, np.uint8))
        write_image(tmp_path / "labels" / f"{i}.png", np.zeros((32, 48), np.uint8))
    source = f"data.sources=['obstacle_folder={tmp_path}']"
    for changes in ([source], [source, "data.train=mine", "data.val=test"]):
        caplog.clear()
        data = override(PRESETS["0525_rbm_road"], changes).data
        for split in (data.train, data.val):
            open_joined(data, split)
        told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert told == [
            f"data.{name} changes nothing in 'obstacle_folder', which is not kept in splits"
            for name in ("train=mine", "val=test")
            if len(changes) > 1
        ]


def test_a_discrepancy_set_of_two_data_sets_is_refused(roads):
    """The keys of two that are joined are in no set."""
    settings = override(small("0521_discrepancy_full", roads), [f"data.sources=[paired_folder={roads}, drawn]"])
    with pytest.raises(TrainingError, match=r"made of one data set, found paired_folder=.*, drawn: give one --data"):
        open_task(settings)


@pytest.mark.parametrize(("name", "crop"), [("fast", "task.crop"), ("0521_discrepancy_full", "data.crop")])
def test_the_cure_for_full_memory_is_a_setting_that_there_is(name, crop):
    with pytest.raises(TrainingError, match="out of memory") as found, explain_memory(PRESETS[name]):
        raise torch.OutOfMemoryError("CUDA out of memory")
    advised = set(re.findall(r"(?:loop|data|task|optimizer)\.\w+", str(found.value)))
    assert crop in advised and advised <= {setting.name for setting in settings_of(type(PRESETS[name]))}


def test_a_set_without_splits_does_not_validate_on_what_it_learned(tmp_path, caplog):
    """The last tenth is kept for validation, and that is said."""
    for i in range(20):
        write_image(tmp_path / "images" / f"{i:02d}.png", np.full((32, 48, 3), i, np.uint8))
        write_image(tmp_path / "labels" / f"{i:02d}.png", np.zeros((32, 48), np.uint8))
    data = PRESETS["0525_rbm_road"].data.model_copy(update={"sources": (f"obstacle_folder={tmp_path}",)})
    with caplog.at_level("INFO"):
        learned, validated = (open_joined(data, split).keys for split in (data.train, data.val))
    assert validated == ("18", "19") and len(learned) == 18 and not set(learned) & set(validated)
    assert "has no splits: its last 2 frames validate, the others teach" in caplog.text
    for path in tmp_path.glob("*/[01][1-9].png"):
        path.unlink()
    (tmp_path / "images/10.png").unlink()
    (tmp_path / "labels/10.png").unlink()
    with pytest.raises(TrainingError, match="has one frame: nothing is left to validate with"):
        open_joined(data, "train")


def test_a_set_made_otherwise_is_refused(roads):
    settings = override(
        small("0552_example_new_variant", roads), [f"task.set_folder={roads / 'half'}", "task.gen_img_ext=.jpg"]
    )
    with pytest.raises(TrainingError, match=r"was made with swap_fraction 0\.5, the settings say 0\.25"):
        engine.run(settings, roads / "run")


def test_full_ids_are_asked_of_cityscapes_only(roads, tmp_path):
    settings = override(small("0405_pix2pixhd_nostyle_ctc_crop", roads), ["task.ids=full"])
    with pytest.raises(TrainingError, match=r"has no full ids, only Cityscapes has: for others, --set task\.ids=train"):
        engine.run(settings, tmp_path)


def test_no_data(tmp_path):
    settings = derive(PRESETS["0525_rbm_road"], data={"sources": ()})
    with pytest.raises(TrainingError, match="no data to train on: give --data NAME=ROOT"):
        engine.run(settings, tmp_path)


def test_unknown_names(capsys):
    assert main(["train", "0521_discrepancy_ful"]) == 2
    assert "did you mean '0521_discrepancy_full'?" in capsys.readouterr().err
    with pytest.raises(SettingsError, match=r"did you mean 'loop\.epochs'"):
        override(PRESETS["fast"], ["loop.epoch=3"])


SCRIPTS = sorted((Path(__file__).parents[2] / "authors").glob("0*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_of_the_paper_train(script, roads, tmp_path, monkeypatch):
    """One tiny epoch each, to weights that the paper's network takes."""
    preset = next(name for name in PRESETS if name[:4] == script.stem[:4])
    member = ["2"] if preset.startswith("0121") else []
    words = [word for change in made_small(PRESETS[preset], roads) for word in ("--set", change)]
    monkeypatch.setenv("DIR_EXPERIMENTS", str(tmp_path))
    monkeypatch.setattr("sys.argv", [str(script), *member, *words])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(script), run_name="__main__")
    (folder,) = tmp_path.iterdir()
    assert folder.name == PRESETS[preset].name.format(member=2)
    assert torch.load(folder / "chk_last.pth", weights_only=True)["state"]["epoch_idx"] == 1
    task = PRESETS[preset].task
    network = PUBLISHED[task.kind].format(**task.model_dump())
    weights = torch.load(folder / "chk_best.pth", weights_only=True)["weights"]
    build_network(network, **narrow(task, network)).load_state_dict(weights)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_do_nothing_in_the_processes_that_draw(script, monkeypatch):
    """These import the program that began them; with --data drawn every script died of it."""
    monkeypatch.setattr("sys.argv", [str(script), "--dry-run"])
    runpy.run_path(str(script), run_name="__mp_main__")


def test_the_ensemble_asks_for_its_member(monkeypatch):
    monkeypatch.setattr("sys.argv", ["0121_PSPEns_BDD_train_one.py", "--dry-run"])
    with pytest.raises(SystemExit, match=r"usage: .* MEMBER"):
        runpy.run_path(str(next(path for path in SCRIPTS if path.stem.startswith("0121"))), run_name="__main__")


def test_scripts_are_there_for_every_preset_of_the_paper():
    assert [path.stem[:4] for path in SCRIPTS] == sorted(name[:4] for name in PRESETS if name[0] == "0")


def test_yaml_files_that_come_with_the_project(repository):
    files = {path.stem: read_yaml(path, PRESETS) for path in (repository / "config" / "experiments").glob("*.yaml")}
    assert files["0552_example_new_variant"] == PRESETS["0552_example_new_variant"]
    assert files["fast_my_roads"].data.sources == ("paired_folder",)


def test_train_fast_on_drawn_roads_takes_the_short_recipe(capsys):
    assert main(["train", "fast", "--data", "drawn", "--dry-run"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["name"], printed["data"]["sources"]) == ("fast_drawn", ["drawn"])

"""The authors' checkpoints, in every form they come in, and files that only pretend to be."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from unexpected_core.cli.main import main
from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.scorers import UnknownScorer, load_scorer
from unexpected_core.weights.authors import read_checkpoint, understand
from unexpected_core.weights.authors_files import find_checkpoints
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.experiments import EXPERIMENTS, load_network
from unexpected_core.weights.reading import read_weights
from unexpected_core.weights.unpickling import read_pickle

PUBLISHED = [*EXPERIMENTS, "pix2pixhd_discriminator"]
FILE = Path("chk_best.pth")


def hollow_state(name: str, **options) -> dict:
    """A published state dict in shape, without its memory: every tensor is one number repeated."""
    with torch.device("meta"):
        state = build_network(name, **options).state_dict()
    return {key: torch.zeros(()).expand(tensor.shape) for key, tensor in state.items()}


def checkpoint(state: dict) -> dict:
    """As the original's training loop saved it, a NumPy scalar included."""
    return {
        "weights": state,
        "state": {"epoch_idx": 42, "best_loss_val": np.float64(0.25), "run_name": "training_2019-01-31_12-00-00"},
    }


@pytest.fixture
def rbm_state() -> dict:
    torch.manual_seed(0)
    return build_network("rbm").state_dict()


@pytest.fixture
def tree(tmp_path, rbm_state) -> Path:
    """Two experiments: the RBM, and one whose file was cut off."""
    root = tmp_path / "exp"
    for name in ("0525_RBM_road_lowLR", "0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT"):
        (root / name).mkdir(parents=True)
        torch.save(checkpoint(rbm_state), root / name / "chk_best.pth", _use_new_zipfile_serialization=False)
        (root / name / "config.json").write_text(json.dumps({"dir_checkpoint": "/somewhere/else"}))
        (root / name / "optimizer.pth").write_bytes(b"not looked at")
    broken = root / "0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT" / "chk_best.pth"
    broken.write_bytes(broken.read_bytes()[:-2000])
    return root


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_family_is_recognised_and_leaves_no_key_over(name):
    found = understand(FILE, checkpoint(hollow_state(name)))
    assert (found.network, found.epoch) == (name, 42)
    assert found.repeated == (35 if name == "bayes_segnet" else 0)
    assert (found.filled, found.ignored) == ((), ())
    assert list(found.state) == list(hollow_state(name))


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith(("pix2pixhd", "discrepancy"))])
def test_the_width_is_read_off_the_file(name):
    assert understand(FILE, hollow_state(name)).options == {}
    found = understand(FILE, hollow_state(name, width=10))
    assert (found.network, found.options) == (name, {"width": 10})
    assert list(found.state) == list(hollow_state(name))
    key = {"pix2pixhd_generator": "model.4.weight", "pix2pixhd_discriminator": "scale1_layer1.0.weight"}.get(
        name, "decs.2.0.weight"
    )
    with pytest.raises(WeightsError, match=rf"does not fit {name} of width 10: .* 1 of another shape \({key}"):
        understand(FILE, hollow_state(name, width=10) | {key: hollow_state(name)[key]})


@pytest.mark.parametrize("legacy", [True, False])
def test_containers_old_and_new_open_to_the_same_numbers(tmp_path, rbm_state, legacy):
    torch.save(checkpoint(rbm_state), tmp_path / FILE, _use_new_zipfile_serialization=not legacy)
    if legacy:  # NumPy's name for its scalars before 2.0
        data = (tmp_path / FILE).read_bytes()
        assert b"numpy._core" in data
        (tmp_path / FILE).write_bytes(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert read_pickle(tmp_path / FILE)["state"]["best_loss_val"] == 0.25
    found = read_checkpoint(tmp_path / FILE)
    assert found.report() == "rbm: 3 keys used, 0 missing, 0 left over, epoch 42"
    assert all(torch.equal(found.state[key], rbm_state[key]) for key in rbm_state)


def test_files_open_where_numpy_has_its_core_as_a_name_to_import_only():
    """As NumPy 1.26 does, which ROS on Ubuntu 24.04 wants: `np._core` is there, and empty."""
    code = (
        "import types, numpy, torch\nfrom numpy._core.multiarray import scalar\n"
        "numpy._core = types.ModuleType('numpy._core')\n"
        "import unexpected_core.weights.unpickling as opened\n"
        "assert (scalar, 'numpy.core.multiarray.scalar') in opened.HARMLESS"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_bare_and_data_parallel_state_dicts_are_unwrapped(rbm_state):
    bare = understand(FILE, rbm_state)
    parallel = understand(FILE, {f"module.{key}": tensor for key, tensor in rbm_state.items()})
    assert bare.epoch is None and list(bare.state) == list(parallel.state) == list(rbm_state)


def test_files_of_older_pytorch_lack_counters_and_have_statistics_too_many():
    state = hollow_state("bayes_segnet")
    counters = [key for key in state if key.endswith("num_batches_tracked")]
    found = understand(FILE, {key: tensor for key, tensor in state.items() if key not in counters})
    assert found.filled == tuple(counters) and list(found.state) == list(state)
    assert f"{len(counters)} batch counters set to 0" in found.report()
    generator = hollow_state("pix2pixhd_generator")
    statistics = {"model.2.running_mean": torch.zeros(64), "model.2.running_var": torch.ones(64)}
    assert understand(FILE, generator | statistics).ignored == tuple(statistics)


def test_repeated_keys_must_agree():
    state = hollow_state("bayes_segnet")
    state["dec5.4.weight"] = torch.ones(()).expand(state["dec5.4.weight"].shape)
    with pytest.raises(WeightsError, match=r"dec5\.1\.weight and dec5\.4\.weight are one module .* but differ"):
        understand(FILE, state)


@pytest.mark.parametrize(
    ("name", "key", "axis", "found", "message"),
    [
        ("bayes_segnet", "dec1.decode.4.weight", 0, 40, "a network for 40 classes, expected 19"),
        ("pspnet", "final.4.weight", 0, 40, "a network for 40 classes, expected 19"),
        ("discrepancy_full", "sem_extractor.0.1.weight", 1, 40, "a network for 40 classes, expected 19"),
        ("discrepancy_full", "final.weight", 0, 1, "a network for 1 outputs, expected 2"),
        ("discrepancy_full", "cmis.0.conv_1x1.weight", 1, 99, "mixes 99 channels, expected one of 1024"),
        ("pix2pixhd_generator", "model.1.weight", 1, 36, "a network for 36 label channels, expected 35"),
    ],
)
def test_networks_for_other_labels_are_refused(name, key, axis, found, message):
    state = hollow_state(name)
    shape = list(state[key].shape)
    shape[axis] = found
    with pytest.raises(WeightsError, match=message):
        understand(FILE, state | {key: torch.zeros(()).expand(shape)})


def test_what_does_not_fit_is_counted_and_named(rbm_state):
    with pytest.raises(WeightsError, match=r"of 3 keys expected, 1 missing \(linear_layer\.bias\), 1 left over \(ex"):
        understand(FILE, {"extra": torch.zeros(1), **{k: v for k, v in rbm_state.items() if k != "linear_layer.bias"}})
    with pytest.raises(WeightsError, match=r"1 of another shape \(bias_visible \[191\], expected \[192\]\)"):
        understand(FILE, rbm_state | {"bias_visible": torch.zeros(191)})
    with pytest.raises(WeightsError, match=r"none of the networks of the paper: found keys conv1\.weight"):
        understand(FILE, {"conv1.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match=r"holds no weights: found keys epoch_idx, optimizer; .*not optimizer\.pth"):
        understand(FILE, {"epoch_idx": 3, "optimizer": {}})
    with pytest.raises(WeightsError, match="holds no weights: found list"):
        understand(FILE, [1, 2])


class Malicious:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("form", ["zip", "legacy", "state"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, rbm_state, form):
    bomb, path = Malicious(tmp_path / "executed"), tmp_path / FILE
    content = checkpoint(rbm_state) | {"state": bomb} if form == "state" else bomb
    torch.save(content, path, _use_new_zipfile_serialization=form != "legacy")
    with pytest.raises(WeightsError, match=r"refused to open .*it asks to run 'posix\.mkdir'"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(bomb))
    with pytest.raises(WeightsError, match="no PyTorch file"):
        read_checkpoint(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.98])
def test_cut_off_files_are_refused(tmp_path, rbm_state, legacy, kept):
    path = tmp_path / FILE
    torch.save(checkpoint(rbm_state), path, _use_new_zipfile_serialization=not legacy)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(WeightsError, match=r"cannot read .*chk_best\.pth \(\d+ bytes\): cut off, damaged, or no"):
        read_checkpoint(path)


def test_what_is_not_a_checkpoint_says_so(tmp_path):
    (tmp_path / FILE).write_text("<html>404</html>")
    with pytest.raises(WeightsError, match="no PyTorch file"):
        read_checkpoint(tmp_path / FILE)
    with pytest.raises(WeightsError, match="no file"):
        read_checkpoint(tmp_path / "nothing.pth")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"empty holds no chk_best\.pth, .*latest_net_G\.pth"):
        list(find_checkpoints(tmp_path / "empty"))
    with pytest.raises(WeightsError, match="does not exist; expected a folder with"):
        list(find_checkpoints(tmp_path / "nowhere"))


def test_a_tree_is_imported_and_a_bad_file_costs_only_itself(tree, tmp_path, capsys, caplog):
    out = tmp_path / "out"
    assert main(["weights", "import", str(tree), "--out", str(out)]) == 1
    assert "lowLR.safetensors: rbm: 3 keys used, 0 missing, 0 left over, epoch 42" in capsys.readouterr().out
    assert "0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT: cannot read" in caplog.text
    assert [path.name for path in sorted(out.glob("*.safetensors"))] == ["0525_RBM_road_lowLR.safetensors"]
    card = read_weights(out).card
    assert (card.architecture, card.options, card.preset) == ("rbm", {"hidden": 20}, "0525_RBM_road_lowLR, epoch 42")
    assert "/somewhere/else" not in card.model_dump_json() and str(tmp_path) not in card.model_dump_json()
    bare = tree / "road.pth"
    bare.write_bytes((tree / "0525_RBM_road_lowLR" / "chk_best.pth").read_bytes())
    assert main(["weights", "import", str(bare), "--out", str(tmp_path / "renamed")]) == 0
    assert "epoch 42; methods look for it as 0525_*" in capsys.readouterr().out
    (tmp_path / "others").mkdir()
    (tmp_path / "others/road.json").write_text("of a week")  # where the card would lie
    assert main(["weights", "import", str(bare), "--out", str(tmp_path / "others")]) == 2
    assert [path.name for path in (tmp_path / "others").iterdir()] == ["road.json"]
    assert (tmp_path / "others/road.json").read_text() == "of a week" and "road.json exists already" in caplog.text
    assert main(["weights", "verify", str(out)]) == 0
    assert main(["weights", "list", str(out)]) == 0
    assert "0525_RBM_road_lowLR" in capsys.readouterr().out
    assert main(["weights", "import", str(tree / "0525_RBM_road_lowLR"), "--out", str(out)]) == 2
    assert "exists already" in caplog.text


@pytest.mark.parametrize(
    "sources, licence",
    [
        (["camvid=/data/camvid", "drawn"], "trained on research data: for research"),
        (["drawn"], "trained on drawings only: Apache-2.0"),
        (None, "as its authors say"),
    ],
)
def test_only_networks_of_the_authors_get_their_licence(tmp_path, rbm_state, sources, licence):
    run = tmp_path / "0525_mine"
    run.mkdir()
    torch.save(checkpoint(rbm_state), run / "chk_best.pth")
    if sources:
        (run / "config.json").write_text(json.dumps({"name": "0525_rbm", "data": {"sources": sources}}))
    assert main(["weights", "import", str(run), "--out", str(tmp_path / "out")]) == 0
    card = read_weights(tmp_path / "out").card
    assert card.licence.startswith(licence)
    if sources:
        assert card.training_data == [source.split("=")[0] for source in sources]


@pytest.mark.parametrize(
    ("task", "data"),
    [
        ({"kind": "segmentation", "start": "imagenet"}, ["drawn", "imagenet"]),
        ({"kind": "segmentation", "start": "random"}, ["drawn"]),
        ({"kind": "generator", "start": "imagenet", "perceptual": 0.0}, ["drawn"]),
        ({"kind": "generator", "start": "random", "perceptual": 1.0, "perceptual_weights": "s.pth"}, None),
    ],
)
def test_drawings_do_not_free_what_began_with_imagenet(task, data, tmp_path, rbm_state):
    run = tmp_path / "0525_mine"
    run.mkdir()
    torch.save(checkpoint(rbm_state), run / "chk_best.pth")
    (run / "config.json").write_text(json.dumps({"data": {"sources": ["drawn"]}, "task": task}))
    assert main(["weights", "import", str(run), "--out", str(tmp_path / "out")]) == 0
    card = read_weights(tmp_path / "out").card
    assert card.training_data == (data or ["drawn", "imagenet"])
    assert ("Apache-2.0" in card.licence) == (data == ["drawn"])


def test_a_training_of_the_fast_detector_needs_no_import():
    state = {f"segmenter.{key}": tensor for key, tensor in build_network("fast_segmenter").state_dict().items()}
    with pytest.raises(WeightsError, match=r"nothing to import.*--detector exp/mine"):
        understand(Path("exp/mine/chk_best.pth"), checkpoint(state))


def test_the_authors_tree_and_the_imported_folder_score_alike(tree, tmp_path, monkeypatch):
    main(["weights", "import", str(tree / "0525_RBM_road_lowLR" / "chk_best.pth"), "--out", str(tmp_path / "out")])
    images = torch.rand(2, 3, 40, 56)
    original = load_scorer("rbm", weights=str(tree))
    imported = load_scorer("rbm", weights=str(tmp_path / "out"))
    assert original.model_id == imported.model_id == "rbm-0525"
    assert torch.equal(original(images).score, imported(images).score)
    monkeypatch.setenv("DIR_EXPERIMENTS", str(tree))
    assert torch.equal(load_scorer("rbm")(images).score, original(images).score)


def test_without_weights_the_user_is_told_what_to_get_and_where_to_put_it(tree, tmp_path, monkeypatch):
    monkeypatch.delenv("DIR_EXPERIMENTS", raising=False)
    with pytest.raises(WeightsError, match=r"--weights DIR, or with DIR_EXPERIMENTS .* download .*https://.* unpack"):
        load_scorer("rbm")
    with pytest.raises(WeightsError, match=r"no folder of weights .*nowhere"):
        load_scorer("rbm", weights=str(tmp_path / "nowhere"))
    with pytest.raises(WeightsError, match=r"no pspnet in .*expected 0121_PSPEns_BDD_00/chk_best\.pth .*found 0521_"):
        load_scorer("iccv2019", weights=str(tree))
    with pytest.raises(UnknownScorer, match=r"a folder of experiments serves iccv2019, .*'fast' is opened by its own"):
        load_scorer("fast", weights=str(tree))
    for name, value in {"segmenter": "nano", "resynthesis_input": "raw_tanh", "compat": True}.items():
        with pytest.raises(
            UnknownScorer, match=rf"the setting '{name}' serves iccv2019, .*; 'random' is .* leave it out"
        ):
            load_scorer("random", **{name: value})
    rbm = tree / "0525_RBM_road_lowLR" / "chk_best.pth"
    with pytest.raises(WeightsError, match=r"holds rbm, expected discrepancy_full: 0521_\* is its place"):
        load_network(rbm, "discrepancy_full")


def test_every_experiment_names_a_network():
    assert set(EXPERIMENTS) <= set(NETWORKS)
    assert all(entry.name.startswith(f"{entry.number}_") for entry in EXPERIMENTS.values())


def spoilt(kind, state):
    """A checkpoint with something in it that no training here would write."""
    key = "linear_layer.weight"
    content = checkpoint(dict(state))
    content["weights"] |= {
        "sparse": {key: state[key].to_sparse()},
        "complex": {key: state[key].to(torch.complex64)},
        "integer": {key: state[key].to(torch.int32)},
        "meta": {key: state[key].to("meta")},
        "flat": {key: state[key].flatten()},
        "scalar": {key: state[key].sum()},
        "keys": {7: state[key]},
    }.get(kind, {})
    return content | {"odd state": {"state": {"epoch_idx": [1]}}, "list": {"state": [1, 2]}}.get(kind, {})


BAD = ("sparse", "complex", "integer", "meta", "flat", "scalar", "keys")


@pytest.mark.parametrize("kind", [*BAD, "broken link", "flipped bit", "folder of that name"])
def test_a_bad_file_of_any_kind_costs_only_itself(kind, tree, tmp_path, rbm_state, capsys, caplog):
    bad = tree / "0517_bad" / "chk_best.pth"
    bad.parent.mkdir()
    torch.save(spoilt(kind, rbm_state), bad)
    if kind == "flipped bit":
        data = bytearray(bad.read_bytes())
        data[data.index(rbm_state["linear_layer.weight"].numpy().tobytes()[:64])] ^= 1
        bad.write_bytes(data)
    if kind == "broken link":
        bad.unlink()
        bad.symlink_to(tmp_path / "gone.pth")
    if kind == "folder of that name":
        bad.unlink()
        bad.mkdir()
    assert main(["weights", "import", str(tree), str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 1
    assert "0525_RBM_road_lowLR.safetensors: rbm" in capsys.readouterr().out
    assert ("0517_bad: " in caplog.text) == (kind != "folder of that name") and "nowhere does not exist" in caplog.text
    assert {"broken link": "is a link to", "flipped bit": "checksum of"}.get(kind, "") in caplog.text
    assert [path.stem for path in (tmp_path / "out").glob("*.safetensors")] == ["0525_RBM_road_lowLR"]


@pytest.mark.parametrize("kind", ["odd state", "list"])
def test_what_stands_beside_the_weights_does_not_matter(kind, tmp_path, rbm_state):
    torch.save(spoilt(kind, rbm_state), tmp_path / FILE)
    assert read_checkpoint(tmp_path / FILE).epoch is None


def test_wrappers_and_prefixes_of_other_trainings_are_opened(rbm_state):
    prefixed = {f"module._orig_mod.{key}": tensor for key, tensor in rbm_state.items()}
    for content in (
        {"model": rbm_state, "optimizer": {"lr": 1}, "epoch": 3},
        {"state_dict": prefixed, "epoch": np.int64(3)},
        {"model_state_dict": rbm_state, "epoch": 3},
        {"state": {"epoch_idx": 3}, "weights": {"model": {"state_dict": prefixed}}},
    ):
        found = understand(FILE, content)
        assert list(found.state) == list(rbm_state) and found.epoch == 3
    endless = {}
    endless["model"] = endless
    with pytest.raises(WeightsError, match="holds no weights: found keys model"):
        understand(FILE, endless)


def test_links_into_a_store_of_data_keep_their_names(tree, tmp_path):
    """Files and folders kept under hashes, as DVC and model hubs lay them out; each is found once."""
    store, links = tmp_path / "store" / "3f", tmp_path / "links"
    store.mkdir(parents=True)
    links.mkdir()
    (tree / "0525_RBM_road_lowLR").rename(store / "a01b")
    (store / "a01b" / "chk_best.pth").rename(store / "c02d")
    (links / "0525_whole").symlink_to(store / "a01b")
    (store / "a01b" / "chk_best.pth").symlink_to("../c02d")
    (store / "a01b" / "round").symlink_to(links)
    assert list(find_checkpoints(links)) == [("0525_whole", links / "0525_whole" / "chk_best.pth")]
    assert next(find_checkpoints(links / "0525_whole" / "chk_best.pth"))[0] == "0525_whole"
    assert main(["weights", "import", str(links), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "0525_whole.safetensors").is_file()


def test_what_may_not_be_read_is_not_called_damaged(nobody, rbm_state, capsys, caplog):
    for name in ("0517_file", "0521_folder", "0525_good"):
        (nobody / name).mkdir()
        torch.save(checkpoint(rbm_state), nobody / name / "chk_best.pth")
    (nobody / "0517_file" / "chk_best.pth").chmod(0)
    (nobody / "0521_folder").chmod(0)
    for path in ("0517_file/chk_best.pth", "0521_folder", "0521_folder/chk_best.pth"):
        assert main(["weights", "import", str(nobody / path), "--out", str(nobody / "out")]) == 2
        assert caplog.messages[0].count("permission denied") == 1 and "damaged" not in caplog.text
        caplog.clear()
    assert main(["weights", "import", str(nobody), "--out", str(nobody / "out")]) == 1
    assert caplog.text.count("permission denied") == 2 and "0525_good.safetensors: rbm" in capsys.readouterr().out
    (nobody / "0521_folder").chmod(0o755)

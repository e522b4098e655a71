"""Keys, order and shapes of the published state dicts: iccv_state_dicts.json holds counts and the lists' SHA-256."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from unexpected_core.networks import build_network

PUBLISHED = json.loads((Path(__file__).parent / "iccv_state_dicts.json").read_text())


@pytest.mark.parametrize("name", PUBLISHED)
def test_state_dict_is_the_published_one_key_for_key(name):
    with torch.device("meta"):
        network = build_network(name)
    state = network.state_dict()
    keys = list(state)
    lines = "\n".join(f"{key} {list(tensor.shape)}" for key, tensor in state.items())
    found = {
        "keys": len(keys),
        "parameters": sum(p.numel() for p in network.parameters()),
        "trainable": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "first": keys[0],
        "last": keys[-1],
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    assert found == PUBLISHED[name]


def test_the_full_list_agrees_where_it_is_at_hand(shared_data):
    path = shared_data.parent / "reference" / "state_dict_shapes.json"
    if not path.is_file():
        pytest.skip(f"no full list of keys: {path} is not there")
    lists = [entry["keys"] for entry in json.loads(path.read_text()).values()]
    hashes = {
        hashlib.sha256("\n".join(f"{key} {shape}" for key, shape in keys.items()).encode()).hexdigest()
        for keys in lists
    }
    assert hashes == {entry["sha256"] for entry in PUBLISHED.values()}


def test_shared_decoder_modules_are_one_module_under_several_keys():
    with torch.device("meta"):
        state = build_network("bayes_segnet").state_dict(keep_vars=True)
    assert len({id(tensor) for tensor in state.values()}) == 199
    assert state["dec5.1.weight"] is state["dec5.10.weight"]
    assert state["dec4.decode.4.weight"] is state["dec4.decode.7.weight"]
    assert state["dec3.decode.5.running_var"] is state["dec3.decode.8.running_var"]

"""The paper's trainings and ours as one table; each derives from another and says only what differs.

A variant is three lines here, or a YAML file whose `base:` names a preset:

    "0552_example_new_variant": derive(
        _FULL, name="0552_example_new_variant",
        task={"gen_name": "0552_example_new_variant", "swap_fraction": 0.25, "gen_img_ext": ".webp"}),
"""

from __future__ import annotations

from collections.abc import Mapping

from unexpected_core.config import Value, changed
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.settings import (
    DiscrepancyTraining,
    GeneratorTraining,
    RbmTraining,
    SegmentationTraining,
)
from unexpected_core.training.tasks.settings_fast import BaselineTraining, CuesTraining, FastTraining


def derive[S: TrainingSettings](base: S, **changes: Mapping[str, Value] | Value) -> S:
    """A preset that differs from `base` in `changes` (nested mappings merge). Raises SettingsError."""
    return changed(base, changes)


_SEGNET = derive(
    SegmentationTraining(),
    name="0120_BayesSegNet_BDD",
    task={"network": "bayes_segnet"},
    data={"sources": ("bdd100k",)},
    loop={"epochs": 50, "batch": 4, "batch_val": 6, "frames": (2, 3, 4, 5, 6, 8, 9)},
)
_PSP = derive(_SEGNET, name="0121_PSPEns_BDD_{member:02d}", task={"network": "pspnet"}, loop={"batch": 3})
_PIX2PIXHD = derive(
    GeneratorTraining(),
    name="0405_pix2pixHD512_nostyle_ctc_crop",
    data={"sources": ("cityscapes_small",), "crop": (384, 384)},
    optimizer={"learning_rate": 2e-4, "betas": (0.5, 0.999), "schedule": "half_linear"},
    loop={"epochs": 200, "batch": 4, "batch_val": 1},
)
# The original wrote its limits of 50 (discrepancy) and 200 (RBM) epochs where nothing read them, and never stopped.
_FULL = derive(
    DiscrepancyTraining(),
    name="0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT",
    data={"sources": ("cityscapes_small",)},
    loop={"epochs": 50, "batch": 2, "batch_val": 3},
)
_RBM = derive(
    RbmTraining(),
    name="0525_RBM_road_lowLR",
    data={"sources": ("cityscapes_small",), "crop": 0.0, "flip": False},
    optimizer={"learning_rate": 1e-5},
    loop={"epochs": 200, "batch": 50, "batch_val": 50},
)
_FAST = derive(
    FastTraining(),
    name="fast",
    data={"sources": ("cityscapes_small", "camvid", "idd_lite"), "val_examples": 128},
    optimizer={
        "method": "muon",
        "learning_rate": 2e-3,
        "weight_decay": 0.01,
        "clip": 5.0,
        "schedule": "cosine",
        "warmup": 60,
    },
    loop={
        "epochs": 9,
        "epoch_examples": 6400,
        "batch": 8,
        "batch_val": 8,
        "precision": "auto",
        "average": 0.998,
        "publish": "last",
        "frames": (0, 1, 2, 3),
        "workers": 1,
    },
    first={"epochs": 40, "batch": 8, "crop": (224, 448)},
    task={"segmenter_rate": 0.5},
)
# The same course with wider crops, 2.5 and 5 times the examples, for a GPU.
_GPU = derive(
    _FAST,
    name="fast_gpu",
    optimizer={"warmup": 200},
    loop={"epochs": 4, "epoch_examples": 72000, "batch": 32, "batch_val": 32, "workers": 16},
    first={"epochs": 9, "batch": 64, "crop": (256, 512), "learning_rate": 3e-3},
    task={"crop": (320, 640)},
)
_BASELINES = derive(
    BaselineTraining(name="fast_baselines", data=_FAST.data, optimizer=_FAST.optimizer, loop=_FAST.loop),
    data={"val_examples": 64},
    optimizer={"method": "adamw"},  # as the shipped ones learned
    loop={"epochs": 4, "epoch_examples": 800, "average": 0.98},
)

_CUES = derive(
    CuesTraining(name="fast_cues", data=_FAST.data, optimizer=_BASELINES.optimizer, loop=_GPU.loop),
    loop={"epochs": 2},
    task={"crop": (320, 640)},
)

PRESETS: dict[str, TrainingSettings] = {
    "0120_bayes_segnet_bdd": _SEGNET,
    "0121_psp_ensemble_bdd": _PSP,
    "0405_pix2pixhd_nostyle_ctc_crop": _PIX2PIXHD,
    "0521_discrepancy_full": _FULL,
    "0516_discrepancy_generator_only": derive(
        _FULL, name="0516_Diff_SwapFgd_ImgVsGen_semGT", task={"compares": "generator_only"}
    ),
    "0517_discrepancy_labels_only": derive(
        _FULL, name="0517_Diff_SwapFgd_ImgVsLabels_semGT", task={"compares": "labels_only"}
    ),
    "0552_example_new_variant": derive(
        _FULL,
        name="0552_example_new_variant",
        task={"gen_name": "0552_example_new_variant", "swap_fraction": 0.25, "gen_img_ext": ".webp"},
    ),
    "0525_rbm_road": _RBM,
    "fast": _FAST,
    "fast_gpu": _GPU,
    "nano": derive(_FAST, name="nano", task={"size": "nano", "working_height": 384}),
    "nano_gpu": derive(_GPU, name="nano_gpu", task={"size": "nano", "working_height": 384}),
    "fast_segmenter": derive(_FAST, name="fast_segmenter", task={"learn": ("segmenter",), "start": "fast"}),
    "fast_generator": derive(_FAST, name="fast_generator", task={"learn": ("generator",), "start": "fast"}),
    "fast_comparer": derive(_FAST, name="fast_comparer", task={"learn": ("comparer",), "start": "fast"}),
    "fast_baselines": _BASELINES,
    "fast_cues": _CUES,
    "fast_drawn": derive(
        _FAST,
        name="fast_drawn",
        data={"sources": ("drawn",), "val_examples": 0},
        task={"crop": (160, 320), "heights": (205, 384), "working_height": 256},
        loop={"epochs": 8, "epoch_examples": 400, "average": 0.98, "workers": 0},
        first={"epochs": 4},
    ),
}
"""Name -> settings."""

RENAMED = {"fast_opponents": "fast_baselines"}
"""Earlier name -> preset."""
FROM_NOTHING = {("fast", ("drawn",)): "fast_drawn"}
"""(preset, data sets) -> the preset that is meant: minutes of drawings take another recipe than days of photographs."""

"""Detecting the unexpected via image resynthesis: images, networks and scores. Knows nothing of ROS.

Names are loaded on first use, so that ``import unexpected_core`` costs nothing.
"""

import os
from importlib import import_module

# Threads of torch that wait for each other spin for milliseconds; where other programs want the processors too, that
# made a frame four times as slow. These are some 30 us, about what waking costs. Read when torch is first imported.
if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "1000"

__version__ = "0.1.0"
_LAZY = {
    "load_detector": "unexpected_core.pipeline.detector",
    "Detector": "unexpected_core.pipeline.detector",
    "Detection": "unexpected_core.structs",
    "Region": "unexpected_core.structs",
    "Sample": "unexpected_core.structs",
    "Scores": "unexpected_core.structs",
}
__all__ = sorted(_LAZY)


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'unexpected_core' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return __all__

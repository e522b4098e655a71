"""Calls what AOTInductor compiled by its C interface (torch's aoti_runtime/interface.h)."""

from __future__ import annotations

import ctypes
import weakref
from pathlib import Path

import torch
from torch import Tensor

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype, _capsule.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class Library:
    """A compiled network in a shared library; may be deleted once it is loaded.

    torch's own loaders would do, but let no other thread of Python run as long as a frame takes. ctypes does.
    """

    def __init__(self, file: Path) -> None:
        """Raises OSError or AttributeError for what is none, RuntimeError where it does not start."""
        self._functions = ctypes.CDLL(str(file))
        self._container = ctypes.c_void_p()
        self._call("CreateWithDevice", ctypes.byref(self._container), ctypes.c_size_t(1), b"cpu", None)
        weakref.finalize(self, self._functions.AOTInductorModelContainerDelete, self._container)
        count = ctypes.c_size_t()
        self._call("GetNumOutputs", self._container, ctypes.byref(count))
        self._outputs = count.value

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Uint8 [B, h, w, 3] -> what was exported, on the CPU. Raises RuntimeError; the cause is on stderr."""
        (handle,) = torch._C._aoti.unsafe_alloc_void_ptrs_from_tensors([images])
        given = (ctypes.c_void_p * 1)(_pointer(handle, None))
        found = (ctypes.c_void_p * self._outputs)()
        counts = ctypes.c_size_t(1), ctypes.c_size_t(self._outputs)
        self._call("Run", self._container, given, counts[0], found, counts[1], None, None)
        return torch._C._aoti.alloc_tensors_by_stealing_from_void_ptrs([_capsule(each, None, None) for each in found])

    def _call(self, name: str, *arguments: object) -> None:
        if getattr(self._functions, f"AOTInductorModelContainer{name}")(*arguments):
            raise RuntimeError(f"AOTInductor's {name} failed")

"""How the C library treats the memory of image messages."""

import ctypes


def keep_large_blocks() -> None:
    """Tell glibc to keep freed image buffers: otherwise each message of megabytes is mapped and faulted in anew.

    Mapping takes longer than (de)serialising. Other C libraries have no mallopt, and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        m_mmap_threshold, m_trim_threshold = -3, -1
        mallopt(m_mmap_threshold, 32 << 20)
        mallopt(m_trim_threshold, 512 << 20)

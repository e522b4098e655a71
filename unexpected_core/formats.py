"""Formats of picture files, told by their bytes: the turn that EXIF asks for, the indices as they are stored."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_COMMON = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff")
_RARE = (".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif", ".gif", ".heic", ".heif")
IMAGE_SUFFIXES = (*_COMMON, *_RARE)
"""Names of pictures. HEIC needs the optional pillow-heif."""

_MAGIC = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"BM": "bmp",
    b"GIF8": "gif",
    b"\0\0\0\x0cjP  ": "jp2",
    b"\xff\x4f\xff\x51": "jp2",
    **{b"P%d" % n: "pnm" for n in range(1, 7)},
}
_BRANDS = {b"avif": "avif", b"avis": "avif", **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "heic")}
LOSSY = {"jpeg": "JPEG", "avif": "AVIF", "heic": "HEIC", "jp2": "JPEG 2000"}
"""Formats that change values when they store them: no use for ids."""

_OF_SEVERAL = ("gif", "webp", "tiff", "png", "avif")
_SUBFILE = 254
"""TIFF's NewSubfileType; its lowest bit: this page is a smaller copy of another."""


def picture_format(data: bytes) -> str:
    """First bytes of a file -> 'jpeg', 'png', 'webp', ...; '' for what is no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4]), len(data), 64), 4))]
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "")
    found = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "")
    return "" if found == "pnm" and not data[2:3].isspace() else found


def is_picture(path: Path) -> bool:
    """Whether a file begins as one of the formats does. Raises OSError."""
    with path.open("rb") as file:
        return bool(picture_format(file.read(64)))


def count_pictures(path: Path) -> int:
    """Pictures of full size in a file, such as those of an animation; 1 where nobody can tell. Raises OSError."""
    with path.open("rb") as file:
        if picture_format(file.read(64)) not in _OF_SEVERAL:
            return 1
    from PIL import Image, ImageSequence

    try:
        with Image.open(path) as picture:
            if picture.format != "TIFF":
                return getattr(picture, "n_frames", 1)
            return sum(not page.tag_v2.get(_SUBFILE, 0) & 1 for page in ImageSequence.Iterator(picture))
    except Exception:  # Pillow raises many kinds on damaged files, and on kinds that it does not know
        return 1


def exif_orientation(data: bytes) -> int:
    """How a viewer must turn a picture: 1 (as it is) .. 8, from the EXIF of a JPEG, PNG, WebP or TIFF file.

    AVIF says the same in words of its own.
    """
    kind = picture_format(data[:64])
    if kind == "avif":
        return _avif_orientation(data)
    found = {"jpeg": _jpeg_exif, "png": _png_exif, "webp": _webp_exif, "tiff": bytes}.get(kind)
    try:
        return _tiff_orientation(found(data)) if found else 1
    except struct.error:  # cut or damaged: no turn that could be trusted
        return 1


def _jpeg_exif(data: bytes) -> bytes:
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"\xda", b""):
        if data[at + 1] == 0xFF:  # any number of these may stand before a marker
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 10 : at + 2 + length]
        at += 2 + length
    return b""


def _png_exif(data: bytes) -> bytes:
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"eXIf":
            return data[at + 8 : at + 8 + length]
        at += 12 + length
    return b""


def _webp_exif(data: bytes) -> bytes:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            return data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0")
        at += 8 + length + length % 2
    return b""


_TURNED_AND_MIRRORED = {
    **{(0, None): 1, (0, 1): 2, (2, None): 3, (0, 0): 4, (1, 0): 5, (3, None): 6, (3, 0): 7, (1, None): 8},
    **{(2, 0): 2, (2, 1): 4, (3, 1): 5, (1, 1): 7},
}
"""Quarter turns to the left, and then 0 = upside down, 1 = left for right -> EXIF's orientation."""


def _avif_orientation(data: bytes) -> int:
    """From the properties 'irot' and 'imir' (ISO/IEC 23008-12, 6.5.10 and 6.5.12)."""
    at = data.find(b"ipco")
    end, at, found = at - 4 + int.from_bytes(data[max(at - 4, 0) : max(at, 0)]), at + 4, {}
    while 4 <= at <= end - 8 and (length := int.from_bytes(data[at : at + 4])) >= 8:
        found.setdefault(data[at + 4 : at + 8], data[at + 8 : at + length])
        at += length
    turns, mirror = found.get(b"irot", b"\0"), found.get(b"imir")
    return _TURNED_AND_MIRRORED[turns[0] & 3 if turns else 0, mirror[0] & 1 if mirror else None]


def _tiff_orientation(data: bytes) -> int:
    if data[:2] not in (b"II", b"MM"):
        return 1
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, entry)
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 1
    return 1


def turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels of any type [H, W, ...] as EXIF's orientation 1..8 wants them shown."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    down, right = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return np.ascontiguousarray(pixels[::down, ::right])


def decode_heic(data: bytes) -> np.ndarray | None:
    """HEIC -> RGB uint8 [H, W, 3]; None where it cannot be read. Raises ImportError without pillow-heif."""
    import pillow_heif

    try:
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        return np.asarray(picture.to_pillow().convert("RGB"))
    except Exception:  # damaged files raise many kinds
        return None


def stated_bits(data: bytes) -> int:
    """Bits that the values of a 16-bit file have, as a PNM's largest value says; 0 = not said.

    A PNG's sBIT chunk says how many were significant before they were scaled to all 16 (PNG specification, 12.4).
    """
    if picture_format(data[:64]) != "pnm":
        return 0
    bits = _greatest(data).bit_length()
    return bits if 8 < bits < 16 else 0


def stretched_kind(data: bytes) -> str:
    """'a bitmap (PBM)' or 'an ASCII PGM' whose greatest value is not 255: decoders stretch both. '' for all others."""
    magic = data[:2] if picture_format(data[:64]) == "pnm" else b""
    if magic in (b"P1", b"P4"):
        return "a bitmap (PBM)"
    return "an ASCII PGM of fewer values" if magic == b"P2" and _greatest(data) != 255 else ""


def _greatest(data: bytes) -> int:
    """Largest value that a PGM or PPM says it may hold; 0 where it does not say."""
    numbers = re.findall(rb"\d+", re.sub(rb"#[^\n]*", b"", data[2:256]))
    return int(numbers[2]) if len(numbers) > 2 else 0


def stored_indices(data: bytes) -> np.ndarray | None:
    """The values of a palette or of 1, 2 or 4 bits as a PNG, BMP, GIF or TIFF stores them, uint8 [H, W].

    None for other pictures. Decoders for viewing give colours, and stretch few bits to 0..255, where 1 becomes 255.
    """
    kind = picture_format(data[:64])
    if kind == "png":
        if len(data) < 26:
            return None
        depth, colour = data[24:26]
        if colour == 3:
            return _palette(data)
        return _unstretched(data, depth) if colour == 0 and depth < 8 else None
    if kind == "bmp":
        return _palette(data) if int.from_bytes(data[28:30], "little") <= 8 else None
    return _palette(data) if kind in ("gif", "tiff") else None


def _unstretched(data: bytes, depth: int) -> np.ndarray | None:
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.ndim != 2:
        return None
    return values // (255 // ((1 << depth) - 1))


def transparent(data: bytes) -> np.ndarray | None:
    """Bytes of a picture -> where it is transparent, bool [H, W], turned as its EXIF says; None = nowhere."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if "transparency" not in picture.info and picture.getbands()[-1] != "A":
                return None
            return turn(np.asarray(picture.convert("RGBA"))[..., 3] == 0, exif_orientation(data))
    except Exception:  # Pillow raises many kinds on damaged files, and on kinds that it does not know
        return None


def _palette(data: bytes) -> np.ndarray | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            bits = 1 if picture.mode == "1" else _tiff_bits(picture)
            if picture.mode == "P" or (picture.mode in ("1", "L") and bits < 8):
                values = np.asarray(picture, np.uint8)
                return values // (255 // ((1 << bits) - 1)) if picture.mode == "L" else values
    except Exception:  # Pillow raises many kinds on damaged files
        return None
    return None


def _tiff_bits(picture: Image.Image) -> int:
    tags = getattr(picture, "tag_v2", {})
    return int(tags.get(258, (8,))[0])

"""Reading, writing and resizing images. RGB uint8 [H, W, 3] in, RGB uint8 out; OpenCV does the work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from unexpected_core.depth import to_eight
from unexpected_core.files import atomic_path
from unexpected_core.formats import (
    LOSSY,
    decode_heic,
    exif_orientation,
    picture_format,
    stated_bits,
    stored_indices,
    stretched_kind,
    turn,
)

WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
DEEP = (".png", ".tif", ".tiff", ".ppm", ".pgm")
"""Those that hold 16 bits."""


class ImageError(ValueError):
    """A picture that cannot be read, written or used; the message says which, why, and what was expected."""


def _read(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists() and not path.is_dir():  # a pipe waits for ever, /dev/zero has no end
            raise ImageError(f"cannot read {path}: not a regular file; expected a picture")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error


def _decode(path: Path, data: bytes, flags: int) -> np.ndarray:
    values = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(values, flags) if data and not is_cut_jpeg(values) else None
    except cv2.error:
        image = None
    if image is None:
        raise ImageError(f"cannot read {path}: not a complete image file; expected PNG, JPEG, WebP, TIFF, ...")
    return image


def is_cut_jpeg(data: np.ndarray) -> bool:
    """Whether file bytes, uint8 [n], are a JPEG that breaks off; older OpenCVs paint the rest grey in silence."""
    text = data.tobytes()
    if not text.startswith(b"\xff\xd8"):
        return False
    at = 2
    while text[at : at + 1] == b"\xff" and text[at + 1 : at + 2] != b"\xda":  # segments, up to the first scan
        at += 1 if text[at + 1 : at + 2] == b"\xff" else 2 + int.from_bytes(text[at + 2 : at + 4])
    return text.find(b"\xff\xd9", at) < 0  # thumbnails have ends of their own, but before; phones append things behind


def read_image(path: str | Path, bit_depth: int = 0) -> np.ndarray:
    """Colour or grey file -> RGB uint8 [H, W, 3], turned as its EXIF says; 16-bit files are scaled to 8.

    bit_depth: bits used of 16, 8..16; 0 = as the file says, else 16. Raises ImageError.
    """
    return read_turned(path, bit_depth)[0]


def read_turned(path: str | Path, bit_depth: int = 0) -> tuple[np.ndarray, int]:
    """See read_image; with it the turn that EXIF asked for and that was made, 1 (none) .. 8. Raises ImageError."""
    path = Path(path)
    data = _read(path)
    kind, orientation = picture_format(data[:64]), exif_orientation(data)
    if kind == "heic":
        return _read_heic(path, data), 1
    if kind == "jpeg" and (rgb := _decode_jpeg(path, data)) is not None:
        return turn(rgb, orientation), orientation
    image = _decode(path, data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION)
    if image.dtype == np.uint16:
        image = to_eight(image, bit_depth or stated_bits(data), f"{path.suffix} files in {path.parent}")
    elif image.dtype != np.uint8:
        raise ImageError(f"{path} holds {image.dtype} values; expected 8 or 16 bits")
    image = image if kind == "tiff" else turn(image, orientation)  # OpenCV turns TIFFs whatever it is told
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB), orientation


def _decode_jpeg(path: Path, data: bytes) -> np.ndarray | None:
    """RGB; None for the rare kinds that only OpenCV reads (CMYK, odd subsampling). Raises ImageError.

    OpenCV would paint what is damaged grey in silence.
    """
    if is_cut_jpeg(np.frombuffer(data, np.uint8)):
        return None
    try:
        return decode_whole_jpeg(data)
    except KeyError:
        return None
    except ValueError as error:
        if "subsampling" in str(error) or "colorspace" in str(error):
            return None
        raise ImageError(f"cannot read {path}: not a complete image file ({error})") from error


def decode_whole_jpeg(data: bytes | memoryview, colours: str = "RGB") -> np.ndarray:
    """JPEG bytes -> uint8 [H, W, 3], or [H, W, 1] with colours="GRAY". Damage inside is an error, not a grey patch.

    Raises ValueError, and KeyError for colours that libjpeg has no name for.
    """
    try:
        return simplejpeg.decode_jpeg(data, colours, strict=True)
    except ValueError as error:
        if "extraneous bytes before marker 0xd9" not in str(error):
            raise
        return simplejpeg.decode_jpeg(data, colours, strict=False)  # filler at the end, as many cameras write it


def _read_heic(path: Path, data: bytes) -> np.ndarray:
    try:
        image = decode_heic(data)
    except ImportError as error:
        raise ImageError(f"cannot read {path}: HEIC needs `pip install pillow-heif`, or convert it") from error
    if image is None:
        raise ImageError(f"cannot read {path}: not a complete image file (HEIC)")
    return image


def read_cut_out(path: str | Path) -> np.ndarray:
    """Picture with transparency -> RGBA uint8 [H, W, 4]. Raises ImageError."""
    path = Path(path)
    values = _decode(path, _read(path), cv2.IMREAD_UNCHANGED)
    if values.dtype != np.uint8 or values.ndim != 3 or values.shape[2] != 4:
        raise ImageError(
            f"{path}: expected a cut-out, 8-bit colours with transparency (PNG or WebP), found "
            f"{values.dtype} {values.shape}; cut the background away, or leave the file out"
        )
    return cv2.cvtColor(values, cv2.COLOR_BGRA2RGBA)


def read_map(path: str | Path) -> np.ndarray:
    """Label, instance or score file -> its own values, uint8 or uint16 [H, W], never scaled. Raises ImageError."""
    path = Path(path)
    data = _read(path)
    lossy = _lossy(data)
    if lossy:
        raise ImageError(f"{path} is a {lossy} file, which changes ids when it stores them; expected PNG or TIFF")
    if kind := stretched_kind(data):
        raise ImageError(
            f"{path} is {kind}, whose values are stretched to 0..255 when it is read; expected PNG or TIFF"
        )
    values = stored_indices(data)
    if values is None:
        values = _decode(path, data, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if values.ndim != 2:
        raise ImageError(f"{path}: expected one channel (ids), found {values.shape[2]}")
    return values


def _lossy(data: bytes) -> str:
    kind = picture_format(data[:64])
    return "lossy WebP" if kind == "webp" and b"VP8 " in data[12:64] else LOSSY.get(kind, "")


def write_image(path: str | Path, image: np.ndarray, quality: int = 90) -> None:
    """Write RGB [H, W, 3] or a map [H, W] (uint8 or uint16), whole or not at all; the suffix picks the format.

    quality: 1..100 for JPEG and WebP. Raises ImageError.
    """
    path = Path(path)
    _check_writable(path, image)
    options = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
    }.get(path.suffix.lower(), [])
    try:
        values = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
        done, data = cv2.imencode(path.suffix, values, options)
    except cv2.error as error:
        raise ImageError(f"cannot write {path}: {error}") from error
    if not done:
        raise ImageError(f"cannot write {path}: {image.dtype} {image.shape} does not fit the format")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _check_writable(path: Path, image: np.ndarray) -> None:
    """OpenCV would write 0.7 as 1, and cut what has more than 8 bits off at 255. Raises ImageError."""
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise ImageError(f"cannot write {path}: expected a name that ends in {', '.join(WRITABLE)}")
    if image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ImageError(
            f"cannot write {path}: expected RGB [H, W, 3] or a map [H, W] of uint8 or uint16, found "
            f"{image.dtype} {image.shape}; scale and convert it first"
        )
    if (suffix, image.ndim) in ((".ppm", 2), (".pgm", 3)):
        raise ImageError(f"cannot write {path}: .ppm holds colours and .pgm one channel; take the other, or .png")
    if image.dtype == np.uint16 and suffix not in DEEP:
        raise ImageError(f"cannot write {path}: the format has 8 bits; write uint16 to {', '.join(DEEP)}")


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 or float [H, W] or [H, W, C] to size (height, width): area averaging along an axis that shrinks, bilinear
    along one that grows."""
    height, width = size
    shrunk = min(height, image.shape[0]), min(width, image.shape[1])  # first: OpenCV averages in both axes, or none
    for (rows, columns), interpolation in ((shrunk, cv2.INTER_AREA), (size, cv2.INTER_LINEAR)):
        if image.shape[:2] != (rows, columns):
            image = cv2.resize(image, (columns, rows), interpolation=interpolation)
    return image


def halve_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3] to a size (height, width) of the same shape: halved while it can be, then bilinear.

    Looks like resize_image, in a tenth of the time where the sizes are no multiples of each other.
    """
    while image.shape[0] >= 2 * size[0] and image.shape[1] >= 2 * size[1]:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return image if image.shape[:2] == size else cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)


def resize_map(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Ids of any integer type [H, W], or numbers that must not be mixed, to size (height, width), nearest neighbour.

    Each is that of the pixel under its middle, so that they lie where resize_image lays the photograph. As they are
    where nothing changes.
    """
    height, width = size
    if values.shape == (height, width):
        return values
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)  # plain NEAREST: half a pixel off


def check_image(image: np.ndarray) -> np.ndarray:
    """Return image if it is RGB uint8 [H, W, 3] with H, W >= 1; raise ImageError saying what it is instead."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"expected an RGB image, numpy uint8 [H, W, 3], found {found}")
    if 0 in image.shape:
        raise ImageError(f"expected an image with pixels, found size {image.shape[1]}x{image.shape[0]}")
    return image


def trial_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    """RGB uint8 [height, width, 3] to try networks on: ground and sky with things of all sizes on them, and noise."""
    random = np.random.default_rng(seed)
    sky, ground = random.integers(90, 220, 3), random.integers(60, 130, 3)
    image = np.where(np.arange(height)[:, None, None] < height // 2, sky, ground).repeat(width, axis=1)
    for side in np.geomspace(max(4, min(height, width) // 2), 3, 40).astype(int):
        y, x = random.integers(0, max(1, height - side)), random.integers(0, max(1, width - side))
        image[y : y + side, x : x + side] = random.integers(0, 256, 3)
    return (image + random.integers(-8, 9, image.shape)).clip(0, 255).astype(np.uint8)


def trial_images(count: int, size: tuple[int, int]) -> np.ndarray:
    """So many of them, different ones of one size (height, width): uint8 [count, height, width, 3]."""
    return np.stack([trial_image(*size, seed) for seed in range(count)])

"""From the bytes of an image file to pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from dnnctl.errors import DataError, shorten

Pixels = NDArray[np.uint8]
Resize = Literal["stretch", "crop", "pad"]

PLUGINS = (
    PngImagePlugin.PngImageFile,
    JpegImagePlugin.JpegImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    WebPImagePlugin.WebPImageFile,
    TiffImagePlugin.TiffImageFile,
    PpmImagePlugin.PpmImageFile,
)
FORMATS = tuple(plugin.format for plugin in PLUGINS)
"""The formats that are read. Others that Pillow knows start programs, or are no images."""
SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
ORIENTATION = 274
"""The EXIF tag."""
TURNED = (5, 6, 7, 8)
"""The orientations that swap height and width."""

# Pillow reports damaged EXIF data and the like as warnings, and so, too, images with 90 to 180 million pixels.
warnings.filterwarnings("ignore", module=r"PIL\..*")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Form:
    """What every image is converted to."""

    size: tuple[int, int] | None = None
    """Height and width; None: as in the file."""
    resize: Resize = "stretch"
    color: Literal["auto", "rgb", "grey"] = "auto"
    """`auto`: as in the file."""


@dataclass(frozen=True)
class Decoded:
    """The pixels of an image, and what its file contains."""

    pixels: Pixels
    """(H, W) or (H, W, 3), in the form that was asked for."""
    size: tuple[int, int]
    """The height and width of the upright image in the file."""
    is_grey: bool
    """Whether the file contains grey values only."""


def decode(data: bytes, form: Form) -> Decoded:
    """The pixels of an image file.

    Raises:
        DataError: it is not an image, or is damaged; the text is the reason alone.
    """
    try:
        return _decode(data, form)
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"more than {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except Image.UnidentifiedImageError:
        raise DataError("not an image of a known format, or damaged at its start" if data else "empty file") from None
    except Exception as error:  # Pillow raises almost anything for damaged files
        raise DataError(f"damaged ({shorten(str(error), 60) or type(error).__name__})") from None


def _decode(data: bytes, form: Form) -> Decoded:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        orientation = _orientation(image)
        height, width = image.height, image.width
        if orientation in TURNED and image.format != "TIFF":  # Pillow has turned a TIFF already
            height, width = width, height
        if form.size is not None:
            least = 2 * max(form.size)
            image.draft(None, (least, least))  # a JPEG decodes faster at a half, a quarter or an eighth
        image.load()
        if orientation != 1:
            ImageOps.exif_transpose(image, in_place=True)
        plain = _plain(image)
        is_grey = plain.mode == "L"
        if form.color != "auto":
            plain = _convert(plain, "L" if form.color == "grey" else "RGB")
        if form.size is not None and form.size != (plain.height, plain.width):
            plain = _resize(plain, form.size, form.resize)
        return Decoded(np.asarray(plain), (height, width), is_grey)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF data; the pixels are another matter
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB: 8 bits, and transparent pixels on white."""
    if image.mode in SIXTEEN_BITS or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return _eight_bits(image)
    if image.mode in ("I", "F"):
        raise DataError(f"pixels of 32 bits ({image.mode}). Convert it to 8 or 16 bits")
    is_grey = image.mode in ("1", "L", "LA", "La") or (image.mode == "P" and _has_grey_palette(image))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return _convert(image, "L" if is_grey else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey values v as round(v / 257), so that 65535 becomes 255."""
    values = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _has_grey_palette(image: Image.Image) -> bool:
    palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _convert(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _resize(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    """The image with a height and width. Smaller images are weighted means of pixels (bilinear, antialiased)."""
    height, width = size
    if resize == "stretch":
        return image.resize((width, height), Image.Resampling.BILINEAR)
    if resize == "crop":
        return image.resize((width, height), Image.Resampling.BILINEAR, box=_middle(image.size, (width, height)))
    factor = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    padded = Image.new(image.mode, (width, height))
    padded.paste(image.resize(inner, Image.Resampling.BILINEAR), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return padded


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest box in the middle of an image with the aspect ratio of the target: left, top, right, bottom."""
    factor = min(size[0] / target[0], size[1] / target[1])
    left, top = ((whole - factor * part) / 2 for whole, part in zip(size, target, strict=True))
    return left, top, size[0] - left, size[1] - top

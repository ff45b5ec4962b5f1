"""Image files as a source: where they are, and what every image is converted to."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.field import BY_FORM, LIST, MAPPING, NUMBER, Kind, OrNone, Section
from dnnctl.specs.size import Size

Side: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=16_384)]
Sides: TypeAlias = Annotated[list[Side], Field(min_length=2, max_length=2)]


class HeldOutImages(Section):
    """A test split that is taken from the training images, at random, but the same for every `seed`. Each class keeps
    its fraction.
    """

    size: Size
    """A fraction or a number of images."""


class Images(Kind):
    """Image files: PNG, JPEG, GIF (first frame), BMP, WebP, TIFF, PPM.

    With a folder for each class, class names are the folders' names, sorted as text (`10` before `2`), and images may
    be in subfolders. With folders `train`, `validation` (or `valid`, `val`, `dev`) and `test`, these contain the class
    folders. Hidden files are ignored. Images are turned as their EXIF data say, transparent pixels become white, and
    16-bit values are scaled to 8 bits.
    """

    kind: Literal["images"]
    path: str
    """The folder, or a CSV file with a row for each image; relative to the spec."""
    image: str = "image"
    """The column of the CSV file that contains the paths of the images, relative to the CSV file."""
    label: str = "label"
    """The column of the CSV file that contains the class, or the number to predict."""
    split: str = "none"
    """The column of the CSV file that contains `train`, `validation` or `test`. `none`: all images are for training."""
    task: Literal["classes", "numbers"] = "classes"
    """What the labels of a CSV file are. Classes are numbered in the order of their values."""
    size: Annotated[Annotated[Side, NUMBER] | Annotated[Sides, LIST] | OrNone, BY_FORM] = "none"
    """The height and width in pixels. `none`: all images must have the same size."""
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    """How an image with another aspect ratio gets this size. `crop`: the middle of the image. `pad`: the whole image,
    with black borders."""
    color: Literal["auto", "rgb", "grey"] = "auto"
    """The channels. `auto`: grey if all files contain grey values, rgb otherwise."""
    test: Annotated[Annotated[HeldOutImages, MAPPING] | OrNone, BY_FORM] = "none"
    """The test split, if the images have none of their own."""
    on_error: Literal["refuse", "skip"] = "refuse"
    """What to do about images that cannot be read. `skip` leaves them out, with a warning."""
    cache: bool = False
    """Whether to keep the decoded pixels in dnnctl's cache folder. Later runs then decode nothing."""

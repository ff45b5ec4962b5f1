"""Augmentation: random changes of the training examples, different in every epoch."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, Count, Kind, OrNone, Positive

Amount: TypeAlias = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Alpha: TypeAlias = Annotated[Positive, Field(le=100)]


class Flip(Kind):
    """Mirrors each image with probability 1/2, in each of the directions that are switched on."""

    kind: Literal["flip"]
    horizontal: bool = True
    """Whether left and right are exchanged."""
    vertical: bool = False
    """Whether top and bottom are exchanged."""


class Crop(Kind):
    """Adds a border on each side and cuts out a random window of the original size: a shift by −padding to padding
    pixels in each direction, with equal probabilities.

    Source: He et al., 2016, section 4.2.
    """

    kind: Literal["crop"]
    padding: Count = 4
    """The width of the border, in pixels; less than the height and the width of the images."""


class Rotate(Kind):
    """Rotates each image about its centre by a random angle, uniform from −degrees to degrees, with bilinear
    interpolation.
    """

    kind: Literal["rotate"]
    degrees: Annotated[float, Field(gt=0, le=180, allow_inf_nan=False)] = 15.0
    """The largest angle, in degrees."""


class Zoom(Kind):
    """Enlarges each image about its centre by a random factor, uniform from 1 − amount to 1 + amount, with bilinear
    interpolation.
    """

    kind: Literal["zoom"]
    amount: Amount = 0.1
    """The largest difference between the factor and 1, from 0 to 1."""


class Translate(Kind):
    """Shifts each image by a random distance in each direction, uniform from −fraction to fraction of its size, with
    bilinear interpolation.
    """

    kind: Literal["translate"]
    height: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.1
    """The largest vertical shift, as a fraction of the height."""
    width: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.1
    """The largest horizontal shift, as a fraction of the width."""


class Brightness(Kind):
    """Adds a random number to all values of an image, uniform from −amount to amount of the range of values."""

    kind: Literal["brightness"]
    amount: Amount = 0.2
    """The largest change, as a fraction of the range of values: 255 for uint8, otherwise the difference between the
    largest and the smallest value of the training split."""


class Contrast(Kind):
    """mean + f · (x − mean), with the mean of each channel of the image and a random factor f, uniform from 1 − amount
    to 1 + amount.
    """

    kind: Literal["contrast"]
    amount: Amount = 0.2
    """The largest difference between the factor and 1, from 0 to 1."""


class Noise(Kind):
    """Adds an independent random number from a normal distribution with mean 0 to each value. For images and rows.

    The categories of a table are not changed.
    """

    kind: Literal["noise"]
    stddev: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.05
    """The standard deviation, from 0 to 1. Images: as a fraction of the range of values (see `brightness`). Rows: as a
    fraction of the standard deviation of each column over the training split."""


class Cutout(Kind):
    """Erases a square whose centre is a random pixel. The part of the square outside the image is ignored.

    Source: DeVries and Taylor, 2017.
    """

    kind: Literal["cutout"]
    size: Count = 8
    """The side of the square, in pixels; less than the height and the width of the images."""


class Mixup(Kind):
    """λ · x + (1 − λ) · x′ with another example x′, and a loss of λ · loss(y) + (1 − λ) · loss(y′). For images and
    rows.

    λ is drawn from a Beta(α, α) distribution; if it is less than 1/2, 1 − λ takes its place. x′ is the example before x
    in the order of the epoch. Metrics compare with y only.

    Source: Zhang et al., 2018.
    """

    kind: Literal["mixup"]
    alpha: Alpha = 0.2
    """α: small values give a λ close to 1 for most examples, 1 a uniform distribution."""


class Cutmix(Kind):
    """Replaces a random rectangle by the same rectangle of another example, and the loss by
    λ · loss(y) + (1 − λ) · loss(y′), with the fraction λ of pixels that are kept.

    The rectangle has √(1 − λ) of the height and of the width, and a random pixel as its centre; the part outside the
    image is ignored. λ and the other example are drawn as for `mixup`. Metrics compare with y only.

    Source: Yun et al., 2019.
    """

    kind: Literal["cutmix"]
    alpha: Alpha = 1.0
    """α of the Beta(α, α) distribution of λ; 1 is uniform."""


Augmentation: TypeAlias = Annotated[
    Flip | Crop | Rotate | Zoom | Translate | Brightness | Contrast | Noise | Cutout | Mixup | Cutmix, *CHOICE
]
Augmentations: TypeAlias = Annotated[Annotated[list[Augmentation], Field(min_length=1)], LIST]
Augment: TypeAlias = Annotated[Augmentations | OrNone, BY_FORM]
MIXING = (Mixup, Cutmix)
"""The kinds that make an example from two."""

"""The alternatives that many choices share: `none`, `auto` and `inherit`."""

from typing import Literal

from dnnctl.specs.field import Kind


class Nothing(Kind):
    """None."""

    kind: Literal["none"]


class Auto(Kind):
    """Chosen from the data and the rest of the spec."""

    kind: Literal["auto"]


class Inherit(Kind):
    """The value in `model.defaults`."""

    kind: Literal["inherit"]


NONE = Nothing.model_construct(kind="none")
AUTO = Auto.model_construct(kind="auto")
INHERIT = Inherit.model_construct(kind="inherit")

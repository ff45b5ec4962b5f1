"""The alternatives that many choices share: `none`, `auto` and `inherit`."""

from typing import Literal

from dnnctl.specs.field import Kind


class Nothing(Kind):
    """Nothing of the sort."""

    kind: Literal["none"]


class Auto(Kind):
    """What follows from the data and the rest of the spec."""

    kind: Literal["auto"]


class Inherit(Kind):
    """What `model.defaults` says."""

    kind: Literal["inherit"]


NONE = Nothing.model_construct(kind="none")
AUTO = Auto.model_construct(kind="auto")
INHERIT = Inherit.model_construct(kind="inherit")

"""How many of the examples: a number, or a fraction of them."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator


def _check_size(size: object) -> object:
    is_count = isinstance(size, int) and not isinstance(size, bool) and size > 0
    if not is_count and not (isinstance(size, float) and 0 < size < 1):
        raise ValueError("must be a whole number of examples, or a fraction between 0 and 1")
    return size


Size: TypeAlias = Annotated[int | float, BeforeValidator(_check_size)]

"""The building blocks of a spec: strict sections, kinds, and numbers with their ranges."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag


class Section(BaseModel):
    """A mapping with known keys and strictly typed values. It is immutable."""

    # Validators are built on first use: building all of them would slow down every command.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Kind(Section):
    """One alternative of a choice, which the literal in `kind` names."""

    kind: str
    """The name of the alternative."""

    def has_only_kind(self) -> bool:
        """Whether `kind` is the only required key."""
        return all(not field.is_required() for name, field in type(self).model_fields.items() if name != "kind")


def expand_word(value: Any) -> Any:
    """A bare word is short for a mapping with only `kind`."""
    return {"kind": value} if isinstance(value, str) else value


def form_of(value: Any) -> str:
    """The form in which a value is written."""
    for form, types in FORMS.items():
        if isinstance(value, types):
            return form
    return "something else"


FORMS: dict[str, tuple[type, ...]] = {
    "a word": (str,),
    "a switch": (bool,),
    "a number": (int, float),
    "a list": (list,),
    "a mapping": (dict, Section),
}
BY_FORM = Discriminator(form_of)
WORD, SWITCH, NUMBER, LIST, MAPPING = (Tag(form) for form in FORMS)
"""With `BY_FORM`: alternatives with different forms, so that an error is about one of them only."""

CHOICE = (Field(discriminator="kind"), BeforeValidator(expand_word))

Count = Annotated[int, Field(strict=True, gt=0, le=1_000_000_000)]
Width = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
"""A number of units, channels or codings."""
Index = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OpenFraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
NonPositive = Annotated[float, Field(le=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
"""At least 0 and less than 1: a dropout rate, a momentum."""

OrNone = Annotated[Literal["none"], WORD]
OrAuto = Annotated[Literal["auto"], WORD]
CountOrAuto = Annotated[Annotated[Count, NUMBER] | OrAuto, BY_FORM]

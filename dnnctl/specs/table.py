"""Tables as a source: which columns are used, and as what."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from dnnctl.specs.field import (
    BY_FORM,
    CHOICE,
    LIST,
    MAPPING,
    NUMBER,
    WORD,
    Count,
    Kind,
    Number,
    OrAuto,
    OrNone,
    Section,
)
from dnnctl.specs.size import Size

ColumnType: TypeAlias = Literal["number", "category", "boolean", "date", "date_day_first", "date_month_first"]
ColumnNames: TypeAlias = Annotated[list[str], Field(min_length=1)]
OrAll: TypeAlias = Annotated[Literal["all"], WORD]


class Imputation(Kind):
    """A missing number is replaced by a value of the training split. `refuse`: it is an error."""

    kind: Literal["median", "mean", "most_frequent", "refuse"]


class ConstantImputation(Kind):
    """A missing number is replaced by a fixed value."""

    kind: Literal["constant"]
    value: Number
    """The value."""


NumberImputation: TypeAlias = Annotated[Imputation | ConstantImputation, *CHOICE]


class Missing(Section):
    """What is done about missing values. A column with missing values in the training split gets an indicator: a second
    value that is 1 where the value is missing.
    """

    numbers: NumberImputation = Imputation(kind="median")
    """How a missing number is replaced. A missing boolean is replaced by the most frequent value, and a missing date by
    the median, unless `numbers` is `refuse`."""
    categories: Literal["own_category", "refuse"] = "own_category"
    """How a missing category is used: as a category of its own, or as an error."""
    words: Annotated[Annotated[list[str], LIST] | OrAuto, BY_FORM] = "auto"
    """How missing values are written. An empty field is always missing. `auto`: NA, N/A, n/a, #N/A, NaN, nan, NULL,
    null, None, `<NA>` and `?`."""


class Features(Section):
    """The columns that the network gets."""

    include: Annotated[Annotated[ColumnNames, LIST] | OrAll, BY_FORM] = "all"
    """The columns to use. `all`: all except target, weight, group, date, and columns that cannot help: row numbers, the
    index that pandas saves, and columns without values."""
    exclude: list[str] = []
    """Columns that are not used."""
    types: dict[str, ColumnType] = {}
    """The types of columns whose type would be inferred differently, for example `{zip: category}`. `date_day_first`
    and `date_month_first`: dates such as 7/8/2024, of which the order of day and month is not clear."""
    one_hot_limit: Count = 20
    """The largest number of categories in the training split that is one-hot encoded. A column with more categories
    gets a learned embedding."""


class HeldOut(Section):
    """The test split: a part of the table, or another file."""

    size: Annotated[Annotated[Size, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of examples (a whole number), or the fraction of all examples (between 0 and 1). They are drawn at
    random, but are the same for every `seed`; every class has the same fraction in both splits. With `date`, they are
    the newest examples; with `group`, they are whole groups."""
    path: str = "none"
    """A file with the same columns, relative to the spec that names it."""


class Table(Kind):
    """A table with one example per row."""

    path: str
    """The file, relative to the spec that names it."""
    target: Annotated[Annotated[str, WORD] | Annotated[ColumnNames, LIST], BY_FORM]
    """The column to predict, or a list of columns."""
    features: Features = Features()
    """The columns that the network gets."""
    missing: Missing = Missing()
    """What is done about missing values."""
    task: Literal["auto", "classes", "numbers", "labels"] = "auto"
    """What the target is. `auto`: classes if it is text, a boolean, or at most 20 different whole numbers, each in two
    rows on average; numbers otherwise. Several columns of 0 and 1 are labels, each of which an example has or does not
    have; other columns are numbers."""
    weight: str = "none"
    """The column with the weight of each example in the loss."""
    group: str = "none"
    """The column with the group of each example. A group is never divided between two splits."""
    date: str = "none"
    """The column with the date of each example. Validation and test examples are newer than training examples."""
    test: Annotated[Annotated[HeldOut, MAPPING] | OrNone, BY_FORM] = "none"
    """The test split."""


def _check_delimiter(delimiter: object) -> object:
    is_character = (
        isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\r\n'
    )
    if not is_character and delimiter != "auto":
        raise ValueError('must be `auto` or one character, for example "," or "\\t"')
    return delimiter


class Csv(Table):
    """A text file with one row per line and a header, in UTF-8: CSV, TSV and the like. It may be compressed (.gz)."""

    kind: Literal["csv"]
    delimiter: Annotated[str, BeforeValidator(_check_delimiter)] = "auto"
    """The character between two fields. `auto`: a comma, semicolon, tab or vertical bar, whichever fits."""
    decimal: Literal[".", ","] = "."
    """The character before the decimal places of a number."""


class Parquet(Table):
    """A Parquet file."""

    kind: Literal["parquet"]


class Arrow(Table):
    """An Arrow IPC file or stream, a Feather file, or a folder that `save_to_disk` of Hugging Face datasets wrote."""

    kind: Literal["arrow"]

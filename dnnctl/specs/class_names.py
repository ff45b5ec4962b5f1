"""The class names of the built-in data sets that have fixed ones, in the order of their numbers."""

FASHION_MNIST = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
MNIST = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

CLASS_NAMES = {
    "fashion_mnist_sample": FASHION_MNIST,
    "fashion_mnist": FASHION_MNIST,
    "mnist": MNIST,
    "cifar10": CIFAR10,
}
"""By the kind of the source. CIFAR-100's names are in its own files."""


def class_number(entry: int | str, names: tuple[str, ...]) -> int | None:
    """The number of a class given by its name, or by its number if the names are not numbers themselves."""
    if str(entry) in names:
        return names.index(str(entry))
    names_are_numbers = all(name.lstrip("-").isdecimal() for name in names)
    return entry if isinstance(entry, int) and not names_are_numbers and 0 <= entry < len(names) else None


def entry_of(key: str) -> int | str:
    """The name or the number of a class that is the key of a mapping, whose keys are always words."""
    return int(key) if key.isdecimal() else key

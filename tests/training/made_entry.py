"""A dataset's record of a picture that nobody took."""

from training.dataset import Entry


def entry(name: str, labelled: tuple[str, ...]) -> Entry:
    """On the validation side, at a site of its own."""
    return Entry(
        name=name,
        split="val",
        set_name="made",
        origin="made",
        site=name,
        phash="0" * 16,
        sha256="0" * 64,
        labelled=labelled,
    )

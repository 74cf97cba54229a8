"""Labels: the readable form of an id that has no label of its own."""


def readable_id(text: str) -> str:
    """Return an id as it may stand in a sentence, a heading or on an axis.

    Examples
    --------
    >>> readable_id("one_page_checkout")
    'one page checkout'
    """
    return text.replace("_", " ").strip()

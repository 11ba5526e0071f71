"""One spelling for one name, as Python has it."""

import unicodedata


def one_spelling(name: str) -> str:
    """`name` in Unicode's form NFKC, if it is an identifier: other labels stay as they are.

    The µ of a keyboard (U+00B5) and the Greek μ (U+03BC) are one name:

    >>> one_spelling(chr(0xB5)) == chr(0x3BC), one_spelling("x²")
    (True, 'x²')
    """
    return unicodedata.normalize("NFKC", name) if name.isidentifier() else name

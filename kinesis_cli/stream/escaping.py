"""Text from outside, made visible and harmless."""


def escape(text: str) -> str:
    """`text` made visible and harmless on a terminal: what is not printable becomes an escape.

    Covers ESC, U+009B (starts an escape sequence on some terminals), line breaks, lone surrogates
    of undecodable file names and the bidirectional marks that reorder a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

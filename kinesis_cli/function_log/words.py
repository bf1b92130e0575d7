"""What a line of a log says, in words."""

from kinesis_cli.function_log.lines import parse_line


def why_in_words(why: str) -> str:
    """What a log line says of a record: its `reason`, or its message and the exception in it."""
    line = parse_line(why)
    if reason := line.members.get("reason"):
        return str(reason)
    said, *traceback = message_lines(line.text)
    if not traceback:
        return said
    kind = line.members.get("errorType")
    error = f"{kind}: {line.members.get('errorMessage')}" if kind else traceback[-1].strip()
    return said if error in said else f"{said}: {error}"


def message_lines(text: str) -> list[str]:
    r"""The lines of a message; AWS's runtime joins those of a traceback with \r."""
    text = text.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
    return [
        line.replace("\N{NO-BREAK SPACE}", " ").replace("\t", "    ") for line in text.split("\n")
    ]

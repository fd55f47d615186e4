"""Where strings and brackets of Terraform's language end. A string may hold expressions, and those strings again."""


def string_end(text: str, at: int) -> int:
    """The position after the string that begins at `at`."""
    at += 1
    while text[at] != '"':
        if text[at] == "\\":
            at += 2
        elif text.startswith(("$${", "%%{"), at):
            at += 3
        elif text.startswith(("${", "%{"), at):
            at = bracket_end(text, at + 1)
        else:
            at += 1
    return at + 1


def bracket_end(text: str, at: int) -> int:
    """The position after the bracket that closes the one at `at`; beyond the text where nothing does."""
    depth = 0
    while at < len(text):
        if text[at] == '"':
            at = string_end(text, at)
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        at += 1
        if not depth:
            return at
    return at + 1


def items(text: str) -> list[str]:
    """What commas outside of brackets and strings separate."""
    found, start, at = [], 0, 0
    while at < len(text):
        if text[at] == '"':
            at = string_end(text, at)
        elif text[at] in "([{":
            at = bracket_end(text, at)
        elif text[at] == ",":
            found.append(text[start:at].strip())
            start = at = at + 1
        else:
            at += 1
    return [*found, rest] if (rest := text[start:].strip()) else found

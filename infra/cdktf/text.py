"""Text that came from people, made safe for Terraform JSON, where every string is a template."""

from collections.abc import Mapping

# CDKTF looks for its own markers in every string; an empty template between the halves keeps the text and hides the mark.
_MARKER = "TfToken["
_SPLIT_MARKER = 'TfToken${""}['


def literal(text: str) -> str:
    """The string whose value, once Terraform has read it as a template, is `text` itself."""
    return text.replace("${", "$${").replace("%{", "%%{").replace(_MARKER, _SPLIT_MARKER)


def literals(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: literal(value) for key, value in texts.items()}

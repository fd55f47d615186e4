"""Text of one form. The pattern is plain enough to mean the same in the OpenAPI document as here."""

from typing import Any

from marshmallow import ValidationError, validate


class WholeText(validate.Regexp):
    """The whole text must match: no line break after it, which `$` alone would let pass in Python."""

    def __init__(self, pattern: str, error: str) -> None:
        super().__init__(f"^{pattern}$", error=error)

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None or value.endswith("\n"):
            raise ValidationError(self._format_error(value))
        return value

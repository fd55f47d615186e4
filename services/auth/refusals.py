"""Refusals of auth's own; each has one wording, so that the answer tells nothing of the reason."""

from services.chassis.errors import UnauthenticatedError


class WrongCredentialsError(UnauthenticatedError):
    """Unknown address, wrong password: the same."""

    kind, title = "wrong-credentials", "The email address or the password is wrong"


class RefreshRefusedError(UnauthenticatedError):
    """Unknown, used, expired, or of a session that has ended."""

    kind, title = "refresh-refused", "This refresh token is not valid; sign in again"


class WrongClientError(UnauthenticatedError):
    """Unknown client, wrong secret: the same."""

    kind, title = "wrong-client", "The client id or its secret is wrong"

"""Signing secrets in the form of the Standard Webhooks specification."""

import base64
import secrets

SECRET_BYTES = 32  # The specification asks for 24 to 64.


def new_webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

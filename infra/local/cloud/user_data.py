"""What the instance's start-up finds in its user-data, read the way cloud-init reads it."""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

CONFIG_PATH = "/etc/flowllama/instance.json"
_GZIP_MAGIC = b"\x1f\x8b"
_HEX_SHA256 = validate.Regexp(r"\A[0-9a-f]{64}\Z")


class UserDataRefusedError(ValueError):
    """The instance can't start from this user-data; the text says why."""


@dataclass(frozen=True)
class InstanceConfig:
    """The parts of `instance.json` that shape how the instance behaves."""

    deployment_id: str
    placement_id: str
    model_tag: str
    model_digest: str | None
    context_size: int
    gpu_kind: str | None
    verifiers: Mapping[str, str]


def read_user_data(text: str | None) -> InstanceConfig:
    """Decode base64, gzip and cloud-config and check `instance.json`; raises UserDataRefusedError."""
    if not text:
        raise UserDataRefusedError("The instance was launched without user-data.")
    document = _cloud_config(_unpacked(text))
    return _config(_file(document, CONFIG_PATH))


def _unpacked(text: str) -> bytes:
    raw = _from_base64(text)
    return _gunzip(raw) if raw.startswith(_GZIP_MAGIC) else raw


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserDataRefusedError(f"The user-data is not base64: {error}") from error


def _gunzip(raw: bytes) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise UserDataRefusedError(f"The user-data is not gzip: {error}") from error


def _cloud_config(raw: bytes) -> Mapping[str, Any]:
    text = raw.decode("utf-8", errors="replace")
    if not text.startswith("#cloud-config"):
        raise UserDataRefusedError("The user-data does not begin with #cloud-config.")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserDataRefusedError(f"The cloud-config is not YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise UserDataRefusedError("The cloud-config is not a mapping.")
    return document


def _file(document: Mapping[str, Any], path: str) -> bytes:
    for entry in document.get("write_files") or ():
        if isinstance(entry, Mapping) and entry.get("path") == path:
            return _content(str(entry.get("content", "")), str(entry.get("encoding", "")))
    raise UserDataRefusedError(f"The cloud-config writes no {path}.")


def _content(text: str, encoding: str) -> bytes:
    """cloud-init's spellings: b64 or base64, gz+b64 or gzip+base64, or plain text."""
    if not encoding or encoding == "text/plain":
        return text.encode()
    raw = _from_base64(text)
    return _gunzip(raw) if encoding.startswith(("gz+", "gzip+")) else raw


def _config(raw: bytes) -> InstanceConfig:
    try:
        data = _ConfigSchema().load(json.loads(raw))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserDataRefusedError(f"{CONFIG_PATH} is not JSON: {error}") from error
    except ValidationError as error:
        raise UserDataRefusedError(f"{CONFIG_PATH} is malformed: {json.dumps(error.messages)}") from error
    return InstanceConfig(
        deployment_id=data["deployment_id"],
        placement_id=data["placement_id"],
        model_tag=data["model"]["tag"],
        model_digest=data["model"]["digest"],
        context_size=data["model"]["context_size"],
        gpu_kind=data["gpu_kind"],
        verifiers={role: data["tokens"][role] for role in ("user_sha256", "health_sha256")},
    )


class _Open(Schema):
    class Meta:
        unknown = INCLUDE


class _ModelSchema(_Open):
    tag = fields.String(required=True, validate=validate.Length(1))
    context_size = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    parallel = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    kv_type = fields.String(required=True)
    digest = fields.String(load_default=None, allow_none=True)


class _OllamaSchema(_Open):
    version = fields.String(required=True)
    sha256 = fields.String(required=True, validate=_HEX_SHA256)


class _TokensSchema(_Open):
    user_sha256 = fields.String(required=True, validate=_HEX_SHA256)
    health_sha256 = fields.String(required=True, validate=_HEX_SHA256)


class _ConfigSchema(_Open):
    deployment_id = fields.String(required=True)
    placement_id = fields.String(required=True)
    model = fields.Nested(_ModelSchema, required=True)
    ollama = fields.Nested(_OllamaSchema, required=True)
    tokens = fields.Nested(_TokensSchema, required=True)
    arch = fields.String(required=True)
    gpu_kind = fields.String(required=True, allow_none=True)

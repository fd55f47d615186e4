"""What the tests of the local environment start from."""

import base64
import gzip
import hashlib
import json
from typing import Any

USER_TOKEN = "fll_the-users"
HEALTH_TOKEN = "fll_healths"


def instance_json(**changes: Any) -> dict[str, Any]:
    return {
        "deployment_id": "dep_a",
        "placement_id": "dep_a-1",
        "arch": "x86_64",
        "gpu_kind": None,
        "model": {"tag": "llama3.2:1b", "context_size": 4096, "parallel": 1, "kv_type": "f16"},
        "ollama": {"version": "0.32.9", "sha256": "0" * 64},
        "tokens": {"user_sha256": verifier(USER_TOKEN), "health_sha256": verifier(HEALTH_TOKEN)},
        **changes,
    }


def user_data(document: dict[str, Any]) -> str:
    """gzip and base64 of a cloud-config that writes the instance file."""
    content = base64.b64encode(json.dumps(document).encode()).decode()
    file = {"path": "/etc/flowllama/instance.json", "encoding": "b64", "content": content}
    text = "#cloud-config\n" + json.dumps({"write_files": [file]})
    return base64.b64encode(gzip.compress(text.encode())).decode()


def verifier(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

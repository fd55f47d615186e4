"""Pull the model and load it, telling the phase file how far it is. Standard library only.

The tag is read from instance.json and travels as JSON in a request body; no shell ever sees it.
"""

import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

OLLAMA = "http://127.0.0.1:11435"
INSTANCE_FILE = Path("/etc/flowllama/instance.json")
PHASE_FILE = Path("/run/flowllama/phase.json")
ATTEMPTS = 5
BAD_REQUEST = 400
EMBEDS_ONLY = b"does not support generate"  # Ollama's words.
# The same rules as the stack spec's; checked here again because this is the last reader.
MODEL_TAG = re.compile(
    r"(?![^/]*\.[^/]*/)[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63})?(:[A-Za-z0-9._-]{1,64})?"
    r"|hf\.co(/[A-Za-z0-9][A-Za-z0-9._-]{0,95}){2}:[A-Za-z0-9._-]{1,64}"
)


def checked_tag(instance: dict[str, Any]) -> str:
    tag = instance["model"]["tag"]
    if not isinstance(tag, str) or not MODEL_TAG.fullmatch(tag):
        raise ValueError("the model tag is not a tag")
    return tag


def progress(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Percent of all layers known so far and what Ollama says it does; raises RuntimeError when Ollama gives up."""
    totals: dict[str, tuple[int, int]] = {}
    for line in lines:
        event = json.loads(line)
        if "error" in event:
            raise RuntimeError(str(event["error"])[:200])
        if event.get("total"):
            totals[str(event.get("digest"))] = (int(event.get("completed", 0)), int(event["total"]))
        done, whole = (sum(column) for column in zip(*totals.values(), strict=True)) if totals else (0, 0)
        yield (100 * done // whole if whole else 0), str(event.get("status", ""))[:80]


def write_phase(phase: str, percent: int | None = None, detail: str | None = None) -> None:
    beside = PHASE_FILE.with_suffix(".new")
    beside.write_text(json.dumps({"phase": phase, "progress_pct": percent, "detail": detail}))
    beside.chmod(0o644)
    beside.replace(PHASE_FILE)


def pull(tag: str) -> None:
    """Up to five attempts: layers that arrived are kept, so a later attempt carries on where one broke off."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _post("/api/pull", {"model": tag, "stream": True}, timeout=600) as answer:
                for percent, detail in progress(answer):
                    write_phase("pulling", percent, detail)
            return
        except (OSError, RuntimeError) as error:
            if attempt == ATTEMPTS:
                raise
            write_phase("pulling", None, f"attempt {attempt} failed: {error}"[:200])
            time.sleep(5 * attempt)


def load(tag: str) -> None:
    """An empty prompt makes Ollama load the weights; it answers once they are in memory.

    A model that only embeds refuses to generate, so it is loaded by the one thing that it does.
    """
    write_phase("loading")
    try:
        _load("/api/generate", {"model": tag, "stream": False, "keep_alive": -1})
    except urllib.error.HTTPError as error:
        if error.code != BAD_REQUEST or EMBEDS_ONLY not in error.read():
            raise
        _load("/api/embed", {"model": tag, "input": "hello", "keep_alive": -1})


def _load(path: str, body: dict[str, Any]) -> None:
    with _post(path, body, timeout=1800) as answer:
        answer.read()


def main() -> int:
    tag = checked_tag(json.loads(INSTANCE_FILE.read_text()))
    pull(tag)
    load(tag)
    write_phase("ready", 100)
    return 0


def _post(path: str, body: dict[str, Any], timeout: int) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(OLLAMA + path, data, {"Content-Type": "application/json"})  # noqa: S310 - a constant http address
    return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 - the same


if __name__ == "__main__":
    sys.exit(main())

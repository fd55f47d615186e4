"""Watch the metadata service for a spot interruption notice and leave it where the guard's status finds it.

Standard library only: the file is copied to the instance as it is. The notice comes two minutes ahead.
"""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

METADATA = "http://169.254.169.254/latest"
NOTICE_FILE = Path("/run/flowllama-interruption/notice.json")
SECONDS_BETWEEN_LOOKS = 5
TOKEN_SECONDS = 300


def parse_notice(body: str) -> dict[str, str] | None:
    """The notice as {"action", "time"}, or None when the body is no notice."""
    try:
        found = json.loads(body)
        return {"action": str(found["action"]), "time": str(found["time"])}
    except (ValueError, KeyError, TypeError):
        return None


def look() -> dict[str, str] | None:
    """One look at the metadata service; 404 is its way of saying that nothing is planned."""
    try:
        token = _ask("PUT", "/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)})
        return parse_notice(
            _ask("GET", "/meta-data/spot/instance-action", {"X-aws-ec2-metadata-token": token})
        )
    except OSError:
        # HTTPError and URLError are OSErrors: a metadata service that can't be reached is asked again soon.
        return None


def write_notice(notice: dict[str, str], path: Path = NOTICE_FILE) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(notice))
    beside.replace(path)


def main() -> None:
    known: dict[str, str] | None = None
    while True:
        notice = look()
        if notice is not None and notice != known:
            write_notice(notice)
            known = notice
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _ask(method: str, path: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(METADATA + path, method=method, headers=headers)  # noqa: S310 - a constant http address
    with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - the same
        body: bytes = answer.read(4096)
    return body.decode()


if __name__ == "__main__":
    main()

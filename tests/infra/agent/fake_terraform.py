#!/usr/bin/env python3
"""A stand-in for the Terraform CLI: notes every signal it gets, and ends as its environment asks.

FAKE_SECONDS: how long an apply takes. FAKE_DEAF: it does not end on SIGINT. Every event is a line in `journal`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

JOURNAL = Path("journal")


def note(text: str) -> None:
    with JOURNAL.open("a") as journal:
        journal.write(text + "\n")


def interrupted(*_: object) -> None:
    note("SIGINT")
    if not os.environ.get("FAKE_DEAF"):
        print(json.dumps({"type": "log", "@level": "info", "@message": "Stopping gracefully."}), flush=True)
        time.sleep(0.3)
        note("stopped")
        sys.exit(1)


signal.signal(signal.SIGINT, interrupted)
print(
    json.dumps({"type": "version", "@level": "info", "@message": "Terraform 1.15", "ui": "1.2"}), flush=True
)
note(f"began {sys.argv[1]} {os.getpid()}")
deadline = time.monotonic() + float(os.environ.get("FAKE_SECONDS", "0")) * (sys.argv[1] == "apply")
while time.monotonic() < deadline:
    time.sleep(0.02)
note(f"ended {sys.argv[1]}")
if sys.argv[1] == "apply":
    outputs = {"address": {"sensitive": False, "type": "string", "value": "127.77.0.9"}}
    print(
        json.dumps({"type": "outputs", "@level": "info", "@message": "Outputs: 1", "outputs": outputs}),
        flush=True,
    )
sys.exit(int(os.environ.get("FAKE_STATUS", "0")))

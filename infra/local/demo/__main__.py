"""`make demo`: start the platform if it is not up, tell the story, leave everything as it was found.

The last line of the output is one JSON summary; the exit status is 0 only if everything in it held.
"""

import json
import os
import traceback

from infra.local.demo.story import Summary, tell
from infra.local.down import down
from infra.local.environment import local_environment
from infra.local.keys import ensure_keys
from infra.local.layout import Layout
from infra.local.ports import ports_from
from infra.local.running import is_running
from infra.local.settings import local_settings
from infra.local.up import up


def main() -> int:
    settings = local_settings()
    layout, ports = Layout(settings.directory), ports_from(settings.port)
    found_running = is_running(layout)
    summary = Summary()
    with summary.timed("start"):
        started = up(settings)
    if started == 0:
        # boto3 asks the local cloud from here on, like every process of the platform.
        os.environ.update(local_environment(settings, ports, layout, ensure_keys(layout.keys)))
        try:
            with summary.timed("story"):
                tell(f"http://127.0.0.1:{ports.edge}", f"http://127.0.0.1:{ports.cloud}", summary)
        except Exception as error:  # noqa: BLE001 - whatever breaks the story belongs in its summary.
            traceback.print_exc()
            summary.facts["error"] = f"{type(error).__name__}: {error}"
            summary.held["the story was told to its end"] = False
    if not found_running:
        down(settings)
    print(json.dumps(summary.as_json(), default=str))
    return 0 if summary.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())

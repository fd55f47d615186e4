"""`make down`: stop everything, make sure nothing is left, and reset store and cloud together."""

import shutil

from infra.local.layout import Layout
from infra.local.running import one_at_a_time, stop_supervisor
from infra.local.settings import LocalSettings
from infra.local.strays import kill_strays, strays


def down(settings: LocalSettings) -> int:
    """Exit status 0 when no process remains. The virtual environments, caches and logs stay."""
    layout = Layout(settings.directory)
    layout.create()
    with one_at_a_time(layout):
        was_running = stop_supervisor(layout)
        for pid in kill_strays(layout.root):
            print(f"killed a process that had not stopped: {pid}")
        left = strays(layout.root)
        if left:
            print(f"still running: {', '.join(map(str, left))}")
            return 1
        shutil.rmtree(layout.state, ignore_errors=True)
        shutil.rmtree(layout.run, ignore_errors=True)
        layout.environment_file.unlink(missing_ok=True)
    print("FlowLlama is down." if was_running else "FlowLlama was not running.")
    return 0

"""What the processes are called on Cloud Run, where they answer, and how their lines are found.

A process that users or other services call is a service there, with an address; one that only takes messages is a
worker pool, which has none.
"""

from collections.abc import Iterable

from infra.cdktf.processes import CALLED, OPEN, PROCESSES, Process

SERVICE_LINES, POOL_LINES = "cloud_run_revision", "cloud_run_worker_pool"


def is_called(process: Process) -> bool:
    return process in (*OPEN, *CALLED)


def run_name(platform: str, process: Process) -> str:
    return f"{platform}-{process.name}"


def address(platform: str, process: Process, project_number: str, region: str) -> str:
    """Known before the service stands, so services may name each other."""
    return f"https://{run_name(platform, process)}-{project_number}.{region}.run.app"


def kinds_of_lines(service: str) -> tuple[str, ...]:
    """The kinds of resources that write the lines of a service's processes."""
    kinds = {SERVICE_LINES if is_called(process) else POOL_LINES for process in _of(service)}
    return tuple(sorted(kinds))


def lines_of(platform: str, services: Iterable[str]) -> str:
    """A filter for all lines of these services' processes."""
    found = [process for service in services for process in _of(service)]
    return " OR ".join(sorted(_lines(platform, process) for process in found))


def _of(service: str) -> list[Process]:
    return [process for process in PROCESSES if process.service == service]


def _lines(platform: str, process: Process) -> str:
    kind, label = (SERVICE_LINES, "service_name") if is_called(process) else (POOL_LINES, "worker_pool_name")
    return f'(resource.type="{kind}" AND resource.labels.{label}="{run_name(platform, process)}")'

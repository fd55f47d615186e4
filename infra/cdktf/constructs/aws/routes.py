"""The open paths of a process, as API Gateway matches them: a path itself, or its beginning and anything below it."""

from infra.cdktf.processes import Process


def route_paths(process: Process) -> tuple[str, ...]:
    below = tuple(way for path in process.paths for way in (path, f"{path}/{{proxy+}}"))
    return (*below, *process.exact)

"""`python -m infra.local up | down | status | logs [process]`: what the Makefile calls."""

import os
import signal

import click

from infra.local.down import down
from infra.local.environment import local_environment, process_environment
from infra.local.keys import ensure_keys
from infra.local.layout import Layout
from infra.local.ports import ports_from
from infra.local.running import children, is_running
from infra.local.settings import local_settings
from infra.local.up import up


@click.group()
def main() -> None:
    """The local environment."""


@main.command(name="up")
def up_command() -> None:
    """Start everything and wait until it is ready."""
    raise SystemExit(up(local_settings()))


@main.command(name="down")
def down_command() -> None:
    """Stop everything and reset store and cloud."""
    raise SystemExit(down(local_settings()))


@main.command()
def status() -> None:
    """One line a process; exit status 1 when not all is ready."""
    layout = Layout(local_settings().directory)
    layout.create()
    known = children(layout) if is_running(layout) else []
    for child in known:
        state = "ready" if child.ready else "waiting"
        print(f"{child.name:18} {state:8} pid {child.pid or '-':<8} starts {child.starts:<3} {child.about}")
    if not known:
        print("FlowLlama is not running.")
    raise SystemExit(0 if known and all(child.ready for child in known) else 1)


@main.command()
@click.argument("process")
def restart(process: str) -> None:
    """End one process; the supervisor starts it again with the code as it is now."""
    layout = Layout(local_settings().directory)
    pids = [child.pid for child in children(layout) if child.name == process and child.pid]
    if not pids:
        raise click.ClickException("No such process runs; `make status` lists them.")
    os.kill(pids[0], signal.SIGTERM)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True)
def run(command: tuple[str, ...]) -> None:
    """Run a command in the platform's environment: python -m infra.local run -- COMMAND."""
    settings = local_settings()
    layout = Layout(settings.directory)
    if not is_running(layout):
        raise click.ClickException("FlowLlama is not running: `make up` first.")
    table = local_environment(settings, ports_from(settings.port), layout, ensure_keys(layout.keys))
    os.execvpe(command[0], command, process_environment(table, layout))  # noqa: S606 - the command takes our place.


@main.command()
@click.argument("process", required=False, default="*")
def logs(process: str) -> None:
    """Follow the log of one process or of all."""
    files = sorted(str(file) for file in Layout(local_settings().directory).logs.glob(f"{process}.log"))
    if not files:
        raise click.ClickException("There is no such log yet.")
    os.execvp("tail", ["tail", "-n", "50", "-F", *files])  # noqa: S606 - tail takes this process's place.


if __name__ == "__main__":
    main()

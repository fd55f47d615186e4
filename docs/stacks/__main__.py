"""`python -m docs.stacks [--check]` writes what pages show of the stacks anew, or compares it."""

import sys
import tempfile
from pathlib import Path

import click

from docs.stacks import pages

ROOT = Path(__file__).parents[2]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name stale pages and exit with 1.")
def main(*, check: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="flowllama-stacks-") as out:
        stacks = pages.written(ROOT, Path(out))
    stale = pages.stale(ROOT, stacks)
    if not check:
        for page, text in pages.made(ROOT, stacks).items():
            page.write_text(text, "utf-8")
    for page in stale:
        click.echo(page.relative_to(ROOT), err=check)
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main(prog_name="python -m docs.stacks")

"""Where in which page what is made from a stack stands: between two markers, and the rest is written by hand."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.stacks import aws_network, aws_permissions, gcp_network, gcp_permissions
from docs.stacks.stack import Stack

Stacks = Mapping[str, Stack]


class NoMarkersError(ValueError):
    """A page has lost the place of what is made for it."""


def written(root: Path, out: Path) -> Stacks:
    """Every sample, freshly written to `out`. It loads the bindings of both clouds: half a minute."""
    subprocess.run([sys.executable, "-m", "infra.cdktf", "synth", "--out", out], check=True, cwd=root)
    return read(out)


def read(out: Path) -> Stacks:
    files = sorted(out.glob("*/cdk.tf.json"))
    return {file.parent.name: Stack(file.parent.name, json.loads(file.read_text())) for file in files}


def made(root: Path, stacks: Stacks) -> Mapping[Path, str]:
    """The pages as they should be, by their path."""
    pages: dict[Path, str] = {}
    for name, block, text in _blocks(stacks):
        page = root / "docs" / name
        pages[page] = _with_block(pages.get(page) or page.read_text("utf-8"), block, text)
    return pages


def stale(root: Path, stacks: Stacks) -> list[Path]:
    return [page for page, text in made(root, stacks).items() if _read(page) != text]


def _blocks(stacks: Stacks) -> Iterator[tuple[str, str, str]]:
    """Page, name and text of everything that is made."""
    yield "infrastructure-aws.md", "network", aws_network.picture(stacks["network"])
    yield "infrastructure-gcp.md", "network", gcp_network.picture(stacks["gcp-network"])
    for block, name in (("platform", "platform"), ("network", "network-models")):
        yield "permissions.md", f"{block} on AWS", aws_permissions.section(stacks[name])
        on_google = gcp_permissions.section(stacks[f"gcp-{name}"])
        yield "permissions.md", f"{block} on Google Cloud", on_google


def _with_block(page: str, name: str, text: str) -> str:
    start = f"<!-- {name}: made by `python -m docs.stacks` from the stack -->\n"
    end = f"<!-- end of {name} -->\n"
    if page.count(start) != 1 or page.count(end) != 1:
        raise NoMarkersError(f"the page needs one line {start.strip()} and one line {end.strip()}")
    before, _, rest = page.partition(start)
    return before + start + text + end + rest.partition(end)[2]


def _read(page: Path) -> str | None:
    return page.read_text("utf-8") if page.exists() else None

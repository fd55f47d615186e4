"""The real Terraform CLI in a directory of its own, with the provider from a mirror on disk where there is one."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

PROVIDER = Path("registry.terraform.io/hashicorp/aws/5.100.0")


def find_mirror() -> Path | None:
    """Look where people put a filesystem mirror: the setting, home, /usr, and one level below /opt."""
    chosen = os.environ.get("TF_PROVIDER_MIRROR")
    usual = [
        Path.home() / ".terraform.d/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*")),
    ]
    places = [Path(chosen)] if chosen else usual
    return next((place for place in places if (place / PROVIDER).is_dir()), None)


def missing() -> str | None:
    """Why Terraform can't run here, or None."""
    if shutil.which("terraform") is None:
        return "there is no terraform on PATH"
    return None if find_mirror() else "no filesystem mirror with hashicorp/aws 5.100.0 (TF_PROVIDER_MIRROR)"


class Terraform:
    def __init__(self, directory: Path, endpoint: str) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "cli.tfrc"
        mirror = json.dumps(str(find_mirror()))
        config.write_text(
            f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n"
        )
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint,
        }

    def run(self, *arguments: str, expect: int = 0) -> str:
        done = self._started(*arguments)
        assert done.returncode == expect, f"terraform {arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def complaint(self, *arguments: str) -> str:
        """What a command that must fail says of it."""
        done = self._started(*arguments)
        assert done.returncode == 1, f"terraform {arguments}: {done.stdout}\n{done.stderr}"
        return done.stderr

    def faults(self) -> list[tuple[str, str]]:
        """File and words of each error that `validate` has; nothing is asked and nothing changed."""
        said = json.loads(self._started("validate", "-json").stdout)["diagnostics"]
        errors = [one for one in said if one["severity"] == "error"]
        return [
            (one.get("range", {}).get("filename", ""), f"{one['summary']} {one['detail']}") for one in errors
        ]

    def apply(self) -> dict[str, Any]:
        """init, validate, plan, apply that plan; returns the outputs as Terraform prints them."""
        self.run("init", "-input=false")
        self.run("validate")
        self.run("plan", "-input=false", "-out=tfplan")
        self.run("apply", "-input=false", "tfplan")
        outputs: dict[str, Any] = json.loads(self.run("output", "-json"))
        return outputs

    def change(self) -> None:
        """Apply what is written now over what stands, and see that nothing is left to do."""
        self.run("apply", "-input=false", "-auto-approve")
        self.plan_again()

    def plan_again(self) -> None:
        """Fails with the plan's text unless there is nothing to do."""
        self.run("plan", "-input=false", "-detailed-exitcode")

    def destroy(self) -> None:
        self.run("destroy", "-input=false", "-auto-approve", "-refresh=false")

    def _started(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

"""`python -m infra.modules` writes the Terraform modules of both clouds to `terraform/modules`, each folder anew."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from contracts.vocabulary import Cloud
from infra.modules import catalogue

FOLDER = Path(__file__).parents[2] / "terraform" / "modules"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.modules", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--cloud", choices=[*Cloud], action="append")
    chosen = parser.parse_args(arguments)
    write([Cloud(name) for name in chosen.cloud or Cloud], chosen.out)
    return _align(chosen.out)


def write(clouds: list[Cloud], out: Path) -> None:
    """Nothing is touched before everything is known."""
    recipes = [recipe for cloud in clouds for recipe in catalogue.recipes(cloud)]
    # Imported late: it loads CDKTF, which has to come after the choice of bindings.
    from infra.modules.lifting import lift

    made = [catalogue.written(recipe, lift(recipe)) for recipe in recipes]
    for cloud in clouds:
        shutil.rmtree(out / cloud.value, ignore_errors=True)
    for path, text in (file for files in made for file in files.items()):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")


def _align(folder: Path) -> int:
    """Without Terraform the modules are just as good, if less pretty."""
    terraform = shutil.which("terraform")
    if terraform is None:
        sys.stderr.write("terraform is not on PATH: the modules are written, but not aligned.\n")
        return 0
    command = [terraform, "fmt", "-recursive", str(folder)]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Where Terraform takes the AWS provider from: a folder on disk if there is one, else the registry."""

from collections.abc import Iterator
from pathlib import Path

from services.agent.settings import TerraformSettings

# A filesystem mirror holds this below its root; the version is the one that the bindings were made for.
PROVIDER = Path("registry.terraform.io/hashicorp/aws/5.100.0")

_FROM_DISK = """provider_installation {{
  filesystem_mirror {{
    path    = "{path}"
    include = ["registry.terraform.io/hashicorp/aws"]
  }}
  direct {{
    exclude = ["registry.terraform.io/hashicorp/aws"]
  }}
}}
"""
_FROM_REGISTRY = """provider_installation {
  direct {}
}
"""


def write_cli_config(settings: TerraformSettings) -> Path:
    """A configuration file for our Terraform alone: whatever the machine's user has configured stays out of it.

    Terraform links a provider from a mirror, it copies nothing; so many runs may start at once.
    """
    mirror = find(settings.mirror)
    settings.work_dir.mkdir(parents=True, exist_ok=True)
    file = settings.work_dir / "terraform.tfrc"
    beside = file.with_suffix(".new")
    beside.write_text(_FROM_DISK.format(path=mirror) if mirror else _FROM_REGISTRY)
    return beside.replace(file)


def find(setting: str) -> Path | None:
    """The mirror that the setting names, or the first of the usual places that has the provider."""
    if setting:
        return Path(setting)
    return next((place for place in _usual_places() if (place / PROVIDER).is_dir()), None)


def _usual_places() -> Iterator[Path]:
    home = Path.home()
    yield home / ".terraform.d" / "plugins"
    yield home / ".terraform.d" / "mirror"
    yield home / ".local" / "share" / "terraform" / "plugins"
    yield Path("/usr/local/share/terraform/plugins")
    yield Path("/usr/share/terraform/plugins")
    yield Path("/usr/lib/terraform/plugins")
    opt = Path("/opt")
    yield from sorted(opt.iterdir()) if opt.is_dir() else ()

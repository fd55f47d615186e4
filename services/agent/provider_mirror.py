"""Where Terraform takes its providers from: a folder on disk where it has them, else the registry."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.agent.settings import TerraformSettings

# A filesystem mirror holds these below its root; the versions are those that the bindings were made for.
AWS = Path("registry.terraform.io/hashicorp/aws/5.100.0")
GOOGLE = Path("registry.terraform.io/hashicorp/google/6.50.0")

_FROM_DISK = """provider_installation {{
  filesystem_mirror {{
    path    = "{path}"
    include = [{held}]
  }}
  direct {{
    exclude = [{held}]
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
    beside.write_text(_from_disk(mirror) if mirror else _FROM_REGISTRY)
    return beside.replace(file)


def find(setting: str) -> Path | None:
    """The mirror that the setting names, or the first of the usual places that has AWS's provider."""
    if setting:
        return Path(setting)
    return next((place for place in _usual_places() if (place / AWS).is_dir()), None)


def _from_disk(mirror: Path) -> str:
    """AWS's provider is expected in every mirror; Google's is taken from the registry where the mirror has none."""
    providers: Sequence[Path] = (AWS, GOOGLE) if (mirror / GOOGLE).is_dir() else (AWS,)
    held = ", ".join(f'"{provider.parent}"' for provider in providers)
    return _FROM_DISK.format(path=mirror, held=held)


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

"""Loads the AWS bindings without their 1,500 unused parts.

The package's own `__init__` imports every service: half a minute and a gigabyte without compiled files, although a
stack uses some twenty. A placeholder with the same search path takes its place, so `cdktf_cdktf_provider_aws.vpc`
still resolves and only what is named is loaded. Left out, everything works the same, slowly.
"""

import importlib.util
import os
import sys
import types

PACKAGE = "cdktf_cdktf_provider_aws"


def load_sparingly() -> None:
    """Call once, before anything imports the bindings. Calling it again, or too late, changes nothing."""
    # jsii greets an old Node with a banner on every start; the version is pinned elsewhere and checked in CI.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    if PACKAGE in sys.modules:
        return
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed")
    placeholder = types.ModuleType(PACKAGE)
    placeholder.__path__ = list(found.submodule_search_locations)
    placeholder.__spec__ = found
    sys.modules[PACKAGE] = placeholder

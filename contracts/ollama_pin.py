"""The Ollama release that FlowLlama installs when no setting names another.

The digests are those of the archives `ollama-linux-{amd64,arm64}.tar.zst` of the release on GitHub. They were read
from independent public copies, which agree: for amd64 a Homebrew tap's formula, the pin of an image builder and
an acceptance record that also gives the size (1,421,653,242 bytes); for arm64 the first two. The archive itself
was not downloaded here. Compare both with the release's own `sha256sum.txt` when the version is raised.
"""

from contracts.vocabulary import Arch

VERSION = "0.32.9"
SHA256 = {
    Arch.X86_64: "5d747a43369f61e38f20b5a39fcc5c90647e562cdc61e2e56034f1c5b113d540",
    Arch.ARM64: "79617139521db251c716d6229505d7530171ff4d68e476d0c22dabc15726a237",
}

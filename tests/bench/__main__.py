"""`make bench`: times what we promise, each part beside a baseline in the same run.

`B="choose http"` picks parts,
`B=selection` all that belongs to the choice. Prints medians and ratios, because two noisy cores make single figures worthless. Exit status 1 when a promise
is broken, 2 for a part that there is not.
"""

import sys
from collections.abc import Callable, Sequence

from tests.bench import deployment, synth
from tests.bench.http import part as http
from tests.bench.report import Promise, conclude
from tests.bench.selection import choose, growth, index

PARTS: dict[str, Callable[[], list[Promise]]] = {
    "choose": choose.run,
    "index": index.run,
    "growth": growth.run,
    "http": http.run,
    "synth": synth.run,
    "deployment": deployment.run,
}
GROUPS = {"selection": ("choose", "index", "growth", "http")}


def main(names: Sequence[str]) -> int:
    wanted = [part for name in names or PARTS for part in GROUPS.get(name, (name,))]
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        known = " ".join([*GROUPS, *PARTS])
        print(f"no such part: {' '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 2
    return conclude([promise for name in wanted for promise in PARTS[name]()])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

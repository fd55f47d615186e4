"""The phases an instance goes through between power-on and its first answer."""

from dataclasses import dataclass

# (phase, share of the whole boot); the model's download takes longest, as it does on a real machine.
_SHARES = (("booting", 0.15), ("installing", 0.20), ("pulling", 0.45), ("loading", 0.20))
_SHARES_WITH_GPU = (
    ("booting", 0.10),
    ("drivers", 0.20),
    ("installing", 0.10),
    ("pulling", 0.45),
    ("loading", 0.15),
)


@dataclass(frozen=True)
class BootState:
    """`progress_pct` is known while the model is pulled, and 100 when all is ready."""

    phase: str
    progress_pct: int | None = None

    @property
    def listening(self) -> bool:
        """The front door opens as soon as the operating system is up; only the model takes longer."""
        return self.phase != "booting"

    @property
    def serving(self) -> bool:
        """Ollama itself is up: it answers, though it has no model yet while one is pulled."""
        return self.phase in {"pulling", "loading", "ready"}

    @property
    def has_model(self) -> bool:
        return self.phase in {"loading", "ready"}


def boot_state(elapsed_s: float, boot_s: float, *, has_gpu: bool) -> BootState:
    """Where the boot stands after `elapsed_s` of `boot_s` seconds."""
    begins = 0.0
    for phase, share in _SHARES_WITH_GPU if has_gpu else _SHARES:
        lasts = share * boot_s
        if elapsed_s < begins + lasts:
            done = int(100 * (elapsed_s - begins) / lasts)
            return BootState(phase, done if phase == "pulling" else None)
        begins += lasts
    return BootState("ready", 100)

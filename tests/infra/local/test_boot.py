"""The phases of a boot, by time since power-on."""

import pytest

from infra.local.cloud.boot import BootState, boot_state


@pytest.mark.parametrize(
    ("elapsed_s", "expected"),
    [
        (0.0, BootState("booting")),
        (1.5, BootState("installing")),
        (3.5, BootState("pulling", 0)),
        (7.9, BootState("pulling", 97)),
        (8.5, BootState("loading")),
        (10.0, BootState("ready", 100)),
    ],
)
def test_a_boot_of_ten_seconds_goes_through_every_phase(elapsed_s: float, expected: BootState) -> None:
    assert boot_state(elapsed_s, 10, has_gpu=False) == expected


def test_a_machine_with_a_gpu_installs_drivers_first() -> None:
    assert boot_state(2, 10, has_gpu=True).phase == "drivers"


def test_a_boot_without_delay_is_ready_at_once() -> None:
    assert boot_state(0, 0, has_gpu=True).phase == "ready"


def test_the_door_opens_before_ollama_is_up_and_ollama_before_it_has_the_model() -> None:
    booting, installing, pulling, loading = (boot_state(s, 10, has_gpu=False) for s in (0, 2, 5, 9))

    assert [state.listening for state in (booting, installing, pulling, loading)] == [False, True, True, True]
    assert [state.serving for state in (booting, installing, pulling, loading)] == [False, False, True, True]
    assert [state.has_model for state in (booting, installing, pulling, loading)] == [
        False,
        False,
        False,
        True,
    ]

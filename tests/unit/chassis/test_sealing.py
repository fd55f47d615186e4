"""What is sealed opens with the keys in force, old ones too, and with nothing else."""

import re

import pytest
from cryptography.fernet import Fernet

from services.chassis.errors import RejectError
from services.chassis.sealing import Sealer, new_instance_token, verifier

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


def test_a_sealed_secret_opens_and_shows_nothing() -> None:
    sealed = Sealer([OLD]).seal("hunter2")

    assert "hunter2" not in sealed
    assert Sealer([OLD]).open(sealed) == "hunter2"
    assert Sealer([OLD]).seal("hunter2") != sealed


def test_keys_rotate_by_putting_the_new_one_first() -> None:
    sealed_before = Sealer([OLD]).seal("secret")
    rotated = Sealer([NEW, OLD])

    assert rotated.open(sealed_before) == "secret"
    assert Sealer([NEW]).open(rotated.seal("secret")) == "secret"
    with pytest.raises(RejectError):
        Sealer([NEW]).open(sealed_before)


@pytest.mark.parametrize(
    "sealed",
    ["", "nonsense", Sealer([FOREIGN]).seal("x"), "ü", Sealer([OLD]).seal("x")[:-4]],
    ids=["nothing", "no token", "another's", "no ASCII", "cut off"],
)
def test_anything_else_is_rejected_without_its_content(sealed: str) -> None:
    with pytest.raises(RejectError) as refused:
        Sealer([OLD]).open(sealed)

    assert not sealed or sealed not in str(refused.value)


def test_an_instance_token_has_256_bits_and_a_verifier_that_is_no_secret() -> None:
    token = new_instance_token()

    assert re.fullmatch(r"fll_[A-Za-z0-9_-]{43}", token)
    assert token != new_instance_token()
    assert re.fullmatch(r"[0-9a-f]{64}", verifier(token))

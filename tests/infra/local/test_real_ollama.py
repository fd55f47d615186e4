"""Where the machine has the `ollama` program, it answers behind the same doors."""

import os
import shutil
from pathlib import Path

import pytest

from tests.infra.local.builders import USER_TOKEN
from tests.infra.local.cloud_client import ask
from tests.infra.local.conftest import cloud_process

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


def test_the_real_program_pulls_the_model_and_answers_without_seeing_the_token(tmp_path: Path) -> None:
    program = tmp_path / "ollama"
    shutil.copy(Path(__file__).with_name("fake_ollama.py"), program)
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    with cloud_process(tmp_path, "127.82", "127.182", PATH=path) as cloud:
        instance = cloud.ready()

        assert ask(instance, "GET", "/api/tags").json()["models"][0]["digest"] == "real"
        assert ask(instance, "POST", "/api/generate", json={"model": "x"}).json() == {
            "response": "real words",
            "saw_token": False,
        }
        assert ask(instance, "POST", "/api/pull", token=USER_TOKEN).status_code == 403

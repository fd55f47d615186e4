"""What a stack has on every cloud: the state backend and outputs under their plain names."""

from typing import Any

from cdktf import GcsBackend, S3Backend, TerraformOutput, TerraformStack
from constructs import Construct

from contracts.stack_model import Backend


class Stack(TerraformStack):
    def __init__(self, scope: Construct, name: str, backend: Backend) -> None:
        super().__init__(scope, name)
        if backend.kind == "gcs":
            # Terraform adds the workspace's name and the ending: PREFIX/default.tfstate. It locks by itself.
            GcsBackend(self, bucket=backend.bucket, prefix=backend.key.removesuffix(".tfstate"))
        else:
            self._keep_state_in_s3(backend)

    def publish(self, **outputs: Any) -> None:
        """Outputs under exactly these names. Left out is what has no value, as Terraform does with null.

        Right below the stack an id is the name as it stands; setting it in a second call costs a way to Node each.
        """
        for name, value in outputs.items():
            if value is not None:
                TerraformOutput(self, name, value=value)

    def _keep_state_in_s3(self, backend: Backend) -> None:
        state = S3Backend(
            self,
            bucket=backend.bucket,
            key=backend.key,
            region=backend.region,
            encrypt=True,
            use_path_style=backend.path_style or None,
        )
        # The 0.21 binding is older than the S3 lock file and has no argument for it.
        state.add_override("use_lockfile", True)

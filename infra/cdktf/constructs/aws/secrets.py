"""The services' secrets: names and a key, no values. An operator fills them in, so that none is in Terraform's state."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from constructs import Construct

from infra.cdktf.accepted import accept

WAITING_DAYS = 30


@dataclass(frozen=True)
class SecretsProps:
    """`names` maps a setting to what its secret is called. Without a key AWS encrypts with its own."""

    name: str
    names: Mapping[str, str]
    key_arn: str | None


class Secrets(Construct):
    """`arns` and `names` are by setting."""

    def __init__(self, scope: Construct, id_: str, props: SecretsProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        made = {setting: self._secret(setting, name) for setting, name in props.names.items()}
        self.arns = {setting: secret.arn for setting, secret in made.items()}
        self.names = {setting: secret.name for setting, secret in made.items()}

    def _secret(self, setting: str, name: str) -> SecretsmanagerSecret:
        secret = SecretsmanagerSecret(
            self,
            name,
            name=f"{self._props.name}/{name}",
            description=f"{setting} of FlowLlama's services; filled in by the operator",
            kms_key_id=self._props.key_arn,
            recovery_window_in_days=WAITING_DAYS,
        )
        accept(
            secret,
            CKV2_AWS_57="Nobody but its operator can renew a key of ours; the page on AWS says how each is replaced.",
        )
        return secret

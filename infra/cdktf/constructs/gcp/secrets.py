"""The services' secrets: names and a key, no values. An operator fills them in, so that none is in Terraform's state."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.secret_manager_secret import (
    SecretManagerSecret,
    SecretManagerSecretReplication,
    SecretManagerSecretReplicationUserManaged,
    SecretManagerSecretReplicationUserManagedReplicas,
    SecretManagerSecretReplicationUserManagedReplicasCustomerManagedEncryption,
)
from constructs import Construct

WAITING_DAYS = 30


@dataclass(frozen=True)
class SecretsProps:
    """`names` maps a setting to what its secret is called. Without a key Google encrypts with its own."""

    name: str
    names: Mapping[str, str]
    region: str
    key_id: str | None


class Secrets(Construct):
    """`ids` and `names` are by setting."""

    def __init__(self, scope: Construct, id_: str, props: SecretsProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        made = {setting: self._secret(name) for setting, name in props.names.items()}
        self.ids = {setting: secret.id for setting, secret in made.items()}
        self.names = {setting: secret.secret_id for setting, secret in made.items()}

    def _secret(self, name: str) -> SecretManagerSecret:
        return SecretManagerSecret(
            self,
            name,
            secret_id=f"{self._props.name}-{name}",
            replication=SecretManagerSecretReplication(user_managed=self._in_the_region()),
            # A version that somebody destroys is only switched off at first.
            version_destroy_ttl=f"{WAITING_DAYS * 24 * 3600}s",
            # A whole secret would be gone at once, and with the sealing keys all that they sealed.
            deletion_protection=True,
        )

    def _in_the_region(self) -> SecretManagerSecretReplicationUserManaged:
        key = self._props.key_id
        encryption = (
            SecretManagerSecretReplicationUserManagedReplicasCustomerManagedEncryption(kms_key_name=key)
            if key
            else None
        )
        return SecretManagerSecretReplicationUserManaged(
            replicas=[
                SecretManagerSecretReplicationUserManagedReplicas(
                    location=self._props.region, customer_managed_encryption=encryption
                )
            ]
        )

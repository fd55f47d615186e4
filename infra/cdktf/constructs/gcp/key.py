"""A KMS key of the operator's own: rotated four times a year, with thirty days to think again after a destroy.

Google never lets go of the names of a key ring and its keys: after a destroy they have to be imported, or named anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.kms_crypto_key import KmsCryptoKey
from cdktf_cdktf_provider_google.kms_crypto_key_iam_member import KmsCryptoKeyIamMember
from cdktf_cdktf_provider_google.kms_key_ring import KmsKeyRing
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept

_DAY_S = 24 * 3600
ROTATION_DAYS, WAITING_DAYS = 90, 30
USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@dataclass(frozen=True)
class CustomerKeyProps:
    """`location` is where the encrypted things are. `users` are members by what they are to this stack."""

    name: str
    location: str
    users: Mapping[str, str]


class CustomerKey(Construct):
    """`for_user` has the key's id by user. Whoever refers to it waits for the grant, without which Google refuses."""

    def __init__(self, scope: Construct, id_: str, props: CustomerKeyProps) -> None:
        super().__init__(scope, id_)
        ring = KmsKeyRing(self, ids.KEY_RING, name=props.name, location=props.location)
        key = KmsCryptoKey(
            self,
            ids.KEY,
            name=props.name,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{ROTATION_DAYS * _DAY_S}s",
            destroy_scheduled_duration=f"{WAITING_DAYS * _DAY_S}s",
        )
        accept(
            key,
            CKV_GCP_82="A destroy gives thirty days to think again, and a platform can be taken down whole.",
        )
        self.id = key.id
        self.for_user = {user: self._admit(user, key.id, member) for user, member in props.users.items()}

    def _admit(self, user: str, key_id: str, member: str) -> str:
        grant = KmsCryptoKeyIamMember(
            self, f"{ids.KEY_USER}-{user}", crypto_key_id=key_id, role=USE, member=member
        )
        return grant.crypto_key_id

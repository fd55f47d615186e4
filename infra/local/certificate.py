"""The root of local balancers, and the certificate that their listeners name, known to the cloud emulator's ACM.

Only its ARN matters here. What a local balancer presents is made for the address that is called.
"""

from pathlib import Path
from typing import Any

import trustme

DOMAIN = "balancers.flowllama.example"


def read_root(path: Path | None) -> trustme.CA:
    """Key and certificate in one file; without a file a root that nobody else knows."""
    if path is None:
        return trustme.CA()
    pem = path.read_bytes()
    return trustme.CA.from_pem(pem, pem)


def ensure(client: Any, root: trustme.CA) -> str:
    """Its ARN; `client` is ACM's. It is imported once for each life of the emulator."""
    for known in client.list_certificates()["CertificateSummaryList"]:
        if known["DomainName"] == DOMAIN:
            return str(known["CertificateArn"])
    issued = root.issue_cert(DOMAIN, common_name=DOMAIN)
    imported = client.import_certificate(
        Certificate=issued.cert_chain_pems[0].bytes(),
        PrivateKey=issued.private_key_pem.bytes(),
        CertificateChain=root.cert_pem.bytes(),
    )
    return str(imported["CertificateArn"])

"""Machines speak by TLS, with certificates on both sides: whoever has none is nobody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tests.conftest import NewDatabase
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.live import command
from tests.performed import clustered_shop
from tests.remembered import ANEW

pytestmark = [pytest.mark.external, pytest.mark.long]
IN_DASK = "DASK_DISTRIBUTED__COMM__TLS__"


def self_signed(folder: Path) -> dict[str, str]:
    """Make a certificate that is its own authority; return the variables that name it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    sides = ("SCHEDULER", "WORKER", "CLIENT")
    return {
        f"{IN_DASK}CA_FILE": str(certificate),
        **{f"{IN_DASK}{side}__CERT": str(certificate) for side in sides},
        **{f"{IN_DASK}{side}__KEY": str(private) for side in sides},
    }


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return self_signed(tmp_path)


@pytest.fixture
def cluster(variables: dict[str, str]) -> Iterator[DaskCluster]:
    with dask_cluster(variables) as started:
        yield started


def test_a_command_spreads_its_run_by_tls(
    new_postgres: NewDatabase, cluster: DaskCluster, variables: dict[str, str], tmp_path: Path
) -> None:
    url = new_postgres(clustered_shop)
    assert cluster.address.startswith("tls://")
    cluster.work(url, variables)
    spread = {"DASK_SCHEDULER_ADDRESS": cluster.address}
    asked = ("cluster", "--as-of", "2024-06-01", "--publish", "always")
    done = command(url, tmp_path, *asked, variables={**variables, **spread, **ANEW})
    assert done.returncode == 0, done.stderr
    told = (cluster.folder / "scheduler.log").read_text()
    assert "Receive client connection" in told
    refused = command(url, tmp_path, *asked, variables=spread)
    assert refused.returncode == 1
    assert "which does not answer, or not to who has no certificate" in refused.stderr

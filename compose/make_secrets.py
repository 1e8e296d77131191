"""Makes every secret that the compose files mount, each in a file of `compose/secrets`.

Run it once, where Tradex is installed: `python compose/make_secrets.py`. What is there already is
left as it is, so that it may be run again. Rings of keys, a folder each, are replaced by
`tradex keys rotate` while everything runs; to replace another secret, delete its file first.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from apps.cli.rights import PRINCIPALS

FOLDER = Path(__file__).parent / "secrets"
POSTGRES_DATABASES = ("auth", "orders", "gateway")
KAFKA_USERS = (*PRINCIPALS, "admin", "broker")


def main() -> None:
    """Make what is missing, and say what was made."""
    # The folder keeps others on this machine out; a container's user must read the files in it.
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    for name in ("actor", "gateway"):
        write_ring(name, lambda: secrets.token_urlsafe(32))
    write_ring("jwt", lambda: AccessTokenKeys.generate().to_text())
    make_sealing_keys()
    make_certificates()
    for user in KAFKA_USERS:
        write(f"kafka_{user}_password", password)
    for database in POSTGRES_DATABASES:
        make_postgres(database)
    write("catalog_root_password", password)
    write(
        "catalog_database_url",
        lambda: f"mongodb://tradex_catalog:{read_or_make('catalog_password')}@catalog-db/catalog",
    )


def make_sealing_keys() -> None:
    """Make the pair that passwords are sealed with: the private half is auth's alone."""
    if not (FOLDER / "sealing" / "ring").exists():
        pair = generate_key_pair()
        write_ring("sealing", lambda: pair.private)
        write_ring("sealing-public", lambda: pair.public)


def make_certificates() -> None:
    """Make a certificate for the edge, where browsers want another one, and one for Kafka."""
    if not (FOLDER / "tls_key").exists():
        certificate, key = make_certificate("localhost")
        write("tls_certificate", lambda: certificate)
        write("tls_key", lambda: key)
    if not (FOLDER / "kafka_certificate").exists():
        certificate, key = make_certificate("kafka")
        write("kafka_certificate_with_key", lambda: key + certificate)
        write("kafka_certificate", lambda: certificate)


def make_certificate(host: str) -> tuple[str, str]:
    """Make a certificate for a name and its key, as PEM; who is to believe it must be given it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.DNSName(host)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(pem).decode(), private.decode()


def make_postgres(database: str) -> None:
    """Make the URLs of a database: its owner's, for set-up, and the app's."""
    for role, user in (("owner", f"{database}_owner"), ("app", f"tradex_{database}")):
        suffix = "_owner" if role == "owner" else ""
        secret = read_or_make(f"{database}{suffix}_password")
        url = f"postgresql://{user}:{secret}@{database}-db/{database}"
        write(f"{database}{suffix}_database_url", lambda url=url: url)  # type: ignore[misc]


def read_or_make(name: str) -> str:
    """Return a password, which is made where there is none."""
    write(name, password)
    return (FOLDER / name).read_text()


def password() -> str:
    """Return a new password of letters and digits, which a URL holds as they are."""
    return secrets.token_hex(24)


def write_ring(name: str, make: Callable[[], str]) -> None:
    """Write a new ring of keys in a folder of its own, but where there is one."""
    (FOLDER / name).mkdir(exist_ok=True)
    (FOLDER / name).chmod(0o755)
    write(f"{name}/ring", make)


def write(name: str, make: Callable[[], str]) -> None:
    """Write a new secret, but where there is one."""
    file = FOLDER / name
    if not file.exists():
        file.write_text(make())
        file.chmod(0o644)
        print(f"made {file}")  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()

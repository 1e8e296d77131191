"""Makes every secret that the compose files mount, each in a file of `compose/secrets`.

Run it once, where Tradex is installed: `python compose/make_secrets.py`. What is there already is
left as it is, so that it may be run again. Rings of keys, a folder each, are replaced by
`tradex keys rotate` while everything runs; to replace another secret, delete its file first.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys

FOLDER = Path(__file__).parent / "secrets"
POSTGRES_DATABASES = ("auth", "orders", "gateway")


def main() -> None:
    """Make what is missing, and say what was made."""
    # The folder keeps others on this machine out; a container's user must read the files in it.
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    for name in ("actor", "gateway"):
        write_ring(name, lambda: secrets.token_urlsafe(32))
    write_ring("jwt", lambda: AccessTokenKeys.generate().to_text())
    make_sealing_keys()
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

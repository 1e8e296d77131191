"""Where settings are read from beside the environment: a `.env` file, and a file a secret."""

from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream


def read_dotenv(path: Path | None, problems: list[str]) -> dict[str, str | None]:
    """Return what a `.env` file sets, nothing where there is none; the environment stays as it is.

    What cannot be read is added to the problems, without showing it.
    """
    if path is None or not path.is_file():
        return {}
    try:
        bindings = list(parse_stream(StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: it cannot be read ({_reason(error)}); save it as UTF-8 text")
        return {}
    problems += [
        f"{path}: line {binding.original.line} cannot be read; write NAME=value"
        for binding in bindings
        if binding.error
    ]
    return {binding.key: binding.value for binding in bindings if binding.key is not None}


def read_secret_file(path: str) -> str:
    """Return what a secret's file holds, without the newline at its end.

    Raises ValueError, without the path: it may be the secret itself, set under the wrong name.
    """
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the file that it names cannot be read ({_reason(error)})"
        raise ValueError(msg) from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)

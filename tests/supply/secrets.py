"""Looks for secrets in every line that was ever committed, but for what is known to be none."""

import subprocess
from collections.abc import Iterator
from typing import Final

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings
from tests.docs.pages import ROOT

_KINDS: Final = (
    *("ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector"),
    *("CloudantDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector"),
    *("MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector"),
    *("PypiTokenDetector", "SendGridDetector", "SlackDetector", "StripeDetector"),
    "TwilioKeyDetector",
)
"""Secrets that can be told by their form; entropy alone finds digests and nothing else here."""
_NONE: Final = frozenset({"hidden", "hunter2", "password", "secret"})
"""What stands for a password in the URLs of examples and tests."""
_EXAMPLES: Final = "src/apps/gateway/openapi_examples.py"
"""Where a token is made up, and looks like one."""


def faults() -> Iterator[str]:
    """Yield where something that looks like a secret was committed, and of which kind it is."""
    log = ("git", "log", "--all", "--patch", "--unified=0", "--no-color", "--", ".", ":!*.lock")
    history = subprocess.run(log, cwd=ROOT, capture_output=True, check=True).stdout
    settings = {"plugins_used": [{"name": kind} for kind in _KINDS]}
    with transient_settings(settings):
        for file, line in dict.fromkeys(_added(history.decode(errors="replace"))):
            for found in scan_line(line):
                if found.secret_value not in _NONE and file != _EXAMPLES:
                    yield f"{file}: {found.type}, in {line[:40]!r}"


def _added(history: str) -> Iterator[tuple[str, str]]:
    """Return each line that was ever added, and its file."""
    file = ""
    for line in history.splitlines():
        if line.startswith("+++ b/"):
            file = line.removeprefix("+++ b/")
        elif line.startswith("+"):
            yield file, line[1:]

"""`python -m apps.cli` is `tradex`."""

from apps.cli.main import main

main()

from pathlib import Path

import pytest

# The suites are no test modules by name, and their assertions are to explain themselves too.
pytest.register_assert_rewrite(
    *(
        f"tests.contracts.{path.stem}"
        for path in sorted((Path(__file__).parent / "contracts").glob("*.py"))
        if not path.stem.startswith("test_")
    )
)

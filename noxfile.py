"""The checks and the programs, one session a question; `nox --list` tells which."""

from pathlib import Path

import nox

nox.needs_version = ">=2026.8.10"
nox.options.default_venv_backend = "virtualenv"
nox.options.allow_parallel = True
nox.options.sessions = [
    *("lint", "services", "tests", "types", "imports"),
    *("core", "images", "docs", "demo"),
]

REQUIREMENTS = Path("requirements")
DRIVERS = ("--extra=kafka", "--extra=mongo", "--extra=postgres", "--extra=telemetry")
IN_EVERY_IMAGE = ("--extra=kafka", "--extra=telemetry")
LOCKS = {
    "runtime": ("pyproject.toml",),
    "build": ("--group=build",),
    "core": ("--group=core",),
    "docs": ("pyproject.toml", "--group=docs"),
    "image-mongo": ("pyproject.toml", *IN_EVERY_IMAGE, "--extra=mongo"),
    "image-postgres": ("pyproject.toml", *IN_EVERY_IMAGE, "--extra=postgres"),
    "imports": ("--group=imports",),
    "lint": ("--group=lint",),
    "secantusdb": ("--group=secantusdb",),
    "shipped": ("pyproject.toml", "--extra=all"),
    "supply": ("--group=supply",),
    "services": ("pyproject.toml", *DRIVERS, "--group=tests"),
    "tests": ("pyproject.toml", "--group=tests"),
    "types": ("pyproject.toml", *DRIVERS, "--group=types"),
}
"""What is in each lock. All are cut from `all`, so that a package has one version everywhere."""
APART = ("secantusdb",)
"""The groups that are programs to run, not packages to import: no environment has them as well."""

NEED_DRIVERS = (
    *("tests/adapters/kafka", "tests/adapters/postgres", "tests/adapters/telemetry"),
    "tests/services",
)
"""The tests that need the extras of the package, most of them the servers too."""

BETTER_WITH_DRIVERS = (
    "tests/apps/cli/test_databases.py",
    "tests/apps/cli/test_run.py",
    "tests/apps/runtime/test_containers.py",
    "tests/journeys/test_canary.py",
    "tests/journeys/test_traces.py",
)
"""The tests that are skipped in part where the extras are not installed."""

COOL_DOWN = "7 days"
UV = "uv==0.13.9"

WORKERS = 2
"""How many tests run at a time: two cores are enough, since many of them wait."""
WORKERS_ON_SERVERS = 3
"""How many tests on real servers do: each of these may have ten processes of its own."""

TIME_TO_STOP = {"interrupt_timeout": 60, "terminate_timeout": 20}
"""How many seconds Ctrl-C leaves to a session that has servers to stop."""

IMPORT_EVERYTHING = """
import importlib, pkgutil, tradex_core, adapters.memory
for package in (tradex_core, adapters.memory):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""


def install(session: nox.Session, *locks: str) -> None:
    """Install exactly what these locks name, each file checked against its hash.

    What is imported is compiled then, which is far less than what is installed.
    """
    files = [f"--requirement={REQUIREMENTS / lock}.lock" for lock in locks]
    session.install("--require-hashes", "--only-binary=:all:", "--no-compile", *files)


def install_with_tradex(session: nox.Session, lock: str) -> None:
    """Install a lock and Tradex itself; fails where the lock lacks what Tradex asks for."""
    install(session, "build", lock)
    session.install("--no-build-isolation", "--no-deps", ".")
    session.run("python", "-m", "pip", "check", silent=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Is the code written as agreed? (ruff)."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Do the types hold, in the tests too? (mypy, strict)."""
    install(session, "types")
    session.run("mypy", *session.posargs)


@nox.session
def imports(session: nox.Session) -> None:
    """Does each layer import only what it may? (import-linter)."""
    install(session, "imports")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": "src"})


@nox.session
def core(session: nox.Session) -> None:
    """Do the core and the in-memory adapters work with msgspec alone?"""
    install(session, "core")
    session.run("python", "-c", IMPORT_EVERYTHING, env={"PYTHONPATH": "src"})
    suites = [suite for suite in ("tests/core", "tests/contracts") if Path(suite).exists()]
    session.run("pytest", "--ignore-glob=*/tests/contracts/*security*", *suites, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Does everything do what is promised? Arguments go to pytest."""
    install_with_tradex(session, "tests")
    apart = (f"--ignore={folder}" for folder in ("tests/docs", "tests/images", *NEED_DRIVERS))
    session.run("pytest", *(session.posargs or (f"--numprocesses={WORKERS}", *apart)))


@nox.session
def services(session: nox.Session) -> None:
    """Do the adapters and the apps keep their promises on real servers? Arguments go to pytest."""
    install_with_tradex(session, "services")
    arguments = session.posargs or (
        *(f"--numprocesses={WORKERS_ON_SERVERS}", "--dist=loadfile", "--no-loadscope-reorder"),
        *(*NEED_DRIVERS, *BETTER_WITH_DRIVERS),
    )
    session.run("pytest", *arguments, **TIME_TO_STOP)


@nox.session
def faults(session: nox.Session) -> None:
    """Do the promises hold though processes die? `-- --seed 7 --minutes 60` for a longer run."""
    install_with_tradex(session, "services")
    session.run("python", "-m", "tests.services.faults", *session.posargs, **TIME_TO_STOP)


@nox.session
def observability(session: nox.Session) -> None:
    """Do operators see what happens? `-- --write-docs` writes it down; `services` asks too."""
    install_with_tradex(session, "services")
    session.run("python", "-m", "tests.services.observability", *session.posargs, **TIME_TO_STOP)


@nox.session
def images(session: nox.Session) -> None:
    """Is each app's image what it should be, and do the compose files hold? (Compose, buildah)."""
    install_with_tradex(session, "tests")
    session.run("pytest", "tests/images", *session.posargs)


@nox.session
def supply(session: nox.Session) -> None:
    """Do we know what we ship? `-- --write` writes the list of licences anew."""
    install(session, "supply")
    shipped = Path(session.create_tmp()) / "shipped"
    session.run("python", "-m", "venv", "--clear", shipped)
    python = shipped / "bin" / "python"
    hashed = ("--require-hashes", "--only-binary=:all:")
    lock = f"--requirement={REQUIREMENTS / 'shipped.lock'}"
    session.run(python, "-m", "pip", "install", "--quiet", *hashed, lock, external=True)
    session.run("python", "-m", "tests.supply", python, *session.posargs)
    workflows = ("--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml")
    session.run("check-jsonschema", *workflows)


@nox.session
def docs(session: nox.Session) -> None:
    """Does the documentation become a site without a warning, and does all that it shows run?"""
    install_with_tradex(session, "docs")
    session.run(
        *("python", "-m", "sphinx", "--quiet", "--fresh-env", "--fail-on-warning", "--keep-going"),
        *("--conf-dir=docs/site", f"--doctree-dir={session.create_tmp()}", ".", "build/site"),
    )
    session.run(
        *("pytest", f"--numprocesses={WORKERS}", "--dist=worksteal", "tests/docs"),
        *session.posargs,
    )


@nox.session
def simulate(session: nox.Session) -> None:
    """Do the promises hold whatever goes wrong? `-- --seeds 10000`, or `-- --seed 42` for one."""
    install_with_tradex(session, "tests")
    session.run("python", "-m", "tests.simulation", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """How fast is it, each figure against something in the same run? Arguments go to the bench."""
    install_with_tradex(session, "services")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Sell 830 real orders through the API and balance the books; arguments go to `tradex demo`."""
    run_tradex(session, "demo")


@nox.session
def up(session: nox.Session) -> None:
    """Run the whole platform in one process; arguments go to `tradex up`."""
    run_tradex(session, "up")


@nox.session
def stack(session: nox.Session) -> None:
    """Run the servers and every app, each a process of its own; `-- --help` tells the options."""
    install_with_tradex(session, "services")
    session.run("python", "-m", "tests.services.stack", *session.posargs, **TIME_TO_STOP)


def run_tradex(session: nox.Session, command: str) -> None:
    """Run a command of Tradex as its users install it; Ctrl-C leaves it time to drain."""
    install_with_tradex(session, "runtime")
    session.run("tradex", command, *session.posargs, interrupt_timeout=10, terminate_timeout=5)


@nox.session
def lock(session: nox.Session) -> None:
    """Lock the dependencies anew; `-- --upgrade` takes the newest that are a week old."""
    session.install(UV)
    everything = REQUIREMENTS / "all.lock"
    compile_lock(session, everything, "pyproject.toml", "--all-extras", *all_groups())
    for name, sources in LOCKS.items():
        target = REQUIREMENTS / f"{name}.lock"
        target.unlink(missing_ok=True)
        compile_lock(session, target, *sources, f"--constraints={everything}")


def all_groups() -> list[str]:
    """Name every dependency group that is not apart, as uv wants them named."""
    groups = nox.project.load_toml("pyproject.toml")["dependency-groups"]
    return [f"--group={group}" for group in groups if group not in APART]


def compile_lock(session: nox.Session, target: Path, *sources: str) -> None:
    """Write a lock for every platform, with hashes and without the address of an index."""
    session.run(
        *("uv", "pip", "compile", "--no-config", "--quiet"),
        *("--universal", "--python-version=3.11"),
        *("--generate-hashes", "--no-emit-index-url", "--no-annotate"),
        *("--custom-compile-command=nox -s lock", f"--exclude-newer={COOL_DOWN}"),
        *(*sources, f"--output-file={target}", *session.posargs),
    )

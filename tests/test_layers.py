"""Arrows of the design: who may import whom, who reads the environment, and what `--help` must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from factory import ROOT

LIBRARY = sorted((ROOT / "riskscore").rglob("*.py"))
SERVICE = sorted((ROOT / "service").rglob("*.py"))

# Lowest first: a module of the library imports only modules of its own line and of lower ones.
LAYERS = (
    ("errors", "schema", "folding", "concepts", "known", "typed"),
    ("places", "yaml_files", "mapping", "keys", "table_files"),
    ("address_rules", "trade_rules", "business_numbers", "misspellings", "phrases"),
    ("lexicon_files",),
    ("lexicon",),
    ("lexicon_cache", "goods_bands"),
    ("reference", "parties", "manipulation", "text_matches", "text_weighing", "goods_text"),
    ("normalise",),
    ("formats", "features", "declaration"),
    ("conditions",),
    ("judging",),
    ("sops",),
    ("scorecard",),
    ("points", "wording"),
    ("evidence", "model_card"),
    ("ledger",),
    ("assess",),
    ("report_card",),
    ("report",),
    ("summary",),
    ("batch", "checks", "terminal", "documents", "model_show", "training"),
    ("cli_options",),
    ("cli_models",),
    ("cli",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FRAMEWORKS = {
    "fastapi",
    "starlette",
    "uvicorn",
    "flask",
    "django",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "sqlite3",
    "httpx",
    "requests",
    "aiohttp",
}


def code(path: Path) -> Iterator[ast.AST]:
    """All nodes of a module but those that only type checkers read."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        yield node
        typing_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        waiting += node.orelse if typing_only else ast.iter_child_nodes(node)


def imports(path: Path) -> set[str]:
    """Dotted names of all that a module imports, also inside functions."""
    names: set[str] = set()
    for node in code(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def imports_at_load(path: Path) -> set[str]:
    """Top-level packages that loading a module needs (not those inside functions or for type checking)."""
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def name_of(path: Path) -> str:
    """Module of the library by its first name: formats/csv.py is `formats`."""
    return path.relative_to(ROOT / "riskscore").parts[0].removesuffix(".py")


def library_imports(path: Path) -> set[str]:
    found = {n.split(".")[1] for n in imports(path) if n.startswith("riskscore.") and n != "riskscore.__version__"}
    return found - {"__version__"}


def reads_environment(path: Path) -> bool:
    for node in code(path):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv"):
            return True
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        ):
            return True
    return False


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows_point_down(path: Path) -> None:
    own = name_of(path)
    if own == "__init__":
        assert not library_imports(path)
        return
    assert own in LEVEL, f"say in LAYERS where {own} belongs"
    for other in library_imports(path) - {own}:
        assert other in LEVEL, f"say in LAYERS where {other} belongs"
        assert LEVEL[other] <= LEVEL[own], f"{own} must not import {other}"


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_knows_no_service_no_framework_and_no_environment(path: Path) -> None:
    found = {n.split(".")[0] for n in imports(path)}
    if name_of(path) != "cli":
        assert "service" not in found
        assert not found & FRAMEWORKS
    else:
        assert not {n.split(".")[0] for n in imports_at_load(path)} & {"service", *FRAMEWORKS}, "only inside a command"
    assert not reads_environment(path)


GROUND = ("normalise", "schema", "errors", "keys", "folding", "known")


@pytest.mark.parametrize("path", [p for p in LIBRARY if name_of(p) in GROUND], ids=lambda p: p.name)
def test_the_ground_stands_on_itself(path: Path) -> None:
    assert library_imports(path) <= {*GROUND, "reference"}


@pytest.mark.parametrize("path", [p for p in LIBRARY if name_of(p) == "formats"], ids=lambda p: p.name)
def test_formats_know_no_rules(path: Path) -> None:
    rules = {
        "assess",
        "ledger",
        "sops",
        "scorecard",
        "evidence",
        "conditions",
        "features",
        "lexicon",
        "goods_text",
        "batch",
        "declaration",
    }
    assert not library_imports(path) & rules


@pytest.mark.parametrize("path", SERVICE, ids=lambda p: p.name)
def test_the_service_decides_nothing_about_risk(path: Path) -> None:
    assert library_imports(path) <= {"assess", "declaration", "schema", "sops", "errors", "places", "model_card"}
    assert not {n.split(".")[0] for n in imports(path)} & {"numpy", "polars", "pyarrow", "re2", "ahocorasick_rs"}


@pytest.mark.parametrize("path", SERVICE, ids=lambda p: p.name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    assert reads_environment(path) == (path.name == "settings.py")


@pytest.mark.parametrize("path", SERVICE, ids=lambda p: p.name)
def test_arrows_of_the_service(path: Path) -> None:
    own = {n.split(".")[1] for n in imports(path) if n.startswith("service.")} - {path.stem}
    if path.stem != "app":
        assert "app" not in own, "only the composition root knows everybody"
    if path.stem in ("settings", "answers", "problems"):
        assert not own & {"api", "app"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"], ["--version"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom riskscore.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sorted({n.split('.')[0] for n in sys.modules}))"
    )
    answer = run("-c", program).stdout
    loaded = set(answer.split("LOADED")[1].split())
    assert "click" in loaded
    heavy = (
        "polars numpy pydantic pydantic_core pyarrow yaml orjson rich jinja2 fastapi uvicorn re2 ahocorasick_rs service"
    )
    assert not loaded & {*heavy.split(), "charset_normalizer", "fastexcel", "phonenumbers"}


def test_the_heart_loads_no_framework() -> None:
    program = "import sys, riskscore.assess, riskscore.batch\nprint(*sorted({n.split('.')[0] for n in sys.modules}))"
    loaded = set(run("-c", program).stdout.split())
    assert "polars" in loaded
    assert not loaded & (FRAMEWORKS - {"sqlite3"})
    assert "service" not in loaded

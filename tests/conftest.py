"""What all tests share: the engine as committed, loaded once, and the example parcels assessed once."""

from __future__ import annotations

import os

import pytest
from factory import AS_OF, Record, manifest, manifest_records, the_engine
from hypothesis import HealthCheck, settings

from riskscore.assess import Assessed, Engine, assess
from riskscore.reference import Reference
from riskscore.schema import Tables, tables_from_records

settings.register_profile(
    "quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return the_engine()


@pytest.fixture(scope="session")
def reference(engine: Engine) -> Reference:
    return engine.reference


@pytest.fixture(scope="session")
def examples() -> tuple[Record, ...]:
    """The declarations of the example manifest, as written."""
    return manifest()


@pytest.fixture(scope="session")
def example_tables() -> Tables:
    return tables_from_records(manifest_records())


@pytest.fixture(scope="session")
def example_assessments(engine: Engine, example_tables: Tables) -> Assessed:
    """The example manifest, assessed."""
    return assess(example_tables, engine, as_of=AS_OF)


@pytest.fixture(scope="session")
def example_documents(example_assessments: Assessed, examples: tuple[Record, ...]) -> list[Record]:
    """The whole assessment of every example parcel."""
    return example_assessments.documents(list(range(len(examples))))

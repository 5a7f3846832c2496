"""The servers of the incidents' tests, for fault runs."""

from tests.incidents.conftest import postgres_database, postgres_migrated, postgres_url

__all__ = ["postgres_database", "postgres_migrated", "postgres_url"]

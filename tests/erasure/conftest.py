"""The small source of intake serves erasure too."""

from tests.intake.conftest import engine, small

__all__ = ["engine", "small"]

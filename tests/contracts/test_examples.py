"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import paceline.contracts

MODULES = [module.name for module in pkgutil.walk_packages(paceline.contracts.__path__, "paceline.contracts.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

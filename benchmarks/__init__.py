"""Measurements: ``python -m benchmarks`` prints one table, each stage beside its rival, all in one run."""

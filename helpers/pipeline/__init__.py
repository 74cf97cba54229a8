"""The run: its steps, its runner, its catalogue of tables."""

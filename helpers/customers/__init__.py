"""Shared floor: windows in time and features of customers, computed in the engine."""

"""Shared floor: statistics that know no subject."""

"""Result tables of this wing."""

from helpers.foundation.tables import Table

TABLES: tuple[Table, ...] = ()

"""The ground floor: tables, where they live, what a result is, what a company assumes."""

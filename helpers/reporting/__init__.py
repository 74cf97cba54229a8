"""What people see: figures, tables, sentences, pages."""

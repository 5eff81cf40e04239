"""The database: engine, tables, migrations and repositories. All SQL lives here."""

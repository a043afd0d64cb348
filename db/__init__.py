"""The database: tables, migrations, typed views, storing and asking; the only importer of sqlalchemy.

connect.py   an engine from a URL; errors with stable codes
tables.py    the tables; migrations/ makes them, schema.py says whether they are the right ones
views.py     one typed view a template (views/*.sql.j2)
store.py     Record → rows, in one transaction
queries.py   read-only SQL for people
documents.py list, show and forget documents
arrivals.py  the state of each dropped file
"""

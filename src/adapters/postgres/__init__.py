"""The stores on PostgreSQL: SQLAlchemy Core and psycopg."""

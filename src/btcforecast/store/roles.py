"""PostgreSQL's roles: what the service's own may do, so that it can add to the audit log and never change it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core.errors import ConflictError, NotFoundError

_MAY_CHANGE: Final = text(
    "SELECT pg_has_role(current_user, relowner, 'MEMBER') OR has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
    " FROM pg_class WHERE oid = to_regclass('audit_entries')"
)
_ROLE: Final = text(
    "SELECT quote_ident(rolname), rolsuper OR pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = :role"
)
# The worker's jobs make and change their own tables, in a schema that must be the role's own.
_GIVE_JOBS: Final = """DO $$ DECLARE it text; BEGIN
FOR it IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = to_regnamespace('dbos') AND c.relkind IN ('r', 'p') LOOP
EXECUTE 'ALTER TABLE ' || it || ' OWNER TO {role}'; END LOOP;
FOR it IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = to_regnamespace('dbos') LOOP
EXECUTE 'ALTER FUNCTION ' || it || ' OWNER TO {role}'; END LOOP; END $$"""
_GRANTS: Final = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    "REVOKE ALL ON audit_entries, alembic_version FROM {role}",
    "GRANT SELECT, INSERT ON audit_entries TO {role}",
    "GRANT SELECT ON alembic_version TO {role}",
    "CREATE SCHEMA IF NOT EXISTS dbos",
    _GIVE_JOBS,
    "ALTER SCHEMA dbos OWNER TO {role}",
)


async def grant_service(connection: AsyncConnection, role: str) -> None:
    """Let a role run the service. Raises NotFoundError, and ConflictError for one that owns what it must not change."""
    found = (await connection.execute(_ROLE, {"role": role})).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no role “{role[:63]}”; make it first with CREATE ROLE … LOGIN PASSWORD ….")
    name, owns = found
    if owns:
        raise ConflictError(f"The role “{role}” is a superuser or the owner itself, whom no grant keeps from the audit log.")
    for statement in _GRANTS:
        await connection.exec_driver_sql(statement.format(role=name))


async def may_change_audit(connection: AsyncConnection) -> bool:
    """Say whether the role in use could change or delete audit entries, also by first dropping what guards them."""
    return bool(await connection.scalar(_MAY_CHANGE))

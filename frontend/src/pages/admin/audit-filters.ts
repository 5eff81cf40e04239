export interface AuditFilters {
  readonly person: string;
  readonly action: string;
  readonly result: string;
  readonly network: string;
  readonly since: string;
  readonly until: string;
}

export const NO_FILTERS: AuditFilters = { person: "", action: "", result: "", network: "", since: "", until: "" };

/** What is asked of the API: empty fields are left out, and a bare day begins at midnight UTC. */
export function auditParameters(filters: AuditFilters): Partial<Record<keyof AuditFilters, string>> {
  const given: Partial<Record<keyof AuditFilters, string>> = {};
  for (const name of Object.keys(NO_FILTERS) as (keyof AuditFilters)[]) {
    const value = filters[name].trim();
    if (value !== "") given[name] = /^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00:00Z` : value;
  }
  return given;
}

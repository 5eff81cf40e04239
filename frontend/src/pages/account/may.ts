/** Whether a role sees everybody’s account; the server decides, this only spares people what it would refuse. */
export function maySeePeople(role: string): boolean {
  return role === "operator" || role === "administrator";
}

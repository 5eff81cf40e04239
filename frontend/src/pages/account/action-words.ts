const WORDS: Readonly<Record<string, string>> = {
  "access.refused": "Something was asked that this role or key may not do",
  "email.change_asked": "Another address was asked for",
  "email.changed": "The address was changed",
  "key.created": "A key was made",
  "key.refused": "A key that does not count was used",
  "key.revoked": "A key was revoked",
  "key.rotated": "A key was rotated",
  "login.failed": "A log-in failed",
  "login.locked": "Log-ins were locked for some time",
  "login.unlocked": "Log-ins were unlocked",
  "passkey.added": "A passkey was added",
  "passkey.removed": "A passkey was removed",
  "passkey.renamed": "A passkey was renamed",
  "password.changed": "The password was changed",
  "password.forgotten": "A link for a new password was asked for",
  "password.reset": "A new password was chosen by a link",
  "person.added": "The account was made",
  "person.deleted": "An account was deleted",
  "person.disabled": "The account was disabled",
  "person.enabled": "The account was enabled",
  "person.invited": "An invitation was sent",
  "person.plan_changed": "The plan was changed",
  "person.renamed": "The name was changed",
  "person.role_changed": "The role was changed",
  "session.all_ended": "All other sessions were ended",
  "session.confirmed": "It was confirmed who holds a session",
  "session.ended": "A session was ended",
  "session.replayed": "A session ended because a spent token came back",
  "session.started": "Somebody logged in",
};

/** An action of the audit log in words; one that has none keeps its name. */
export function actionWords(action: string): string {
  return WORDS[action] ?? action;
}

/** What a password must be, said before it is written. */
export function passwordRules(minLength: number): string {
  return `At least ${minLength} characters of any kind. A few words that do not belong together are easy to keep and hard to guess.`;
}

/**
 * The form in which passwords are looked up in lists: NFKC and lower case, so that one entry finds every spelling of it.
 * Never the form that is hashed.
 */
export function foldPassword(password: string): string {
  return password.normalize('NFKC').toLowerCase()
}

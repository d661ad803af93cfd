/** Whether a resource version is older than another one. They are decimal numbers of any length, in order as KEP-5504 promises it. */
export function isOlderVersion(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}

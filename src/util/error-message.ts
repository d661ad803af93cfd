/** What a thrown value says, for a sentence that somebody reads. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

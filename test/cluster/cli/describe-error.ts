import { messageOf } from '../../../src/util/error-message.ts';

/** What went wrong, with what caused it, a line each. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  for (let each = error; each !== undefined; each = each instanceof Error ? each.cause : undefined) lines.push(messageOf(each));
  return lines.join('\n  because: ');
}

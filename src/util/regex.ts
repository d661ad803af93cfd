import { RE2JS } from 're2js';
import { messageOf } from './error-message.ts';

/** Why a text is not a regular expression in RE2's syntax (what Envoy and Go speak), or undefined when it is. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether the whole text fits an RE2 expression. The expression must be valid. */
export function fullMatch(pattern: string, text: string): boolean {
  return RE2JS.compile(pattern).matches(text);
}

/**
 * What `-test.v=test2json` prints, line by line. In this mode, unlike plain `-v`, results of subtests are printed when they
 * are known, and the lines that frame the output begin with ^V:
 *
 *     ^V=== RUN   TestConformance/HTTPRouteWeight/Requests_should_have_a_distribution
 *     ^V=== PAUSE TestConformance/GatewayModifyListeners
 *     ^V=== NAME  TestConformance/HTTPRouteWeight          what follows belongs to this test
 *         helpers.go:120: 2026-…: …
 *     ^V    --- PASS: TestConformance/HTTPRouteWeight (3.51s)
 */
export type OutputLine =
  | { readonly kind: 'run' | 'pause' | 'continue' | 'name'; readonly test: string }
  | { readonly kind: 'result'; readonly test: string; readonly outcome: Outcome }
  | { readonly kind: 'text'; readonly text: string };

export type Outcome = 'pass' | 'fail' | 'skip';

const MARKER = '\u0016';
const framing = /^=== (RUN|PAUSE|CONT|NAME) +(\S*)$/;
const result = /^ *--- (PASS|FAIL|SKIP): (\S+) \(\d+(?:\.\d+)?s\)$/;
const kinds = { RUN: 'run', PAUSE: 'pause', CONT: 'continue', NAME: 'name' } as const;
const outcomes = { PASS: 'pass', FAIL: 'fail', SKIP: 'skip' } as const;

/** Reads one line, which may turn out to be two: text that did not end with a newline is followed by a marker in mid-line. */
export function readLine(line: string): OutputLine[] {
  const [before = '', ...marked] = line.replace(/\r$/, '').split(MARKER);
  const texts: OutputLine[] = before === '' && marked.length > 0 ? [] : [{ kind: 'text', text: before }];
  return [...texts, ...marked.map(readMarked)];
}

function readMarked(text: string): OutputLine {
  const frame = framing.exec(text);
  if (frame !== null) return { kind: kinds[frame[1] as keyof typeof kinds], test: frame[2] ?? '' };
  const end = result.exec(text);
  if (end === null) return { kind: 'text', text };
  const [, word, test = ''] = end;
  return { kind: 'result', test, outcome: outcomes[word as keyof typeof outcomes] };
}

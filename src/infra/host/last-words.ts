import { open, stat } from 'node:fs/promises';

/** How much of the end of a log is looked at, and how much of a line is told. */
const tailBytes = 16 * 1024;
const maxChars = 500;

/** A log, with the size that it had when the process was started. */
export interface LogStart {
  readonly path: string;
  readonly from: number;
}

/**
 * Why a process ended, as far as its logs tell: the last critical line, else the last error line, else what the
 * argument parser printed.
 */
export async function lastWords(logs: readonly LogStart[]): Promise<string | undefined> {
  const lines: string[] = [];
  for (const { path, from } of logs) lines.push(...(await tail(path, from)).split('\n').filter((line) => line.trim() !== ''));
  const found = lines.findLast((line) => line.includes('[critical]')) ?? lines.findLast((line) => line.includes('[error]')) ?? parserError(lines);
  // protobuf sprinkles blanks into its messages at random: the same failure must be the same text.
  return found?.replace(/^(\[[^\]]*\] ?)+/, '').replace(/\s+/g, ' ').trim().slice(0, maxChars);
}

/** Marks the end of a log as it is now. */
export async function logStart(path: string): Promise<LogStart> {
  return { path, from: await stat(path).then((stats) => stats.size, () => 0) };
}

function parserError(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => /^(error|PARSE ERROR):/.test(line));
  return at < 0 ? undefined : lines.slice(at, at + 2).map((line) => line.trim()).join(' ');
}

async function tail(path: string, from: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes, size >= from ? from : 0);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}

import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

/** A named pipe into which all Envoys write their access logs. */
export interface AccessPipe {
  readonly path: string;
  close(): void;
}

/**
 * Opens a named pipe and hands on what is written into it. The name outlives this process, so Envoys that it leaves behind
 * need not be told anything when the next one opens it; until then their lines are lost, nothing else is.
 */
export async function openAccessPipe(path: string, onData: (lines: Buffer) => void): Promise<AccessPipe> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFIFO() !== true) {
    await rm(path, { force: true });
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
  }
  // Open for writing too: there is always a writer, so it never ends, and always a reader, so Envoy's open does not wait for one.
  const socket = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false });
  socket.on('data', onData);
  socket.on('error', () => socket.destroy());
  return { path, close: () => socket.destroy() };
}

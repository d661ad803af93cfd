import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Bytes that the kernel has room for in a socket's path (sun_path on Linux, without the final 0). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Removes what a dead process left at a socket's path. Rejects when the path is too long, is something other than a
 * socket, or is in use: another instance listens there.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`socket path ${path} has ${bytes} bytes, at most ${MAX_SOCKET_PATH_BYTES} are possible: choose a shorter state directory`);
  }
  const file = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  if (!file.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isListening(path)) throw new Error(`${path} is in use: another instance is running with the same state directory`);
  await unlink(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

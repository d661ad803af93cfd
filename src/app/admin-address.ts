import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDirPath } from '../infra/host/state-dir.ts';

/** Where an instance notes its admin address. */
export function adminFile(stateDir: string): string {
  return join(stateDir, 'admin.json');
}

/** The admin address that the instance of a state directory noted; undefined when it has none, or does not run. */
export async function notedAdminAddress(options: { readonly stateDir?: string; readonly name?: string }): Promise<{ path: string; address: string | undefined }> {
  const path = stateDirPath({
    ...(options.stateDir === undefined ? {} : { path: options.stateDir }),
    ...(options.name === undefined ? {} : { instance: options.name }),
  });
  try {
    const { address } = JSON.parse(await readFile(adminFile(path), 'utf8')) as { address?: unknown };
    return { path, address: typeof address === 'string' ? address : undefined };
  } catch {
    return { path, address: undefined };
  }
}

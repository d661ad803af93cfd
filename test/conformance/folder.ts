import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the folder of a run, named by time and implementation: `reports/20260131-154502-moongate`. */
export async function makeReportFolder(implementation: string, now: Date): Promise<string> {
  const [date = '', time = ''] = now.toISOString().split('T');
  const name = `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${implementation}`;
  const folder = join(import.meta.dirname, 'reports', name);
  await mkdir(folder, { recursive: true });
  return folder;
}

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The file in the output that tells what the output was made from. */
const STAMP = 'stamp.json';

interface Stamp {
  readonly inputs: string;
  readonly outputs: string;
}

/** Hash of the contents of files and folders, whose paths count as seen from `root`. */
export function hashInputs(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** Whether a folder is what `writeStamp` stamped for the same inputs, no file more or less. */
export function isUpToDate(folder: string, inputs: string): boolean {
  const file = join(folder, STAMP);
  if (!existsSync(file)) return false;
  const stamp = JSON.parse(readFileSync(file, 'utf8')) as Stamp;
  return stamp.inputs === inputs && stamp.outputs === listing(folder);
}

/** Marks a folder as made from the inputs. */
export function writeStamp(folder: string, inputs: string): void {
  const stamp: Stamp = { inputs, outputs: listing(folder) };
  writeFileSync(join(folder, STAMP), `${JSON.stringify(stamp)}\n`);
}

/** Names and sizes: enough to notice a file that somebody removed or edited, without reading megabytes. */
function listing(folder: string): string {
  const hash = createHash('sha256');
  for (const file of filesBelow(folder)) {
    const path = relative(folder, file);
    if (path !== STAMP) hash.update(`${path} ${statSync(file).size}\n`);
  }
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

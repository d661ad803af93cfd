import { spawnSync } from 'node:child_process';

/**
 * The API server's release that manifests are rendered for. A Helm that was built without its makefile takes the cluster
 * for an ancient one unless it is told.
 */
export const KUBE_VERSION = '1.36.0';

/** Space for the CRDs several times over. */
const maxOutputBytes = 64 * 1024 * 1024;

/** Runs Helm and answers what it prints. Throws with Helm's own words. */
export function runHelm(helm: string, args: readonly string[]): string {
  const run = spawnSync(helm, args, { encoding: 'utf8', maxBuffer: maxOutputBytes });
  if (run.error !== undefined) throw new Error(`${helm} cannot be run: ${run.error.message}; Helm 3 is needed, name it with --helm`);
  if (run.status !== 0) throw new Error(`${helm} ${args[0]} failed: ${run.stderr.trim()}`);
  return run.stdout;
}

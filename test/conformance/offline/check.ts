import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkFiles } from '../../../src/app/check-files.ts';
import { irView, statusView, xdsView } from '../../../src/app/views.ts';
import type { ManifestSet } from './manifest-sets.ts';

/** Controllers that the manifests name: each of them is taken to be us. */
const controllerNames = ['gateway.envoyproxy.io/gatewayclass-controller', 'acme.io/gateway-controller'];

/** Workloads are left to Kubernetes. From files they are not run, and a line says so. */
const notRun = ['Deployment', 'DaemonSet'];

/**
 * Does with a file what `moongate validate` and `moongate translate` do, and answers its problems and those without a place, each as
 * `KIND NAMESPACE/NAME: FIELD`, or with the message where it is about no field.
 */
export async function problemsOf({ name, text, surroundings }: ManifestSet): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'moongate-manifests-'));
  try {
    const file = join(folder, basename(name));
    await writeFile(file, text);
    await writeFile(join(folder, 'surroundings.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: surroundings }));
    const { plane, problems } = await checkFiles([folder], { controllerNames });
    // Each of them throws where something cannot be shown.
    for (const view of [statusView, irView, xdsView]) view(plane);
    const own = problems.filter((problem) => (problem.file === file || problem.file === '') && !notRun.includes(problem.kind));
    return [...new Set(own.map(({ kind, key, field, message }) => `${kind} ${key}: ${field === '' || field === 'kind' ? message : field}`))].sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

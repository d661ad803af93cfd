import { stringify } from 'yaml';
import type { ControlPlane } from '../../src/app/control-plane.ts';
import { infrastructureView, irView, statusView, xdsView } from '../../src/app/views.ts';
import type { GoldenCase } from './case.ts';

/** The files of a case that are written by translation: name → text. */
export type Outputs = ReadonlyMap<string, string>;

/** What a plane shows, as the files of a case. */
export function outputsOf(plane: ControlPlane, golden: Pick<GoldenCase, 'problems' | 'options'>): Outputs {
  const files = new Map([
    ['status.yaml', yaml(statusView(plane))],
    ['ir.yaml', yaml(compact(irView(plane)) ?? {})],
    ['xds.yaml', yaml(xdsView(plane))],
  ]);
  if (golden.options.settings.addresses === 'assigned') files.set('infrastructure.yaml', yaml(compact(infrastructureView(plane)) ?? {}));
  if (Object.keys(golden.problems).length > 0) files.set('problems.yaml', yaml(golden.problems));
  return files;
}

/**
 * Leaves out what is empty, for people to see the rest; and versions, which are hashes of content: they would change with
 * every default that the API gains.
 */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(compact);
  if (typeof value !== 'object' || value === null) return value === '' ? undefined : value;
  const members = Object.entries(value)
    .filter(([name]) => name !== 'ownerVersion')
    .map(([name, member]) => [name, compact(member)])
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function yaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}


import { selfSigned } from '../../e2e/support/certificate.ts';
import { head, type Manifest } from './surroundings.ts';

/** A reference as any kind has it. */
interface Reference {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
}

/** What examples leave out: the Services, Secrets and ConfigMaps that they refer to, by the fields that do. */
const makers: Readonly<Record<string, readonly [kind: string, make: (id: string, ports: readonly number[]) => object]>> = {
  backendRef: ['Service', service],
  backendRefs: ['Service', service],
  certificateRefs: ['Secret', secret],
  clientCertificateRef: ['Secret', secret],
  caCertificateRefs: ['ConfigMap', authority],
};

/** Objects for references that lead to nothing in the manifests. */
export function leftOut(manifests: readonly Manifest[]): object[] {
  const brought = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? 'default'}/${metadata?.name}`));
  const ports = new Map<string, { readonly make: (id: string, ports: readonly number[]) => object; readonly ports: Set<number> }>();
  for (const manifest of manifests) {
    for (const [field, { kind, namespace = manifest.metadata?.namespace ?? 'default', name, port }] of references(manifest)) {
      const [wanted, make] = makers[field] ?? [];
      if (make === undefined || (kind ?? wanted) !== wanted || brought.has(`${wanted} ${namespace}/${name}`)) continue;
      const id = `${namespace}/${name}`;
      const entry = ports.get(`${wanted} ${id}`) ?? { make: (_, all) => make(id, all), ports: new Set<number>() };
      ports.set(`${wanted} ${id}`, entry);
      if (port !== undefined) entry.ports.add(port);
    }
  }
  return [...ports.entries()].map(([id, entry]) => entry.make(id, [...entry.ports]));
}

function references(value: unknown): [string, Reference][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]: [string, unknown]) => [
    ...(makers[field] === undefined ? [] : [inner].flat().map((each): [string, Reference] => [field, each as Reference])),
    ...references(inner),
  ]);
}

function service(id: string, ports: readonly number[]): object {
  const both = ports.flatMap((port) => ['TCP', 'UDP'].map((protocol) => ({ name: `${protocol.toLowerCase()}-${port}`, port, protocol })));
  return { ...head('v1', 'Service', id), spec: { selector: { app: 'any' }, ports: both } };
}

function secret(id: string): object {
  const { chain, privateKey } = selfSigned(`${id.replace('/', '.')}.example`);
  return { ...head('v1', 'Secret', id), type: 'kubernetes.io/tls', stringData: { 'tls.crt': chain, 'tls.key': privateKey } };
}

function authority(id: string): object {
  return { ...head('v1', 'ConfigMap', id), data: { 'ca.crt': selfSigned('authority').chain } };
}

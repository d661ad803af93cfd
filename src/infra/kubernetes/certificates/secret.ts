import type { KubeMetadata, KubeObject } from '../../../kube/object.ts';

/** A Secret as the API server has it; values are base64. */
export interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** On Secrets of ours, and only on these: what it is for, 'authority' or 'proxy'. */
export const CERTIFICATE_LABEL = 'moongate.dev/certificate';

/** A Secret of type kubernetes.io/tls that is marked as ours. */
export function tlsSecret(metadata: KubeMetadata, purpose: 'authority' | 'proxy', data: Readonly<Record<string, string>>): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, labels: { ...metadata.labels, [CERTIFICATE_LABEL]: purpose } },
    type: 'kubernetes.io/tls',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

/** Whether we made the Secret, so that we may change it. */
export function isOurs({ metadata }: Secret, purpose: 'authority' | 'proxy'): boolean {
  return metadata.labels?.[CERTIFICATE_LABEL] === purpose;
}

/** A value of the Secret, decoded; '' when there is none. */
export function valueOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
}

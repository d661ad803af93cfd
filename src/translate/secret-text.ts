import type { ResourceOf } from '../api/kinds.ts';

/** A text of a Secret. `stringData` wins over `data`, as when the API server merges them. */
export function secretText(secret: ResourceOf<'Secret'>, field: string): string | undefined {
  const { data, stringData } = secret.object;
  const plain = stringData?.[field];
  if (plain !== undefined) return plain;
  const encoded = data?.[field];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

import { decode } from '../api/decode.ts';
import { apiVersionOf, isKind, kindNamed, type KindName, type ResourceOf } from '../api/kinds.ts';
import type { Read } from '../reactive/collection.ts';

/** For tests: an object as it comes out of decoding, with the newest version of its kind; throws when it is not valid. */
export function decoded<Name extends KindName>(name: Name, object: Readonly<Record<string, unknown>>): ResourceOf<Name> {
  const kind = kindNamed(name);
  const apiVersion = apiVersionOf(kind, kind.storageVersion);
  const { resource, problems } = decode({ apiVersion, kind: name, ...object }, { file: 'test.yaml', line: 1 }, { from: 'server' });
  if (resource === undefined || !isKind(resource, name)) throw new Error(problems.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return resource;
}

/** For tests: reads collections as they are, outside of any computation. */
export const readDirectly: Read = {
  get: (collection, key) => collection.get(key),
  where: (index, key) => index.get(key),
};

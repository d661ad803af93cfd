import type { Endpoint, EndpointSet } from '../ir/backend.ts';
import { contentHash } from '../util/hash.ts';
import { encodeEndpoints } from '../xds/resources/endpoints.ts';
import type { XdsResource } from '../xds/server/resources.ts';

/** The xDS resource of a backend's endpoints. Where some are nearer than others, each Envoy gets those that are meant for its place. */
export function assignmentOf({ backend, endpoints, near }: EndpointSet): XdsResource {
  const encoded = (own: readonly Endpoint[]): XdsResource => {
    const bytes = encodeEndpoints({ backend, endpoints: own });
    return { name: backend, bytes, version: contentHash(bytes) };
  };
  const elsewhere = encoded(endpoints);
  if (near === undefined) return elsewhere;
  const at = new Map(near.map((here) => [here.place, encoded(here.endpoints)]));
  const version = contentHash(JSON.stringify([elsewhere.version, ...[...at].map(([place, { version: own }]) => [place, own])]));
  return { ...elsewhere, version, placed: { at, elsewhere } };
}

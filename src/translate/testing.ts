import type { GatewayState, ListenerState } from './gateways/state.ts';
import { decode } from '../api/decode.ts';
import { apiVersionOf, isKind, kindNamed, type KindName, type ResourceOf } from '../api/kinds.ts';
import type { Read } from '../reactive/collection.ts';

/** For tests: an object as it comes out of decoding, with the newest version of its kind; throws when it is not valid. */
export function decoded<Name extends KindName>(name: Name, object: Readonly<Record<string, unknown>>): ResourceOf<Name> {
  const kind = kindNamed(name);
  const apiVersion = apiVersionOf(kind, kind.storageVersion);
  const { resource, problems } = decode({ apiVersion, kind: kind.objectKind, ...object }, { file: 'test.yaml', line: 1 }, { from: 'server' });
  if (resource === undefined || !isKind(resource, name)) throw new Error(problems.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return resource;
}

/** For tests: reads collections as they are, outside of any computation. */
export const readDirectly: Read = {
  get: (collection, key) => collection.get(key),
  where: (index, key) => index.get(key),
};

/** A listener of a Gateway, by `namespace/gateway/name`: plain HTTP for every host on port 80, served, unless told otherwise. */
export function listenerState(key: string, rest: Partial<ListenerState> = {}): ListenerState {
  const [namespace = '', gateway = '', name = ''] = key.split('/');
  const { port = 80 } = rest;
  return {
    name,
    key: `Gateway/${key}`,
    owner: { ref: `Gateway/${namespace}/${gateway}`, namespace, version: 'v' },
    port,
    protocol: 'HTTP',
    transport: 'TCP',
    tls: undefined,
    layer: 7,
    hostname: '*',
    supportedKinds: [],
    namespaces: { from: 'All' },
    certificates: [],
    certificateNames: [],
    clientValidation: undefined,
    filters: [],
    acceptedFault: undefined,
    conflict: undefined,
    refsFault: undefined,
    overlap: undefined,
    portFault: undefined,
    guardFault: undefined,
    serving: true,
    chain: 'http',
    table: `${namespace}/${gateway}/${port}`,
    ...rest,
  };
}

/** A Gateway by its key, with nothing wrong, unless told otherwise. */
export function gatewayState(key: string, rest: Partial<GatewayState> = {}): GatewayState {
  const [namespace = '', name = ''] = key.split('/');
  return {
    key,
    namespace,
    name,
    uid: '',
    createdAt: '',
    generation: 1,
    version: 'v',
    gatewayClass: 'class',
    controllerName: '',
    proxy: key,
    merged: false,
    defaultScope: undefined,
    address: '0.0.0.0',
    requestedAddresses: [],
    clusterAddresses: undefined,
    settings: undefined,
    fault: undefined,
    insecureValidation: undefined,
    upstreamTls: { parameters: undefined, fault: undefined },
    tracing: undefined,
    tracingFault: undefined,
    listeners: [],
    listenerSets: [],
    ...rest,
  };
}

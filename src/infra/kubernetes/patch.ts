import { messageOf } from '../../util/error-message.ts';
import { isObject, jsonMerge } from '../../util/json-merge.ts';
import { strategicMerge } from '../../util/strategic-merge.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ProxySettings } from './wanted-proxy.ts';

type Kubernetes = NonNullable<NonNullable<ProxySettings['provider']>['kubernetes']>;

/** A user's patch of an object that we made. */
export type Patch = NonNullable<NonNullable<Kubernetes['envoyService']>['patch']>;

/** Takes the reasons why something that a user asked for cannot be had. */
export type OnFault = (fault: string) => void;

/** Applies a user's patch. One that cannot be applied is told to `onFault` and leaves the object as it was. */
export function patched(object: KubeObject, patch: Patch | undefined, onFault: OnFault): KubeObject {
  if (patch === undefined) return object;
  if (!isObject(patch.value)) {
    onFault('patch.value is no object');
    return object;
  }
  try {
    const merged = patch.type === 'JSONMerge' ? jsonMerge(object, patch.value) : strategicMerge(object, patch.value);
    return withIdentityOf(object, merged as KubeObject);
  } catch (error) {
    onFault(`patch: ${messageOf(error)}`);
    return object;
  }
}

/** What an object is, and where, is not the patch's to change: settings of their own are there for names. */
function withIdentityOf(object: KubeObject, merged: KubeObject): KubeObject {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace = '' } = metadata;
  const changed = isObject(merged.metadata) ? merged.metadata : {};
  return { ...merged, apiVersion, kind, metadata: { ...changed, name, namespace } };
}

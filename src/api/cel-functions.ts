import { CelScalar, celFunc, celMap, celMethod, listType, mapType } from '@bufbuild/cel';
import type { CelFunc } from '@bufbuild/cel';
import { isStrictIP } from './ip.ts';
import { dns1123Subdomain, qualifiedName } from './names.ts';

const { BOOL, DYN, STRING } = CelScalar;
const FORMAT = mapType(STRING, STRING);
const STRINGS = listType(STRING);

/** Named formats: each says what is wrong with a text. */
const FORMATS: Readonly<Record<string, (text: string) => string[]>> = { dns1123Subdomain, qualifiedName };

/**
 * The functions that Kubernetes adds to CEL, those that rules in our definitions call.
 * https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries
 *
 * `format.dns1123Subdomain()` is an optional in Kubernetes, which `validate` returns empty when all is well. Here it is the list of
 * what is wrong, and `hasValue` tells whether it has any.
 */
export const KUBERNETES_FUNCTIONS: CelFunc[] = [
  celFunc('isIP', [STRING], BOOL, (text) => isStrictIP(text)),
  ...Object.keys(FORMATS).map((name) => celFunc(`format.${name}`, [], FORMAT, () => celMap(new Map([['format', name]])))),
  celMethod('validate', FORMAT, [STRING], STRINGS, function (text) {
    const name = this.get('format');
    return typeof name === 'string' ? (FORMATS[name]?.(text) ?? []) : [];
  }),
  celMethod('hasValue', listType(DYN), [], BOOL, function () {
    return this.size > 0;
  }),
];

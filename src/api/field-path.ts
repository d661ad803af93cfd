/** One step into an object: a field, an index of a list, or a key of a map. */
export type Step = string | number | MapKey;

/** A key of a map whose keys the user chose (labels, options): `labels[app]`, or `labels.app` in the words of the schema validator. */
export class MapKey {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** `spec.rules[0].options[key]`: how the API server writes paths in CEL and list errors. */
export function fieldPath(steps: readonly Step[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else if (typeof step === 'string') path += path === '' ? step : `.${step}`;
    else path += `[${step.key}]`;
  }
  return path;
}

/** `spec.rules[0].options.key`: how its schema validator writes them. */
export function dottedPath(steps: readonly Step[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else {
      const name = typeof step === 'string' ? step : step.key;
      path += path === '' ? name : `.${name}`;
    }
  }
  return path;
}

import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { leftOut } from './left-out.ts';
import { manifestsIn, suiteObjects, surroundingsOf, type Manifest } from './surroundings.ts';

/** A file of manifests, and what is there when it is applied. */
export interface ManifestSet {
  /** The file, by which its problems are listed: `tests/httproute-weight.yaml`. */
  readonly name: string;
  readonly text: string;
  readonly surroundings: readonly object[];
}

/** Each file of the suite with its base beside it, and the base alone. */
export function suiteSets(folder: string): ManifestSet[] {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8').replaceAll('{GATEWAY_CLASS_NAME}', 'conformance').replaceAll('{GATEWAY_CONTROLLER_NAME}', 'gateway.envoyproxy.io/gatewayclass-controller');
  const tests = globSync('tests/**/*.yaml', { cwd: folder }).filter((file) => !file.startsWith('tests/mesh/')).sort();
  const base = manifestsIn(read('base/manifests.yaml'));
  const objects = suiteObjects();
  return ['base/manifests.yaml', ...tests].map((name) => {
    const text = read(name);
    const beside = name.startsWith('base/') ? [] : base;
    return { name, text, surroundings: [...beside, ...surroundingsOf([...beside, ...manifestsIn(text)]), ...objects] };
  });
}

/** Each example of the API, with the objects of its folder beside it, but for classes and what has the name of its own, and with what all of them leave out. */
export function exampleSets(folder: string): ManifestSet[] {
  const files = globSync('examples/**/*.yaml', { cwd: folder }).sort();
  const texts = new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  return files.map((name) => {
    const text = texts.get(name) ?? '';
    const own = manifestsIn(text);
    const beside = files.filter((file) => file !== name && dirname(file) === dirname(name)).flatMap((file) => manifestsIn(texts.get(file) ?? '').filter(({ kind }) => kind !== 'GatewayClass'));
    const all = [...new Map([...own, ...beside].toReversed().map((manifest) => [identity(manifest), manifest])).values()];
    const missing = leftOut(all);
    return { name, text, surroundings: [...all.filter((manifest) => !own.includes(manifest)), ...missing, ...surroundingsOf([...all, ...(missing as Manifest[])])] };
  });
}

function identity({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`;
}

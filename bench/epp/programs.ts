import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEnvoy } from '../../src/infra/host/envoy-binary.ts';
import { ensureProgram, type Progress } from '../../test/cluster/tools/ensure.ts';
import { inferenceSimulator } from '../../test/cluster/tools/inference-recipes.ts';
import type { OwnSource, Recipe } from '../../test/cluster/tools/recipe.ts';

/** The load generator and the model servers that answer at once. */
const load: Recipe = { name: 'picker-load', version: '1', source: own('load'), programs: { load: '.' }, minutes: 1 };

/** The simulated model server, listening where it is told to. */
const modelServer: Recipe = {
  name: 'addressed-simulator',
  version: inferenceSimulator.version,
  source: own('simulator', { 'github.com/llm-d/llm-d-inference-sim': inferenceSimulator.version }),
  programs: { 'model-server': '.' },
  minutes: 3,
};

function own(folder: string, requires: Readonly<Record<string, string>> = {}): OwnSource {
  const directory = join(import.meta.dirname, 'programs', folder);
  return { requires, files: Object.fromEntries(readdirSync(directory).sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')])) };
}

/** Paths of what every run needs. */
export interface Programs {
  readonly envoy: string;
  readonly load: string;
  readonly modelServer: string;
}

export async function findPrograms(onProgress: Progress): Promise<Programs> {
  return {
    envoy: (await findEnvoy({ onProgress })).path,
    load: await ensureProgram(load, 'load', onProgress),
    modelServer: await ensureProgram(modelServer, 'model-server', onProgress),
  };
}

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes `envoy/registry.ts`: every generated message in one registry, which is what it takes to print an Any as JSON.
 * `folder` is what takes the place of src/gen.
 */
export function writeEnvoyRegistry(folder: string, header: string): void {
  const files = globSync('**/*_pb.ts', { cwd: folder })
    .sort()
    .map((path) => ({ path, name: /export const (file_\w+)/.exec(readFileSync(join(folder, path), 'utf8'))?.[1] }));
  const imports = files.map(({ path, name }) => `import { ${name} } from '../${path}';`);
  const text = [
    "import { createRegistry } from '@bufbuild/protobuf';",
    ...imports,
    '',
    '/** All messages that we know. */',
    `export const registry = createRegistry(\n${files.map(({ name }) => `  ${name},`).join('\n')}\n);`,
    '',
  ];
  writeFileSync(join(folder, 'envoy/registry.ts'), header + text.join('\n'));
}

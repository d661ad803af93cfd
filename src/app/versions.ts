import { readFileSync } from 'node:fs';

/** The release of this program. */
export function moongateVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** The Envoy that is run, and the APIs that are understood: those of definitions/. */
export const apiVersions = {
  envoy: '1.40.0',
  gatewayApi: 'v1.7.0 (experimental channel)',
  envoyGateway: 'v1.9.1',
  inferenceExtension: 'v1.6.0',
  kubernetes: 'v1.36.3',
} as const;

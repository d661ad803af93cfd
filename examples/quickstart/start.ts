// Runs the quickstart: two echo backends and `moongate run` on the files beside this one.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateManifest } from './certificate.ts';
import { startEcho } from './echo.ts';

const here = import.meta.dirname;
const ports = { 'backend-1': 13000, 'backend-2': 13001 } as const;

const directory = mkdtempSync(join(tmpdir(), 'moongate-quickstart-'));
const { manifest, authority } = await certificateManifest('www.example.com');
writeFileSync(join(directory, 'example-cert.yaml'), manifest, { mode: 0o600 });
writeFileSync(join(directory, 'example.com.crt'), authority);

const echoes = await Promise.all(Object.entries(ports).map(([pod, port]) => startEcho({ pod, port }).catch((error: unknown) => taken(port, error))));

const arguments_ = ['run', '-f', join(here, 'resources'), '-f', join(directory, 'example-cert.yaml'), '--state-dir', join(directory, 'state'), ...process.argv.slice(2)];
const gateway = spawn(process.execPath, [join(here, '../../src/cli/main.ts'), ...arguments_], { stdio: 'inherit' });
console.log(`
Two echo servers listen on 127.0.0.1:${ports['backend-1']} and 127.0.0.1:${ports['backend-2']}. Once the gateway is ready, try:

  curl -H 'Host: www.example.com' http://127.0.0.1:8080/get
  curl --cacert ${join(directory, 'example.com.crt')} --resolve www.example.com:8443:127.0.0.1 https://www.example.com:8443/get
  ./bin/moongate status
  ./bin/moongate explain GET http://www.example.com:8080/get

Change a file in examples/quickstart/resources and try again. Ctrl-C ends everything.
`);

// A Ctrl-C reaches the gateway from the terminal too; a SIGTERM does not. To the gateway a SIGHUP means to read its files again, so when the
// terminal goes it has to be told to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => gateway.kill('SIGTERM'));
process.on('SIGHUP', () => gateway.kill('SIGTERM'));
process.on('exit', () => gateway.kill('SIGTERM'));
gateway.on('exit', (code) => {
  for (const echo of echoes) void echo.close();
  rmSync(directory, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});

function taken(port: number, error: unknown): never {
  rmSync(directory, { recursive: true, force: true });
  console.error(`The echo server cannot listen on 127.0.0.1:${port}: ${error instanceof Error ? error.message : String(error)}.`);
  console.error(`End what uses the port, or change it here and in examples/quickstart/resources/backends.yaml.`);
  process.exit(1);
}

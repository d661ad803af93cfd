import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';

import { findEnvoy } from '../host/envoy-binary.ts';
import { temporaryDir, until } from '../host/testing.ts';
import { issueAuthority, issueLeaf } from './certificates/issue.ts';
import type { KeyPair } from './certificates/issue.ts';
import { environment, rendered } from './testing.ts';

const validity = { now: Date.now(), days: 1 };

/** A volume of a Secret, as the kubelet keeps it: all files change at once, when a link is turned to another folder. */
async function secretVolume(path: string): Promise<(files: Readonly<Record<string, string>>) => Promise<void>> {
  await mkdir(path);
  let version = 0;
  return async (files) => {
    const folder = `..v${++version}`;
    await mkdir(join(path, folder));
    for (const [name, content] of Object.entries(files)) await writeFile(join(path, folder, name), content);
    await symlink(folder, join(path, '..data_tmp'));
    await rename(join(path, '..data_tmp'), join(path, '..data'));
    if (version === 1) for (const name of Object.keys(files)) await symlink(join('..data', name), join(path, name));
  };
}

test('a proxy shows its new certificate after the Secret changed, and believes the new authority, without a restart', async (context) => {
  await using dir = await temporaryDir();
  const [first, second] = [await issueAuthority(validity), await issueAuthority(validity)];
  const server = async (authority: KeyPair): Promise<KeyPair> => issueLeaf(authority, { ...validity, dnsNames: ['localhost'], usage: 'server' });
  const client = async (authority: KeyPair): Promise<KeyPair> => issueLeaf(authority, { ...validity, uris: ['spiffe://moongate/proxy/default/ack-gateway'], usage: 'client' });

  const shown: string[] = [];
  const sockets = new Set<TLSSocket>();
  const controlPlane = createServer({ ...(await server(first)), ca: [first.cert, second.cert], requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3' }, (socket) => {
    const { raw } = socket.getPeerCertificate(true);
    shown.push(new X509Certificate(raw).serialNumber);
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).resume();
  });
  controlPlane.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => controlPlane.listen(0, '127.0.0.1', resolve));
  context.after(() => controlPlane.close());

  const { port } = controlPlane.address() as AddressInfo;
  const { envoy, get } = rendered({}, { ...environment, xds: { host: 'localhost', port } });
  const inDir = (text: string): string => text.replaceAll('"/sds/', `"${dir.path}/sds/`).replaceAll('"/certs', `"${dir.path}/certs`);
  await mkdir(join(dir.path, 'sds'));
  for (const [name, document] of Object.entries(get('ConfigMap').data)) await writeFile(join(dir.path, 'sds', name), inDir(document));
  const update = await secretVolume(join(dir.path, 'certs'));
  const one = await client(first);
  await update({ 'ca.crt': first.cert, 'tls.crt': one.cert, 'tls.key': one.key });

  const { path } = await findEnvoy();
  const args = envoy.args.map((arg) => inDir(arg).replaceAll('$(ENVOY_SERVICE_ZONE)', '').replaceAll('$(ENVOY_POD_NAME)', 'pod-1').replaceAll(/"port_value":1900\d/g, '"port_value":0'));
  const child = spawn(path, args, { stdio: 'ignore' });
  context.after(() => {
    child.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
  });
  const serialOf = ({ cert }: KeyPair): string => new X509Certificate(cert).serialNumber;
  await until('Envoy connects', () => shown.length > 0);
  assert.equal(shown[0], serialOf(one));

  const two = await client(second);
  await update({ 'ca.crt': `${first.cert}\n${second.cert}`, 'tls.crt': two.cert, 'tls.key': two.key });
  controlPlane.setSecureContext({ ...(await server(second)), ca: [first.cert, second.cert], minVersion: 'TLSv1.3' });
  await until('Envoy shows the new certificate', () => {
    for (const socket of sockets) socket.destroy();
    return shown.includes(serialOf(two));
  });
});

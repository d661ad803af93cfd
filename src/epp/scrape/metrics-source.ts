import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { durationMs } from '../../api/duration.ts';
import { messageOf } from '../../util/error-message.ts';
import { Parameters } from './parameters.ts';

/** Where servers of a pool are asked for their metrics: the parameters of `metrics-data-source`. */
export interface MetricsSource {
  readonly scheme: 'http' | 'https';
  /** Begins with a slash. */
  readonly path: string;
  /** Of all servers; undefined: that of the endpoint. */
  readonly port: number | undefined;
  readonly tls: ScrapeTls;
  /** Milliseconds between two questions to a busy server; 0: as often as the scraper asks by default. */
  readonly intervalMs: number;
}

/** How a server proves who it is, and we to it. PEM texts. */
export interface ScrapeTls {
  /** Whether any certificate will do. */
  readonly insecure: boolean;
  /** Undefined: the system's. */
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

const FIELDS = ['scheme', 'path', 'port', 'insecureSkipVerify', 'caCertPath', 'clientCertPath', 'clientKeyPath', 'interval'] as const;

/** Decodes the parameters of `metrics-data-source`, and reads the files that they name; undefined for none. Throws with a sentence that begins with the field. */
export function decodeMetricsSource(value: unknown, field = 'parameters'): MetricsSource {
  const parameters = new Parameters(value, field, FIELDS);
  const scheme = parameters.text('scheme') || 'http';
  if (scheme !== 'http' && scheme !== 'https') throw new Error(`${parameters.at('scheme')}: must be http or https, not ${JSON.stringify(scheme)}`);
  const path = parameters.text('path') || '/metrics';
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw new Error(`${parameters.at('path')}: ${JSON.stringify(path)} is no path, which begins with a slash`);
  const interval = parameters.text('interval');
  const intervalMs = interval === '' ? 0 : durationMs(interval);
  if (intervalMs === undefined) throw new Error(`${parameters.at('interval')}: ${JSON.stringify(interval)} is no duration such as 200ms or 1s`);
  return {
    scheme,
    path,
    port: parameters.integer('port', { min: 1, max: 65_535 }),
    tls: { insecure: parameters.flag('insecureSkipVerify', true), ca: readCa(parameters), client: readClient(parameters) },
    intervalMs,
  };
}

function readCa(parameters: Parameters): string | undefined {
  const path = parameters.text('caCertPath');
  if (path === '') return undefined;
  const pem = read(path, parameters.at('caCertPath'));
  try {
    new X509Certificate(pem);
  } catch {
    throw new Error(`${parameters.at('caCertPath')}: ${path} has no certificate in PEM`);
  }
  return pem;
}

function readClient(parameters: Parameters): ScrapeTls['client'] {
  const [certPath, keyPath] = [parameters.text('clientCertPath'), parameters.text('clientKeyPath')];
  if (certPath === '' && keyPath === '') return undefined;
  if (certPath === '') throw new Error(`${parameters.at('clientCertPath')}: must be set, since clientKeyPath is`);
  if (keyPath === '') throw new Error(`${parameters.at('clientKeyPath')}: must be set, since clientCertPath is`);
  const cert = read(certPath, parameters.at('clientCertPath'));
  const key = read(keyPath, parameters.at('clientKeyPath'));
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`${parameters.at('clientCertPath')}: the certificate in ${certPath} and the key in ${keyPath} cannot be used: ${messageOf(error)}`, { cause: error });
  }
  return { cert, key };
}

function read(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${field}: ${messageOf(error)}`, { cause: error });
  }
}

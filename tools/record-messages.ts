// Records what a kube-apiserver says about the objects in src/api/testdata/messages, and writes it into those files.
//
//   node tools/record-messages.ts --kubeconfig FILE [NAME.yaml …]
//
// The API server must have the CRDs (moongate crds) and a namespace `default`. Nothing is created but the former states of objects
// whose change is the case; those are removed again. The kubeconfig needs a token.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent, fetch } from 'undici';
import { isMap, isSeq, parse, parseDocument } from 'yaml';
import { servedVersion } from '../src/api/kinds.ts';
import { MESSAGES_FOLDER, messageCases, messageFiles } from '../src/api/testdata/testing.ts';
import type { Message, MessageCase } from '../src/api/testdata/testing.ts';

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string } }[];
  readonly users: readonly { readonly user: { readonly token?: string } }[];
}

interface Status {
  readonly code?: number;
  readonly message?: string;
  readonly metadata?: { readonly resourceVersion?: string };
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message: string }[] };
}

type Call = (method: string, path: string, body?: unknown) => Promise<Status>;

const { values, positionals } = parseArgs({ options: { kubeconfig: { type: 'string' } }, allowPositionals: true });
if (values.kubeconfig === undefined) throw new Error('--kubeconfig FILE is missing');
const call = client(values.kubeconfig);
for (const file of positionals.length > 0 ? positionals : messageFiles()) await record(file);

function client(file: string): Call {
  const { clusters, users } = parse(readFileSync(file, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': authority } = clusters[0]?.cluster ?? { server: '' };
  const dispatcher = new Agent({ connect: authority === undefined ? { rejectUnauthorized: false } : { ca: Buffer.from(authority, 'base64') } });
  const headers = { 'Content-Type': 'application/json', 'Authorization': `Bearer ${users[0]?.user.token ?? ''}` };
  return async (method, path, body) => {
    const response = await fetch(server + path, { method, headers, dispatcher, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return text.startsWith('{') ? (JSON.parse(text) as Status) : { code: response.status, message: text.trim() };
  };
}

async function record(file: string): Promise<void> {
  const path = join(MESSAGES_FOLDER, file);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const list = document.get('cases');
  if (!isSeq(list)) throw new Error(`${file} has no cases`);
  for (const [index, one] of messageCases(file).entries()) {
    const messages = await ask(one);
    const written = list.get(index);
    if (!isMap(written)) throw new Error(`${file}: case ${index} is no map`);
    written.set('messages', document.createNode(messages));
    console.log(`${file}: ${one.name}: ${messages.length}`);
  }
  writeFileSync(path, document.toString({ lineWidth: 0, indentSeq: false }));
}

async function ask({ object, old }: MessageCase): Promise<Message[]> {
  const { apiVersion, kind, metadata } = object as { apiVersion: string; kind: string; metadata: { name?: string; namespace?: string } };
  const known = servedVersion(apiVersion, kind)?.kind;
  if (known === undefined) throw new Error(`${kind} is no kind that we know`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const collection = `${root}${known.namespaced ? '/namespaces/default' : ''}/${known.plural}`;
  const query = '?dryRun=All&fieldValidation=Strict';
  if (old === undefined) return messagesOf(await call('POST', collection + query, object));
  const created = await call('POST', collection, old);
  const changed = { ...(object as object), metadata: { ...metadata, resourceVersion: created.metadata?.resourceVersion } };
  try {
    return messagesOf(await call('PUT', `${collection}/${metadata.name ?? ''}${query}`, changed));
  } finally {
    await call('DELETE', `${collection}/${metadata.name ?? ''}`);
  }
}

/** What went wrong, each thing once, in an order that does not depend on Go's maps. */
function messagesOf({ code, message = '', details }: Status): Message[] {
  if (code === undefined) return [];
  const causes = details?.causes ?? [{ field: '', message: message.replace(/^.* cannot be handled as an? \w+: /, '') }];
  const found = causes.flatMap((cause) => strict(cause.message) ?? [{ field: cause.field === undefined || cause.field === '<nil>' ? '' : cause.field, message: cause.message }]);
  const unique = new Map(found.map((one) => [`${one.field}\n${one.message}`, one]));
  return [...unique.keys()].toSorted().flatMap((key) => unique.get(key) ?? []);
}

/** `strict decoding error: unknown field "a", unknown field "b"` */
function strict(message: string): Message[] | undefined {
  const prefix = 'strict decoding error: ';
  if (!message.startsWith(prefix)) return undefined;
  return message.slice(prefix.length).split(/, (?=unknown field )/).map((one) => ({ field: /"(.*)"/.exec(one)?.[1] ?? '', message: one }));
}

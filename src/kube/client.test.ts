import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { KubeClient } from './client.ts';
import type { KubeClientOptions } from './client.ts';
import { noCredentials } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { isConflict, isExpired, isForbidden, isNotFound, KubeError } from './kube-error.ts';

interface Served {
  readonly client: KubeClient;
  readonly requests: IncomingMessage[];
  readonly connections: () => number;
}

async function serve(context: TestContext, handle: RequestListener, options: Partial<KubeClientOptions> & { credentials?: Credentials } = {}): Promise<Served> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  });
  let connections = 0;
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { credentials = noCredentials, ...rest } = options;
  const connection = { server: `http://127.0.0.1:${port}/prefix`, tls: {}, credentials, namespace: 'default' };
  const client = new KubeClient({ connection, userAgent: 'moongate/1.2.3', ...rest });
  context.after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, requests, connections: () => connections };
}

function status(code: number, reason: string, message: string, details?: object): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details });
}

function kubeError(check: (error: KubeError) => boolean): (error: unknown) => boolean {
  return (error) => error instanceof KubeError && check(error);
}

describe('client', () => {
  test('a request carries path, query, type, agent and body', async (context) => {
    const { client, requests } = await serve(context, (request, response) => {
      request.resume();
      response.end('{"ok":true}');
    });
    const answer = await client.request({ method: 'PATCH', path: '/api/v1/pods', query: { fieldManager: 'a b', force: true, none: undefined }, body: { x: 1 }, contentType: 'application/merge-patch+json' });
    assert.deepEqual(answer, { ok: true });
    const [{ url, headers } = { url: '', headers: {} }] = requests;
    assert.equal(url, '/prefix/api/v1/pods?fieldManager=a+b&force=true');
    assert.equal(headers['content-type'], 'application/merge-patch+json');
    assert.equal(headers['user-agent'], 'moongate/1.2.3');
    assert.equal(headers['content-length'], '7');
  });

  for (const [code, reason, test_] of [
    [403, 'Forbidden', isForbidden], [404, 'NotFound', isNotFound], [409, 'Conflict', isConflict], [410, 'Expired', isExpired],
  ] as const) {
    test(`a Status of code ${code} is an error that says so`, async (context) => {
      const { client } = await serve(context, (_, response) => {
        response.statusCode = code;
        response.end(status(code, reason, 'because'));
      });
      await assert.rejects(client.request({ method: 'GET', path: '/x' }), kubeError((error) =>
        test_(error) && error.code === code && error.reason === reason && error.message === `GET /x: ${code} because`));
    });
  }

  test('an error names the fields that are invalid and how long to wait', async (context) => {
    const causes = [{ field: 'spec.x', reason: 'FieldValueInvalid', message: 'Invalid value' }];
    const { client } = await serve(context, (_, response) => {
      response.statusCode = 422;
      response.end(status(422, 'Invalid', 'is invalid', { causes, retryAfterSeconds: 3 }));
    });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), kubeError((error) => {
      assert.deepEqual(error.causes, causes);
      return error.retryAfterMs === 3000;
    }));
  });

  test('an answer that is no Status is quoted', async (context) => {
    const { client } = await serve(context, (_, response) => {
      response.writeHead(503, { 'retry-after': '7' });
      response.end('upstream connect error');
    });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), kubeError((error) =>
      error.message === 'GET /x: 503 upstream connect error' && error.reason === 'ServiceUnavailable' && error.retryAfterMs === 7000));
  });

  test('a server that does not listen is unreachable', async () => {
    const connection = { server: 'http://127.0.0.1:1', tls: {}, credentials: noCredentials, namespace: 'default' };
    const client = new KubeClient({ connection, userAgent: 'moongate/test' });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), kubeError(({ code, reason, message }) =>
      code === 0 && reason === 'Unreachable' && message === 'GET /x: connect ECONNREFUSED 127.0.0.1:1'));
  });

  test('an answer that does not come in time is an error', async (context) => {
    const { client } = await serve(context, () => {}, { timeoutMs: 50 });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), /GET \/x: no answer within 0.05 s/);
  });

  test('an answer that stops in the middle is an error in time, too', async (context) => {
    const { client } = await serve(context, (_, response) => void response.write('{"half":'), { timeoutMs: 50 });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), /GET \/x: no answer within 0.05 s/);
  });

  test('a signal ends a request and a stream', async (context) => {
    const { client, requests } = await serve(context, (request, response) => {
      if (request.url?.endsWith('/stream') === true) response.write('{}\n');
    });
    const abort = new AbortController();
    const pending = client.request({ method: 'GET', path: '/x', signal: abort.signal });
    const stream = await client.stream({ path: '/stream', signal: abort.signal });
    const read = (async () => {
      for await (const chunk of stream.body) {
        assert.equal(chunk.toString(), '{}\n');
        abort.abort();
      }
    })();
    await Promise.all([assert.rejects(read, KubeError), assert.rejects(pending, KubeError)]);
    assert.equal(requests.length, 2);
  });

  test('an answer larger than the limit is refused', async (context) => {
    const { client } = await serve(context, (_, response) => void response.end(JSON.stringify('x'.repeat(1000))), { maxBytes: 500 });
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), /GET \/x: the answer is larger than 500 bytes/);
  });

  test('an answer that is no JSON is an error', async (context) => {
    const { client } = await serve(context, (_, response) => void response.end('<html>'));
    await assert.rejects(client.request({ method: 'GET', path: '/x' }), kubeError(({ reason }) => reason === 'Unreadable'));
  });

  test('connections are kept and shared by requests', async (context) => {
    const { client, connections } = await serve(context, (_, response) => void response.end('{}'), { maxConnections: 2 });
    for (let i = 0; i < 5; i++) await client.request({ method: 'GET', path: '/x' });
    assert.equal(connections(), 1);
    await Promise.all(Array.from({ length: 10 }, () => client.request({ method: 'GET', path: '/x' })));
    assert.equal(connections(), 2);
  });

  test('a kept connection that the server closed meanwhile costs nothing', async (context) => {
    let served = 0;
    const { client, connections } = await serve(context, (request, response) => {
      // The second request on a connection finds it closed.
      if (served++ === 1) request.socket.destroy();
      else response.end('{}');
    });
    await client.request({ method: 'GET', path: '/x' });
    await client.request({ method: 'GET', path: '/x' });
    assert.equal(connections(), 2);
  });

  test('a refused token is fetched anew, once', async (context) => {
    let token = 'old';
    let refused = 0;
    const credentials: Credentials = {
      authorization: async () => `Bearer ${token}`,
      refused() {
        refused++;
        token = 'new';
      },
    };
    const { client } = await serve(context, (request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer new' && request.url !== '/prefix/never' ? 200 : 401;
      response.end(response.statusCode === 200 ? '{}' : status(401, 'Unauthorized', 'Unauthorized'));
    }, { credentials });
    await client.request({ method: 'GET', path: '/x' });
    assert.equal(refused, 1);
    await assert.rejects(client.request({ method: 'GET', path: '/never' }), kubeError(({ code, message }) => code === 401 && !message.includes('Bearer')));
    assert.equal(refused, 2);
  });
});

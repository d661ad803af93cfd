import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFinalStage } from './dockerfile.ts';

const text = `# An image.
FROM node:24 AS build
WORKDIR /app
COPY . .
RUN npm ci
RUN npm prune \\
  # what the base has
  && rm -rf node_modules/node ./node_modules/.bin; rm -rf /var/npm

FROM example.com/base:nonroot
LABEL a="one two" b=three
WORKDIR /app
COPY --from=build /app/dist /app/dist
COPY --from=build /app/package.json /app/LICENSE /app/
ENV NODE_ENV=production \\
    OTHER="x y"
USER 65532:65532
EXPOSE 18000 53/udp
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/cli/main.js"]
CMD ["controller"]
`;

test('the last stage is read, and what the build removes', () => {
  assert.deepEqual(readFinalStage(text), {
    base: 'example.com/base:nonroot',
    copies: [
      { from: 'build', sources: ['/app/dist'], target: '/app/dist' },
      { from: 'build', sources: ['/app/package.json', '/app/LICENSE'], target: '/app/' },
    ],
    env: { NODE_ENV: 'production', OTHER: 'x y' },
    labels: { a: 'one two', b: 'three' },
    exposedPorts: ['18000', '53/udp'],
    user: '65532:65532',
    workingDir: '/app',
    entrypoint: ['/nodejs/bin/node', '/app/dist/cli/main.js'],
    cmd: ['controller'],
    removed: { build: ['/app/node_modules/node', '/app/node_modules/.bin', '/var/npm'] },
  });
});

test('what cannot be carried out is refused with its line', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['RUN true', /line 2: RUN is not understood/],
    ['ADD a /b', /line 2: ADD is not understood/],
    ['COPY a /b', /line 2: COPY a \/b: only copies --from an earlier stage/],
    ['COPY --from=build /a /b', /only copies --from an earlier stage/],
    ['ENTRYPOINT node main.js', /only a list of words/],
    ['ENV NODE_ENV production', /only KEY=VALUE/],
  ];
  for (const [line, message] of wrong) assert.throws(() => readFinalStage(`FROM base\n${line}\n`), message, line);
  assert.throws(() => readFinalStage('USER root\n'), /line 1: USER comes before FROM/);
  assert.throws(() => readFinalStage('# nothing\n'), /no FROM/);
  assert.throws(() => readFinalStage('FROM a AS b\nFROM c\nCOPY --from=b /x/* /y\n'), /without wildcards/);
});

test("the product's own Dockerfile is understood", () => {
  const { base, entrypoint, user } = readFinalStage(readFileSync(join(import.meta.dirname, '../../../Dockerfile'), 'utf8'));
  assert.match(base, /^gcr\.io\/distroless\/nodejs24/);
  assert.equal(entrypoint?.[0], '/nodejs/bin/node');
  assert.match(user ?? '', /^[1-9]/);
});

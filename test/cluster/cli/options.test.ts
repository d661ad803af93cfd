import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand, UsageError } from './options.ts';

const plain = { kind: 'start', nodes: [{}], install: 'moongate', set: [], images: [], metrics: false, exec: undefined };

test('without options Moongate is installed on one node', () => {
  assert.deepEqual(parseCommand([]), plain);
});

test('nodes are a number, or labels once for each', () => {
  assert.deepEqual(parseCommand(['--nodes', '3']), { ...plain, nodes: [{}, {}, {}] });
  assert.deepEqual(parseCommand(['--nodes', 'zone=a,pool=edge', '--nodes', 'zone=b']), { ...plain, nodes: [{ zone: 'a', pool: 'edge' }, { zone: 'b' }] });
  assert.deepEqual(parseCommand(['--nodes', '', '--nodes', 'zone=b']), { ...plain, nodes: [{}, { zone: 'b' }] });
});

test('a command is taken as it is', () => {
  assert.deepEqual(parseCommand(['--bare', '--exec', 'kubectl get nodes -o wide']), { ...plain, install: 'nothing', exec: 'kubectl get nodes -o wide' });
});

test('values, images and the peer are passed on', () => {
  assert.deepEqual(parseCommand(['--set', 'replicas=2', '--set', 'a.b=c', '--images', 'x']), { ...plain, set: ['replicas=2', 'a.b=c'], images: ['x'] });
  assert.deepEqual(parseCommand(['--peer', 'envoy-gateway', '--metrics']), { ...plain, install: 'envoy-gateway', metrics: true });
});

test('stopping takes a number, all, or nothing', () => {
  assert.deepEqual(parseCommand(['--down']), { kind: 'down', slot: undefined });
  assert.deepEqual(parseCommand(['--down', '3']), { kind: 'down', slot: 3 });
  assert.deepEqual(parseCommand(['--down', 'all']), { kind: 'down', slot: 'all' });
});

test('what makes no sense is refused with a sentence', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['kubectl'], /kubectl is not understood/],
    [['--nodes', '0'], /1 to 8 nodes, not 0/],
    [['--nodes', '9'], /1 to 8 nodes, not 9/],
    [['--nodes', 'zone'], /neither a number nor labels/],
    [['--nodes', '2', '--nodes', 'a=b'], /neither a number nor labels/],
    [['--peer', 'istio'], /the only peer is envoy-gateway/],
    [['--peer', 'envoy-gateway', '--bare'], /exclude each other/],
    [['--bare', '--set', 'a=b'], /not to be installed/],
    [['--down', 'some'], /neither a number nor all/],
    [['--down', '1', '2'], /takes one number/],
    [['--exec'], /exec/],
    [['--colour'], /colour/],
  ];
  for (const [args, message] of wrong) assert.throws(() => parseCommand(args), (error) => error instanceof UsageError && message.test(error.message), args.join(' '));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { told } from './model-client.ts';
import { blame, suspectsOf } from './refusal.ts';

describe('the text of a refusal', () => {
  it('of clusters names each with its reason', () => {
    const text = 'Error adding/updating cluster(s) a: no, really: no, ba: neither, c: nor this';
    assert.deepEqual([...blame(text, ['ba', 'a', 'b', 'c'])], [['a', 'no, really: no'], ['ba', 'neither'], ['c', 'nor this']]);
  });

  it('of listeners names each with its reason, which may have many lines', () => {
    const text = 'Error adding/updating listener(s) ns/gw/http: bad filter {\n  name: "x"\n}\n: too bad\nns/gw/tls: worse\n';
    assert.deepEqual([...blame(text, ['ns/gw/http', 'ns/gw', 'ns/gw/tls'])], [
      ['ns/gw/http', 'bad filter {\n  name: "x"\n}\n: too bad'],
      ['ns/gw/tls', 'worse'],
    ]);
  });

  it('that names nobody blames the only resource, and none of several', () => {
    assert.deepEqual([...blame(' Duplicate entry of domain x in route r\n', ['r'])], [['r', 'Duplicate entry of domain x in route r']]);
    assert.equal(blame('Duplicate entry of domain x in route r', ['r', 's']).size, 0);
  });

  it('is kept up to a limit', () => {
    assert.equal(blame('x'.repeat(100_000), ['r']).get('r')?.length, 4_096);
  });
});

describe('suspects', () => {
  it('are the contributions that the accepted content did not have in this version', () => {
    const parts = (...list: string[]) => () => list.map((text) => ({ owner: text.slice(0, 1), version: text.slice(1) }));
    const accepted = told('r', '1', { parts: parts('a1', 'b1', 'gone1') });
    const refused = told('r', '2', { parts: parts('a1', 'b2', 'c1') });
    assert.deepEqual(suspectsOf(refused, accepted), parts('b2', 'c1')());
    assert.deepEqual(suspectsOf(refused, undefined), parts('a1', 'b2', 'c1')());
    assert.deepEqual(suspectsOf(told('r', '3'), accepted), []);
  });
});

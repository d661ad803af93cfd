import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { told } from './model-client.ts';
import { ResourceStore, type Changes } from './resources.ts';

function listening(): { store: ResourceStore; heard: Changes[]; stop: () => void } {
  const store = new ResourceStore();
  const heard: Changes[] = [];
  return { store, heard, stop: store.subscribe('p', (changes) => heard.push(changes)) };
}

describe('the resource store', () => {
  it('shows nothing of a change before its commit, and all of it afterwards, told once', () => {
    const { store, heard } = listening();
    store.set('p', 'CDS', told('b', '1'));
    store.set('p', 'CDS', told('a', '1'));
    store.set('p', 'RDS', told('web', '1'));
    assert.deepEqual([store.get('p', 'CDS', 'a'), store.proxies(), heard], [undefined, [], []]);
    store.commit();
    assert.deepEqual(heard, [new Map([['CDS', new Set(['b', 'a'])], ['RDS', new Set(['web'])]])]);
    assert.deepEqual(store.list('p', 'CDS').map(({ name }) => name), ['a', 'b']);
  });

  it('takes the version that is there already for no change', () => {
    const { store, heard } = listening();
    store.set('p', 'CDS', told('a', '1'));
    store.commit();
    heard.length = 0;
    store.set('p', 'CDS', told('a', '2'));
    store.set('p', 'CDS', told('a', '1'));
    store.delete('p', 'CDS', 'unknown');
    store.commit();
    assert.deepEqual(heard, []);
  });

  it('keeps proxies apart and forgets one without resources', () => {
    const { store, heard } = listening();
    store.set('q', 'CDS', told('a', '1'));
    store.commit();
    assert.deepEqual([heard, store.proxies(), store.has('p')], [[], ['q'], false]);
    store.delete('q', 'CDS', 'a');
    store.commit();
    assert.deepEqual([store.proxies(), [...store.names('q', 'CDS')]], [[], []]);
  });

  it('tells nobody who has left', () => {
    const { store, heard, stop } = listening();
    stop();
    store.set('p', 'CDS', told('a', '1'));
    store.commit();
    assert.deepEqual(heard, []);
  });
});

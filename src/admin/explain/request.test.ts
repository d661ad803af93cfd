import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hostOf, parseRequest } from './request.ts';

function parsed(url: string, ...headers: string[]) {
  const { scheme, host, port, authority, path } = parseRequest('get', url, headers);
  return `${scheme} ${host} ${port} ${authority} ${path}`;
}

describe('a request as a user types it', () => {
  const cases: [string, string][] = [
    ['http://www.example.com/get', 'http www.example.com 80 www.example.com /get'],
    ['https://www.Example.com', 'https www.example.com 443 www.Example.com /'],
    ['http://www.example.com:8080?x=1', 'http www.example.com 8080 www.example.com:8080 /?x=1'],
    ['www.example.com/a#frag', 'http www.example.com 80 www.example.com /a'],
    ['http://user:pass@host/a/../b//c', 'http host 80 host /a/../b//c'],
    ['http://[::1]:8080/', 'http [::1] 8080 [::1]:8080 /'],
  ];
  for (const [url, expected] of cases) test(url, () => assert.equal(parsed(url), expected));

  test('the Host header says which host is meant, the URL where to connect', () => {
    assert.equal(parsed('http://127.0.0.1:8080/', 'Host: www.example.com'), 'http 127.0.0.1 8080 www.example.com /');
  });

  test('names of headers are in lower case, values trimmed, and a value may have colons', () => {
    assert.deepEqual(parseRequest('GET', 'http://a/', ['X-One:  a: b ', 'x-one:']).headers, [{ name: 'x-one', value: 'a: b' }, { name: 'x-one', value: '' }]);
  });

  test('a host is compared without its port, in lower case', () => {
    assert.deepEqual(['A.test:80', '[::1]:80', 'a.test'].map(hostOf), ['a.test', '[::1]', 'a.test']);
  });
});

describe('a request that makes no sense is refused by name', () => {
  const cases: [string, string, string[], RegExp][] = [
    ['G ET', 'http://a/', [], /"G ET" is not a method/],
    ['GET', 'ftp://a/', [], /scheme ftp is not known/],
    ['GET', '/get', [], /"\/get" is not a URL: http:\/\/HOST/],
    ['GET', 'http://a:99999/', [], /"a:99999" is not a host with a port/],
    ['GET', 'http://a/', ['nonsense'], /"nonsense" is not a header/],
    ['GET', 'http://a/', Array.from({ length: 101 }, () => 'a: b'), /more than 100 headers/],
  ];
  for (const [method, url, headers, reason] of cases) {
    test(`${method} ${url} ${headers[0] ?? ''}`, () => assert.throws(() => parseRequest(method, url, headers), { name: 'BadRequestError', message: reason }));
  }
});

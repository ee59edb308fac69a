import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 as chosen } from '../../src/base/sha256.ts';
import { softwareSha256 } from '../../src/base/software-sha256.ts';

/** What Node's OpenSSL says, of the bytes that a TextEncoder makes: it replaces lone surrogates. */
const expected = (text: string): string =>
  createHash('sha256').update(new TextEncoder().encode(text)).digest('hex');

describe.each([
  ['the platform', chosen],
  ['our own code', softwareSha256],
])('SHA-256 by %s', (name, sha256) => {
  it('is that one', () => {
    expect(chosen === softwareSha256).toBe(false);
    expect(name === 'our own code').toBe(sha256 === softwareSha256);
  });

  // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
  ])('knows the vector of "%s"', (text, digest) => {
    expect(sha256(text)).toBe(digest);
    expect(expected(text)).toBe(digest);
  });

  it('knows the vector of a million times "a"', () => {
    expect(sha256('a'.repeat(1_000_000))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  it('is right for every length around the ends of four blocks', () => {
    const lengths = Array.from({ length: 260 }, (_, length) => length);
    const texts = lengths.map((length) => 'ab\u0000;'.repeat(65).slice(0, length));
    expect(texts.map(sha256)).toEqual(texts.map(expected));
  });

  it.each([
    ['two bytes', 'é'],
    ['three bytes', '表'],
    ['four bytes', '😀'],
    ['a byte order mark', '\ufeff'],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate', '\ude00'],
    ['surrogates the wrong way round', '\ude00\ud83d'],
    ['all bits of a byte', '\u007f\u0080\u07ff\u0800\uffff'],
  ])('counts bytes, not letters: %s', (_, letter) => {
    const texts = [1, 13, 14, 16, 18, 19, 21, 22, 27, 28, 31, 32, 64].map((times) =>
      letter.repeat(times),
    );
    expect(texts.map(sha256)).toEqual(texts.map(expected));
  });

  it('is that of node:crypto for any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(fc.nat(0xffff), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(text, (sql) => {
        expect(sha256(sql)).toBe(expected(sql));
      }),
      { numRuns: 1000 },
    );
  });
});

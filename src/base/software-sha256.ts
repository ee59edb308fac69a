// The SHA-256 of FIPS 180-4 (https://doi.org/10.6028/NIST.FIPS.180-4), for where the platform has none that a constructor
// can call. It fingerprints SQL and protects nothing.

const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);

const fractions = (root: (x: number) => number): Int32Array =>
  Int32Array.from(primes, (p) => (root(p) % 1) * 2 ** 32);
const ROUND = fractions(Math.cbrt);
const INITIAL = fractions(Math.sqrt).slice(0, 8);

const rotate = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits));
const mix = (x: number, i: number, j: number, k: number): number =>
  rotate(x, i) ^ rotate(x, j) ^ rotate(x, k);

/** Eight words of 32 bits. */
type Words = [number, number, number, number, number, number, number, number];

/** One block's 64 rounds. The eight words are variables, not an array: this is most of an isolate's first wake. */
function digest(hash: Int32Array, w: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = hash as Iterable<number> as Words;
  for (let i = 0; i < 64; i++) {
    const choice = g ^ (e & (f ^ g));
    const t = (h + mix(e, 6, 11, 25) + choice + (ROUND[i] as number) + (w[i] as number)) | 0;
    const majority = (a & b) | (c & (a | b));
    const s = mix(a, 2, 13, 22) + majority;
    h = g;
    g = f;
    f = e;
    e = (d + t) | 0;
    d = c;
    c = b;
    b = a;
    a = (t + s) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((x, i) => {
    hash[i] = (hash[i] as number) + x;
  });
}

/**
 * The SHA-256 of a text in UTF-8, as `sha256sum` prints it for a file of that text.
 *
 * @param text any text
 * @returns 64 hexadecimal digits in lower case
 */
export function softwareSha256(text: string): string {
  const message = new TextEncoder().encode(text);
  const padded = new Uint8Array((message.length + 72) & ~63);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  // 32 of its 64 bits: a text of 512 MB has no room in a Worker.
  view.setUint32(padded.length - 4, message.length * 8);

  const hash = INITIAL.slice();
  const w = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i++) {
      const w15 = w[i - 15] as number;
      const w2 = w[i - 2] as number;
      const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
      const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
    }
    digest(hash, w);
  }
  return Array.from(hash, (x) => (x >>> 0).toString(16).padStart(8, '0')).join('');
}

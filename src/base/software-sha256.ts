// The SHA-256 of FIPS 180-4 (https://doi.org/10.6028/NIST.FIPS.180-4), for where the platform has none that a constructor
// can call. It fingerprints SQL and protects nothing.

const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);

const fractions = (root: (x: number) => number): Int32Array =>
  Int32Array.from(primes, (p) => (root(p) % 1) * 2 ** 32);
const ROUND = fractions(Math.cbrt);
const INITIAL = fractions(Math.sqrt).slice(0, 8);

const rotate = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits));
const rotations = (x: number, i: number, j: number, k: number): number =>
  rotate(x, i) ^ rotate(x, j) ^ rotate(x, k);
const shifted = (x: number, i: number, j: number, k: number): number =>
  rotate(x, i) ^ rotate(x, j) ^ (x >>> k);

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
    // Eight variables, not an array: this is most of an isolate's first wake.
    let a = hash[0] as number;
    let b = hash[1] as number;
    let c = hash[2] as number;
    let d = hash[3] as number;
    let e = hash[4] as number;
    let f = hash[5] as number;
    let g = hash[6] as number;
    let h = hash[7] as number;
    for (let i = 0; i < 64; i++) {
      w[i] =
        i < 16
          ? view.getInt32(block + i * 4)
          : (w[i - 16] as number) +
            shifted(w[i - 15] as number, 7, 18, 3) +
            (w[i - 7] as number) +
            shifted(w[i - 2] as number, 17, 19, 10);
      const t =
        (h +
          rotations(e, 6, 11, 25) +
          (g ^ (e & (f ^ g))) +
          (ROUND[i] as number) +
          (w[i] as number)) |
        0;
      const s = rotations(a, 2, 13, 22) + ((a & b) | (c & (a | b)));
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
  return Array.from(hash, (x) => (x >>> 0).toString(16).padStart(8, '0')).join('');
}

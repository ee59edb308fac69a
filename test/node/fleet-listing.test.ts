// How deployed objects are listed, and what else the command `fleet` reads before it asks a Worker.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cloudflare } from '../../src/cli/fleet/cloudflare.ts';
import { listDeployed, listLocally } from '../../src/cli/fleet/listing.ts';
import { harmless, oneLine } from '../../src/cli/fleet/text.ts';
import {
  readCanary,
  readMaxFailures,
  readRate,
  readTime,
  readWhole,
} from '../../src/cli/fleet/values.ts';
import { readWorker } from '../../src/cli/wrangler.ts';
import { FakeCloudflare, type Instead, type Plan, type Shape } from './cloudflare.ts';

const TOKEN = 'cf-token-0123456789';
const ACCOUNT = 'a'.repeat(32);

/** Ids that are spread as those of objects are. */
const IDS = Array.from({ length: 5_000 }, (_, i) =>
  BigInt.asUintN(64, 0x9e3779b97f4a7c15n * BigInt(i + 1))
    .toString(16)
    .padStart(16, '0')
    .padEnd(64, '5'),
).sort();
const OBJECTS = IDS.map((id) => ({ id, hasStoredData: true }));

let fake: FakeCloudflare | undefined;
afterEach(() => {
  fake?.stop();
  vi.unstubAllEnvs();
});

const pauses: number[] = [];
beforeEach(() => {
  pauses.length = 0;
  vi.stubEnv('CLOUDFLARE_API_TOKEN', TOKEN);
  vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', ACCOUNT);
});

/** Starts a server, and a client that does not wait. */
async function start(plan: Partial<Plan> & { readonly shape: Shape }): Promise<Cloudflare> {
  fake = await FakeCloudflare.start({ objects: OBJECTS, ...plan });
  vi.stubEnv('CLOUDFLARE_API_BASE_URL', fake.url);
  return new Cloudflare(ACCOUNT, async (milliseconds) => {
    pauses.push(milliseconds);
  });
}

async function all(api: Cloudflare, after: string | null = null, to: string | null = null) {
  const ids: string[] = [];
  for await (const page of api.objects('n1', after, to)) ids.push(...page);
  return ids;
}

const SHAPES: Shape[] = ['result_info.cursors.after', 'result_info.cursor', 'none'];

describe.each(SHAPES)('a listing with %s', (shape) => {
  it('has all objects once, in order', async () => {
    expect(await all(await start({ shape }))).toEqual(IDS);
    // One more, as the last page is full.
    expect(fake?.requests.length).toBe(6);
    expect(fake?.requests[0]).toEqual({
      path: `/client/v4/accounts/${ACCOUNT}/workers/durable_objects/namespaces/n1/objects`,
      cursor: null,
      limit: 1000,
      authorization: `Bearer ${TOKEN}`,
    });
  });

  it('begins behind an id, and ends before one', async () => {
    const api = await start({ shape });
    expect(await all(api, IDS[1_234])).toEqual(IDS.slice(1_235));
    expect(await all(api, null, '0290')).toEqual(IDS.filter((id) => id < '0290'));
    expect(fake?.requests.at(-1)?.cursor).toBe(null);
    expect(await all(api, IDS.at(-1))).toEqual([]);
  });
});

describe('a listing', () => {
  it('leaves out what has no data, also where that is a whole page', async () => {
    const objects = IDS.map((id, i) => ({ id, hasStoredData: i % 3 === 0 && i >= 1_000 }));
    const api = await start({ shape: 'result_info.cursor', objects });
    expect(await all(api)).toEqual(IDS.filter((_, i) => i % 3 === 0 && i >= 1_000));
  });

  it('keeps what does not say whether it has data', async () => {
    const objects = IDS.slice(0, 3).map((id) => ({ id }));
    expect(await all(await start({ shape: 'none', objects }))).toEqual(IDS.slice(0, 3));
  });

  it('goes on after limits, failures, cut connections and pages that are no JSON', async () => {
    const steps: (Instead | undefined)[] = [
      { status: 429, headers: { 'Retry-After': '7' }, body: {} },
      undefined,
      { status: 503, body: 'busy' },
      { status: 500, body: { errors: [{ code: 10013, message: 'unknown error' }] } },
      undefined,
      { status: 200, cut: true },
      { status: 200, body: '<html>' },
    ];
    const api = await start({ shape: 'result_info.cursor', instead: (number) => steps[number] });
    expect(await all(api)).toEqual(IDS);
    expect(pauses[0]).toBe(7_000);
    expect(pauses.length).toBe(5);
    expect(pauses[2]).toBeGreaterThanOrEqual(1_500);
    expect(pauses[2]).toBeLessThanOrEqual(2_500);
  });

  it('gives up in the end, and says so', async () => {
    const api = await start({
      shape: 'none',
      instead: () => ({ status: 500, body: { errors: [{ code: 7000, message: `no ${TOKEN}` }] } }),
    });
    await expect(all(api)).rejects.toThrow(
      "Cloudflare's API fails, 10 times in a row: 500: no *** (7000). Run the command again later: it goes on where it is.",
    );
    expect(pauses.length).toBe(9);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000);
  });

  it.each([
    [403, 'Has the token in CLOUDFLARE_API_TOKEN the right Workers Scripts: Read for the account'],
    [404, 'Is the namespace'],
    [302, 'the token was not sent there'],
  ])('does not try again after %i', async (status, text) => {
    const body = { errors: [{ code: 10000, message: 'Authentication error' }] };
    const headers = { Location: 'http://127.0.0.1:1/' };
    const api = await start({ shape: 'none', instead: () => ({ status, body, headers }) });
    await expect(all(api)).rejects.toThrow(new RegExp(text, 'i'));
    expect(fake?.requests.length).toBe(1);
  });

  it('begins at the start where an id is no cursor any more', async () => {
    const api = await start({
      shape: 'result_info.cursor',
      instead: (number) => (number === 0 ? { status: 400, body: { errors: [] } } : undefined),
    });
    expect(await all(api, IDS[2_500])).toEqual(IDS.slice(2_501));
    expect(fake?.requests.map(({ cursor }) => cursor).slice(0, 3)).toEqual([
      IDS[2_500],
      null,
      IDS[999],
    ]);
  });

  it('refuses an order that leaves nothing to go on from', async () => {
    const [one, two] = IDS as [string, string];
    const api = await start({ shape: 'none', objects: [{ id: two }, { id: one }] });
    await expect(all(api)).rejects.toThrow(`lists ${one} after ${two}`);
  });

  it('ends when it is told to', async () => {
    const api = await start({ shape: 'none', delay: 60_000 });
    const controller = new AbortController();
    const listing = api.objects('n1', null, null, controller.signal).next();
    controller.abort();
    await expect(listing).rejects.toThrow('aborted');
  });

  it('needs a token that a header can have, and an address that hides it', () => {
    vi.stubEnv('CLOUDFLARE_API_TOKEN', '');
    expect(() => new Cloudflare(ACCOUNT)).toThrow(
      'CLOUDFLARE_API_TOKEN is not set. It lists the deployed objects. Make one with the right Workers Scripts: Read for this account, and no other.',
    );
    vi.stubEnv('CLOUDFLARE_API_TOKEN', 'two words');
    expect(() => new Cloudflare(ACCOUNT)).toThrow('a character that no header can have');
    vi.stubEnv('CLOUDFLARE_API_TOKEN', TOKEN);
    vi.stubEnv('CLOUDFLARE_API_BASE_URL', 'http://proxy.example.com');
    expect(() => new Cloudflare(ACCOUNT)).toThrow('the token would be readable on the way');
  });
});

describe('the class to list', () => {
  const namespace = (id: string, name: string, script: string, sqlite = true) => ({
    id,
    name: `${script}_${name}`,
    class: name,
    script,
    use_sqlite: sqlite,
  });
  const namespaces = [
    namespace('n1', 'Inbox', 'mail'),
    namespace('n2', 'Inbox', 'mail-staging'),
    namespace('n3', 'Archive', 'mail', false),
    namespace('n4', 'Only', 'mail'),
  ];
  const listed = (className: string | undefined, script?: string, binding = 'INBOX') => ({
    className,
    script,
    binding,
  });
  const open = async (...parameters: Parameters<typeof listed>): Promise<string[]> => {
    const api = await start({ shape: 'none', namespaces });
    const lister = await listDeployed(listed(...parameters), undefined, undefined, () => api);
    for await (const _ of lister.pages(null, null, new AbortController().signal)) break;
    expect(lister.said).toContain('needs the right Workers Scripts: Read, and no other');
    return fake?.requests.map(({ path }) => path.split('/').at(-2) ?? '') ?? [];
  };

  it('is found by its name and its Worker, or by its binding', async () => {
    expect((await open('Inbox', 'mail')).at(-1)).toBe('n1');
    expect((await open('Inbox', 'mail-staging')).at(-1)).toBe('n2');
    expect((await open(undefined, undefined, 'ONLY')).at(-1)).toBe('n4');
  });

  it('is named by its id where that does not tell', async () => {
    await expect(open('Inbox')).rejects.toThrow('--namespace n2  of mail-staging');
    await expect(open('Nothing')).rejects.toThrow('It has Inbox, Archive, Only.');
    await expect(open('Archive')).rejects.toThrow('without SQLite');
  });

  it('needs an account', async () => {
    vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', '');
    await expect(listDeployed(listed('Inbox'), undefined, undefined)).rejects.toThrow(
      'set CLOUDFLARE_ACCOUNT_ID, or account_id',
    );
  });
});

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('local objects', () => {
  const make = (script: string, count: number): void => {
    const path = join(folder, 'state/v3/do', script);
    mkdirSync(path, { recursive: true });
    for (const id of IDS.slice(0, count)) writeFileSync(join(path, `${id}.sqlite`), '');
  };
  const wanted = (script?: string) => ({ binding: 'INBOX', className: 'Inbox', script });
  const pages = async (
    path: string,
    script: string | undefined,
    after: string | null,
    to: string | null,
  ) => {
    const lister = await listLocally(path, wanted(script));
    const ids: string[] = [];
    for await (const page of lister.pages(after, to, new AbortController().signal)) {
      ids.push(...page);
    }
    return ids;
  };

  it('are files of the class, in order', async () => {
    make('mail-Inbox', 1_500);
    make('mail-Archive', 3);
    const path = join(folder, 'state');
    expect(await pages(path, undefined, null, null)).toEqual(IDS.slice(0, 1_500));
    const [from, to] = [IDS[9] as string, IDS[20] as string];
    expect(await pages(path, 'mail', from, to)).toEqual(IDS.slice(10, 20));
    make('other-Inbox', 2);
    expect(await pages(path, 'other', null, null)).toEqual(IDS.slice(0, 2));
    await expect(pages(path, undefined, null, null)).rejects.toThrow(
      /several Workers have objects of Inbox: (mail, other|other, mail)/,
    );
  });
});

describe("wrangler's config", () => {
  const JSONC = `{
    // A comment.
    "name": "mail", "account_id": "acc",
    "durable_objects": { "bindings": [
      { "name": "INBOX", "class_name": "Inbox" },
      { "name": "OTHER", "class_name": "Other", "script_name": "other" },
    ] },
    "env": { "staging": { "durable_objects": { "bindings": [{ "name": "INBOX", "class_name": "Inbox2" }] } } },
  }`;
  const TOML = `name = "mail"
account_id = 'acc'
[[durable_objects.bindings]]
name = "INBOX"
class_name = "Inbox"
# name = "NO"
[[durable_objects.bindings]]
name = "OTHER"
class_name = "Other"
script_name = "other"
[vars]
name = "no"
[env.staging]
[env.staging.durable_objects]
bindings = [ { name = "INBOX", class_name = "Inbox2" } ]
`;
  const INLINE = `name = "mail"
account_id = "acc"
[durable_objects]
bindings = [
  { name = "INBOX", class_name = "Inbox" },
  { name = "OTHER", class_name = "Other", script_name = "other" },
]
[env.staging]
durable_objects = { bindings = [{ name = "INBOX", class_name = "Inbox2" }] }
`;

  it.each([
    ['wrangler.jsonc', JSONC],
    ['wrangler.toml', TOML],
    ['inline.toml', INLINE],
  ])('tells the Worker and its classes: %s', (name, text) => {
    const config = join(folder, name);
    writeFileSync(config, text);
    expect(readWorker(config, undefined)).toEqual({
      config,
      name: 'mail',
      accountId: 'acc',
      bindings: [
        { name: 'INBOX', className: 'Inbox', script: undefined },
        { name: 'OTHER', className: 'Other', script: 'other' },
      ],
    });
    expect(readWorker(config, 'staging')).toEqual({
      config,
      name: 'mail-staging',
      accountId: 'acc',
      bindings: [{ name: 'INBOX', className: 'Inbox2', script: undefined }],
    });
    expect(() => readWorker(config, 'no')).toThrow('It has staging.');
  });
});

describe('values of options', () => {
  it('are a share of the ids', () => {
    expect(readCanary('1%')).toEqual({ from: null, to: '028f' });
    expect(readCanary('0.001%')).toEqual({ from: null, to: '0001' });
    expect(readCanary('50%')).toEqual({ from: null, to: '8000' });
    expect(readCanary('100%')).toEqual({ from: null, to: null });
    for (const wrong of ['1', '0%', '101%', '-1%', 'x%', '1e1%']) {
      expect(() => readCanary(wrong)).toThrow('it takes a share of the objects, such as 1%');
    }
  });

  it('are a rate', () => {
    expect(['500/s', '500', '30/min', '3600/h', 'none'].map(readRate)).toEqual([
      500,
      500,
      0.5,
      1,
      null,
    ]);
    for (const wrong of ['0', 'x/s', '5/x', '5/s/s', '']) {
      expect(() => readRate(wrong)).toThrow('such as 500/s');
    }
  });

  it('are a limit, a number and a time', () => {
    expect(['0.5%', '0.5%,100', '0%,0', 'none'].map(readMaxFailures)).toEqual([
      { share: 0.005, count: 20 },
      { share: 0.005, count: 100 },
      { share: 0, count: 0 },
      null,
    ]);
    for (const wrong of ['0.5', '0.5%,x', '0.5%,1.5', '1%,2,3']) {
      expect(() => readMaxFailures(wrong)).toThrow('such as 0.5%');
    }
    expect(readWhole('--run', '7')).toBe(7);
    expect(() => readWhole('--run', '7.5')).toThrow('it takes a whole number');
    expect(readTime('--deployed-at', '2026-11-25T02:00:00Z')).toBe(Date.UTC(2026, 10, 25, 2));
    expect(() => readTime('--deployed-at', '12')).toThrow('it takes a time');
  });
});

it('lets no object write on a screen', () => {
  const text = 'a\u001b[31mb\u001b]0;title\u0007c\u0000d\u202ee\u001b[2Jf';
  expect(harmless(text)).toBe('abcdef');
  expect(oneLine('a\r\n  b\tc')).toBe('a b c');
});

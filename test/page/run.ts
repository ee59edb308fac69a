// Opens the report of a fleet in a real Chromium: it asks for nothing, fits a phone, can be read in light and dark and by a
// screen reader, and prints. With `--write` it also writes the picture of the manual.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { renderReport } from '../../src/fleet/html.ts';
import type { FleetReport } from '../../src/fleet/protocol.ts';
import { canGo, hostile, justBegun, notYet, preflight } from '../node/fleet-reports.ts';
import { Browser } from './browser.ts';
import { contrasts, overflow } from './measure.ts';

const PICTURE = join(import.meta.dirname, '../../docs/images/fleet.png');
/** What a picture of the manual may have, in bytes. */
const PICTURE_BYTES = 150_000;

const REPORTS: Record<string, () => FleetReport> = {
  notYet,
  canGo,
  preflight,
  justBegun,
  hostile,
};
const WIDTHS = [320, 390, 1280];
const SCHEMES = ['light', 'dark'] as const;
/** The least contrast of text, by WCAG 2.2, level AA: https://www.w3.org/TR/WCAG22/#contrast-minimum */
const LEAST_CONTRAST = 4.5;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

/** A node of what a screen reader is told. */
interface Node {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly {
    readonly name: string;
    readonly value: { readonly value: unknown };
  }[];
}

async function resize(browser: Browser, width: number): Promise<void> {
  await browser.send('Emulation.setDeviceMetricsOverride', {
    width,
    height: 800,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
}

const scheme = (browser: Browser, value: string, media = ''): Promise<unknown> =>
  browser.send('Emulation.setEmulatedMedia', {
    media,
    features: [{ name: 'prefers-color-scheme', value }],
  });

/** What a screen reader is told: headings in order, and a name for each picture, table and region. */
async function readersFaults(browser: Browser): Promise<string[]> {
  const { nodes } = await browser.send<{ nodes: Node[] }>('Accessibility.getFullAXTree');
  const seen = nodes.filter(({ ignored }) => !ignored);
  const named = (role: string): Node[] => seen.filter((node) => node.role?.value === role);
  const faults: string[] = [];
  for (const role of ['image', 'table', 'region', 'heading', 'columnheader', 'rowheader']) {
    const nameless = named(role).filter(({ name }) => (name?.value ?? '').trim() === '');
    if (nameless.length > 0) faults.push(`${nameless.length} of role ${role} without a name`);
  }
  const levels = named('heading').map(
    ({ properties = [] }) => properties.find(({ name }) => name === 'level')?.value.value as number,
  );
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) {
    faults.push(`headings do not begin with the only one of the first level: ${levels}`);
  }
  if (levels.some((level, i) => level > (levels[i - 1] ?? 0) + 1)) {
    faults.push(`headings leave a level out: ${levels}`);
  }
  if (named('main').length !== 1) faults.push('it has not one main part');
  if (named('table').length === 0) faults.push('it has no table');
  return faults;
}

async function faultsOf(browser: Browser, url: string): Promise<string[]> {
  const faults: string[] = [];
  await browser.open(url);
  for (const width of WIDTHS) {
    await resize(browser, width);
    const wide = await browser.run(overflow);
    if (wide.length > 0) faults.push(`at ${width} pixels too wide: ${wide.join('; ')}`);
    for (const name of SCHEMES) {
      await scheme(browser, name);
      const weak = (await browser.run(contrasts)).filter(({ ratio }) => ratio < LEAST_CONTRAST);
      for (const { text, ratio } of weak.slice(0, 3)) {
        faults.push(`${name}, ${width} pixels: contrast ${ratio.toFixed(2)} of "${text}"`);
      }
    }
  }
  await scheme(browser, 'dark', 'print');
  const weak = (await browser.run(contrasts)).filter(({ ratio }) => ratio < LEAST_CONTRAST);
  if (weak.length > 0) faults.push(`on paper: contrast ${weak[0]?.ratio} of "${weak[0]?.text}"`);
  const { data } = await browser.send<{ data: string }>('Page.printToPDF', {
    printBackground: false,
  });
  if (!Buffer.from(data, 'base64').subarray(0, 5).equals(Buffer.from('%PDF-'))) {
    faults.push('it does not print');
  }
  await scheme(browser, 'light');
  faults.push(...(await readersFaults(browser)));
  return faults;
}

async function test(folder: string): Promise<number> {
  const browser = await Browser.start();
  let failed = 0;
  try {
    const asked: string[] = [];
    const complaints: string[] = [];
    browser.on('Network.requestWillBeSent', ({ request }) => {
      asked.push((request as { url: string }).url);
    });
    browser.on('Log.entryAdded', ({ entry }) => {
      complaints.push((entry as { text: string }).text);
    });
    browser.on('Runtime.exceptionThrown', () => complaints.push('a script ran and threw'));
    browser.on('Runtime.consoleAPICalled', () => complaints.push('a script ran and printed'));
    browser.on('Page.javascriptDialogOpening', () => complaints.push('a script ran and asked'));
    for (const [name, report] of Object.entries(REPORTS)) {
      const file = join(folder, `${name}.html`);
      writeFileSync(file, renderReport(report()));
      const url = pathToFileURL(file).href;
      asked.length = 0;
      complaints.length = 0;
      const faults = await faultsOf(browser, url);
      const others = asked.filter((one) => one !== url);
      if (asked.length === 0) faults.push('nothing was seen of what it asks for');
      if (others.length > 0) faults.push(`it asks for ${others.join(', ')}`);
      faults.push(...complaints);
      console.log(`${faults.length === 0 ? 'ok' : 'FAILED'}  ${name}`);
      for (const fault of faults) console.log(`  ${fault}`);
      failed += faults.length;
    }
    if (values.write) await writePicture(browser, pathToFileURL(join(folder, 'notYet.html')).href);
  } finally {
    await browser.stop();
  }
  const bytes = statSync(PICTURE).size;
  if (bytes >= PICTURE_BYTES) {
    console.log(`FAILED  the picture of the manual has ${bytes} bytes`);
    failed++;
  }
  return failed;
}

async function writePicture(browser: Browser, url: string): Promise<void> {
  await browser.open(url);
  await browser.send('Emulation.setDeviceMetricsOverride', {
    width: 960,
    height: 1200,
    deviceScaleFactor: 1,
    mobile: false,
  });
  await scheme(browser, 'light');
  const { data } = await browser.send<{ data: string }>('Page.captureScreenshot', {
    format: 'png',
  });
  writeFileSync(PICTURE, Buffer.from(data, 'base64'));
}

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-page-'));
try {
  if ((await test(folder)) > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

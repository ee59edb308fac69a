// Where the ids of a class's objects come from: the files of wrangler's local state, or Cloudflare's API.
import { basename, dirname } from 'node:path';
import { CliError } from '../output.ts';
import { findNames, findObjects } from '../status/objects.ts';
import type { Worker } from '../wrangler.ts';
import { ACCOUNT, API_TOKEN, Cloudflare, type Namespace, RIGHT } from './cloudflare.ts';

/** What lists the objects of a class. */
export interface Lister {
  /** Where they are listed, and which right that needs, as a sentence. */
  readonly said: string;
  /** Names that are known without being told, by id. */
  readonly names: ReadonlyMap<string, string>;
  /** The ids behind `after` and before `to`, in ascending order, in pages. */
  pages(after: string | null, to: string | null, signal: AbortSignal): AsyncIterable<string[]>;
}

/** A class, as far as its binding and wrangler's config tell. */
export interface ListedClass {
  /** The binding's name. */
  readonly binding: string;
  /** The class's name; undefined where only the binding is known. */
  readonly className: string | undefined;
  /** The Worker that has it. */
  readonly script: string | undefined;
}

/** A name without what tells the style of a class's name from that of a binding's. */
const bare = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase();

/**
 * Whether a class's name and a binding's are the same word.
 *
 * @param one a name
 * @param other another
 */
export const isSameWord = (one: string, other: string): boolean => bare(one) === bare(other);

const isOfClass = ({ className, binding }: ListedClass, name: string): boolean =>
  className === undefined ? isSameWord(name, binding) : name === className;

/** Objects in a page of the local listing. */
const PAGE = 1_000;

/**
 * Lists the local objects of a class.
 *
 * @param path the folder that wrangler persists to
 * @param wanted the class
 * @throws {CliError} if there is no such folder, or several Workers there have such a class
 */
export async function listLocally(path: string, wanted: ListedClass): Promise<Lister> {
  const read = async (): Promise<{ files: Awaited<ReturnType<typeof findObjects>> }> => {
    const own = (await findObjects(path)).filter(({ className }) => isOfClass(wanted, className));
    const scriptOf = (file: string): string => basename(dirname(file)).replace(/-[^-]*$/, '');
    const scripts = [...new Set(own.map(({ file }) => scriptOf(file)))];
    const isOurs = scripts.includes(wanted.script ?? '');
    if (scripts.length > 1 && !isOurs) {
      throw new CliError(
        `${path}: several Workers have objects of ${wanted.className ?? wanted.binding}: ${scripts.join(', ')}. Run the command in ` +
          'the folder of the one that is meant, or name its config with --wrangler.',
      );
    }
    return { files: own.filter(({ file }) => !isOurs || scriptOf(file) === wanted.script) };
  };
  const { files } = await read();
  return {
    said: `The objects are listed from ${path}; that needs no token.`,
    names: findNames(files),
    async *pages(after, to) {
      // A second listing must see what has come since.
      const ids = (await read()).files
        .map(({ id }) => id)
        .filter((id) => (after === null || id > after) && (to === null || id < to))
        .sort();
      for (let i = 0; i < ids.length; i += PAGE) yield ids.slice(i, i + PAGE);
    },
  };
}

function chosenOf(namespaces: readonly Namespace[], wanted: ListedClass): Namespace {
  const called = wanted.className ?? wanted.binding;
  const own = namespaces.filter((one) => isOfClass(wanted, one.class));
  const ofScript = own.filter(({ script }) => script === wanted.script);
  const [chosen, ...more] = ofScript.length > 0 ? ofScript : own;
  if (chosen === undefined) {
    const there = [...new Set(namespaces.map((one) => one.class))].slice(0, 20).join(', ');
    throw new CliError(
      `The account has no class ${called}. ${there === '' ? 'It has none at all.' : `It has ${there}.`} Name the class with ` +
        '--class as the code calls it, or its namespace with --namespace.',
    );
  }
  if (more.length > 0) {
    const list = [chosen, ...more].map(({ id, script }) => `\n  --namespace ${id}  of ${script}`);
    throw new CliError(`Several Workers of the account have a class ${called}:${list.join('')}`);
  }
  if (!chosen.hasSqlite) {
    throw new CliError(
      `${called} of ${chosen.script} keeps its data in the old way, without SQLite: there is nothing to migrate.`,
    );
  }
  return chosen;
}

/**
 * Lists the deployed objects of a class.
 *
 * @param wanted the class
 * @param worker what wrangler's config says
 * @param namespace the class's id, where it was named
 * @param cloudflare makes what speaks to the API
 * @throws {CliError} if the account or the class cannot be told, or the token lacks the right
 */
export async function listDeployed(
  wanted: ListedClass,
  worker: Worker | undefined,
  namespace: string | undefined,
  cloudflare = (account: string) => new Cloudflare(account),
): Promise<Lister> {
  const account = process.env[ACCOUNT] || worker?.accountId;
  if (account === undefined) {
    throw new CliError(
      `Nothing says which account has the objects: set ${ACCOUNT}, or account_id in wrangler's config.`,
    );
  }
  const api = cloudflare(account);
  const id = namespace ?? chosenOf(await api.namespaces(), wanted).id;
  return {
    said: `${API_TOKEN} lists the objects of the account ${account}: it needs the right ${RIGHT}, and no other.`,
    names: new Map(),
    pages: (after, to, signal) => api.objects(id, after, to, signal),
  };
}

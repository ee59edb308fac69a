// The migrations that objects are compared with: those that the Worker imports for their class.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keyOf } from '../../base/key.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { bundlesIn } from '../bundle.ts';
import { findConfigs, findFolders, hasConfig, openFolder } from '../config.ts';
import {
  defaultModule,
  findModule,
  modulesAlone,
  originOf,
  writtenModules,
} from '../find-module.ts';
import type { MigrationFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError, NoFolderError, note } from '../output.ts';
import { endOfBraces } from '../record-source.ts';
import { isFile, isInside, readSources, type Source as SourceFile } from '../sources.ts';

/** The migrations that objects are compared with, and where they came from. */
export interface Source {
  readonly kind: 'module' | 'folder';
  /** The file or the folder. */
  readonly path: string;
  /** drizzle-kit's folder; undefined if there is none any more. */
  readonly folder: string | undefined;
  /** Whether it is a module that people write on. */
  readonly ejected: boolean;
  readonly input: MigrationInput;
}

/**
 * A folder as the bundle that drizzle-kit's `migrations.js` exports, which is what the Worker passes.
 *
 * @param folder the folder as it was read
 */
export function toBundle({ form, migrations }: MigrationFolder): MigrationInput {
  if (form === '1.x') {
    return { migrations: Object.fromEntries(migrations.map(({ tag, sql }) => [tag, sql])) };
  }
  return {
    journal: {
      entries: migrations.map(({ idx, when, journalTag }) => ({
        idx: idx as number,
        when: when as number,
        tag: journalTag,
      })),
    },
    migrations: Object.fromEntries(migrations.map(({ idx, sql }) => [keyOf(idx as number), sql])),
  };
}

/** What the command was told about the migrations. */
export interface SourceOptions {
  readonly folder?: string;
  readonly config?: readonly string[];
  readonly module?: string | false;
}

/** A history of this project: a folder, its module, or both. */
interface History {
  readonly folder: string | undefined;
  /** The module's path; it need not be there. */
  readonly module: string | undefined;
}

function checked(path: string, input: unknown): MigrationInput {
  try {
    readMigrations(input);
    return input as MigrationInput;
  } catch (cause) {
    throw new CliError(`${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readModule(path: string, folder: string | undefined): Promise<Source> {
  const input = checked(path, await loadDefault(path));
  const ejected = originOf(path, readFileSync(path, 'utf8')).by === 'eject';
  return { kind: 'module', path, folder, ejected, input };
}

async function readFolderAsSource(folder: string, sources: readonly SourceFile[]): Promise<Source> {
  const found = openFolder({ folder, config: undefined });
  const [problem] = found.problems.filter(({ code }) => code !== 'EXTRA_FILE');
  if (problem !== undefined) {
    throw new CliError(`${problem.file}:${problem.line}: ${problem.message}`);
  }
  const { bundles, notCompared } = await bundlesIn(folder, sources);
  for (const { file, reason } of notCompared) {
    note(
      `${file}: the code imports it, and objects are compared with ${folder} instead: ${reason}.`,
    );
  }
  const [bundle, ...more] = bundles;
  // What the code imports is what objects wake with. drizzle-kit's own is the folder, unless it is refused.
  if (
    bundle !== undefined &&
    more.length === 0 &&
    (bundle.refusal || !/migrations\.js$/.test(bundle.file))
  ) {
    return {
      kind: 'folder',
      path: bundle.file,
      folder,
      ejected: false,
      input: checked(bundle.file, bundle.input),
    };
  }
  return {
    kind: 'folder',
    path: folder,
    folder,
    ejected: false,
    input: checked(folder, toBundle(found)),
  };
}

const leadsTo = ({ folder, module }: History, path: string): boolean =>
  (folder !== undefined && isInside(folder, path)) ||
  (module !== undefined && isFile(module, path));

/** A path without the extension that an import may leave out. */
const bareOf = (path: string): string => path.replace(/\.[cm]?[jt]sx?$/, '');

/** What imports lead to: the paths of files and folders, those that these files import, and so on. */
function* reachable(
  start: readonly string[],
  fileOf: (path: string) => SourceFile | undefined,
): Generator<string> {
  const seen = new Set<string>();
  const open = [...start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    yield path;
    for (const one of fileOf(path)?.imports ?? []) if (one.path !== undefined) open.push(one.path);
  }
}

/** The paths that a class's own code imports; all of its file's where none of them stands in it. */
function importsOfClass({ text, imports }: SourceFile, start: number): string[][] {
  const brace = text.indexOf('{', start);
  const body = brace < 0 ? '' : text.slice(start, endOfBraces(text, brace));
  const own = imports.filter(({ names }) =>
    (names.match(/\w+/g) ?? []).some((name) => new RegExp(`\\b${name}\\b`).test(body)),
  );
  const pathsOf = (list: typeof imports): string[] => list.flatMap(({ path }) => path ?? []);
  return [pathsOf(own), pathsOf(imports)];
}

/** The migrations of this project, and which class has which. */
export class Sources {
  readonly #files: readonly SourceFile[];
  readonly #byPath: ReadonlyMap<string, SourceFile>;
  readonly #read = new Map<History, Promise<Source>>();

  private constructor(
    /** Those that objects are compared with. */
    private readonly selected: readonly History[],
    /** All that there are: another class may have one that is not selected. */
    private readonly all: readonly History[],
    private readonly module: string | false | undefined,
  ) {
    this.#files = readSources('.').filter(
      ({ file }) => !/\.(?:test|spec)\.\w+$|(?:^|\/)(?:tests?|__tests__)\//.test(file),
    );
    this.#byPath = new Map(this.#files.map((file) => [bareOf(resolve(file.file)), file]));
  }

  /**
   * Finds the migrations: the module or folder that was named, or those of the configs.
   *
   * @param options what the command was told
   * @throws {CliError} if there are none, or it is not clear which are meant
   */
  static async find({ folder, config, module }: SourceOptions): Promise<Sources> {
    const others = hasConfig()
      ? (await findConfigs().catch(() => [])).filter(({ isDurable }) => isDurable !== false)
      : [];
    const folders = others.map((other) => other.folder);
    const historyOf = (path: string): History => ({
      folder: path,
      module: typeof module === 'string' ? module : defaultModule(path, folders),
    });
    const selected: History[] = [];
    // Who has ejected has a module and nothing else.
    const alone = folder === undefined && config === undefined;
    if (alone && (typeof module === 'string' || !hasConfig())) {
      const known = typeof module === 'string' ? [] : modulesAlone();
      const files = known.length > 0 ? known : [await findModule(module || undefined)];
      selected.push(...files.map((file) => ({ folder: undefined, module: file })));
    } else {
      try {
        const places = await findFolders(folder, config);
        selected.push(...places.map((place) => historyOf(place.folder)));
      } catch (cause) {
        // Of a team that has ejected, the config of another database may be left.
        const ejected = alone && cause instanceof NoFolderError ? writtenModules('eject') : [];
        if (ejected.length === 0) throw cause;
        selected.push(...ejected.map((file) => ({ folder: undefined, module: file })));
      }
    }
    const isSame = (a: History, b: History): boolean =>
      (a.folder !== undefined && a.folder === b.folder) ||
      (a.module !== undefined && b.module !== undefined && resolve(a.module) === resolve(b.module));
    const more = folders.map(historyOf).filter((one) => !selected.some((it) => isSame(one, it)));
    return new Sources(selected, [...selected, ...more], module);
  }

  #fileOf = (path: string): SourceFile | undefined =>
    this.#byPath.get(bareOf(path)) ?? this.#byPath.get(join(path, 'index'));

  /** The file in which a class is declared, and the offset. */
  #declarationOf(className: string): { file: SourceFile; start: number } | undefined {
    const declared = new RegExp(`\\b(?:class|const|as)\\s+${className}\\b`);
    for (const file of this.#files) {
      const start = file.text.search(declared);
      if (start >= 0) return { file, start };
    }
    return undefined;
  }

  /** The histories that a class's code imports. */
  #claimsOf(className: string): readonly History[] {
    const declaration = this.#declarationOf(className);
    if (declaration === undefined) return [];
    for (const start of importsOfClass(declaration.file, declaration.start)) {
      const paths = [...reachable(start, this.#fileOf)];
      const claimed = this.all.filter((one) => paths.some((path) => leadsTo(one, path)));
      if (claimed.length > 0) return claimed;
    }
    return [];
  }

  /**
   * Whether the code of a class passes the option `drizzle: 'mirror'`.
   *
   * @param className the class's name
   */
  isMirroring(className: string): boolean {
    return this.#passes(className, /\bdrizzle:\s*['"]mirror['"]/) !== undefined;
  }

  /**
   * Whether the code of a class imports drizzle-offramp.
   *
   * @param className the class's name
   */
  isSwapped(className: string): boolean {
    return this.#passes(className, /\bfrom\s*['"]drizzle-offramp\b/) !== undefined;
  }

  /**
   * What the code of a class passes as the option `untracked`, as far as it is written out.
   *
   * @param className the class's name
   */
  untrackedOf(className: string): 'match' | { at: string } | undefined {
    const found = this.#passes(
      className,
      /\buntracked:\s*(?:['"](match)['"](?!\s*\|)|\{\s*at:\s*['"]([^'"\n]+)['"]\s*,?\s*\})/,
    );
    const at = found?.[2];
    return found === undefined ? undefined : at === undefined ? 'match' : { at };
  }

  /**
   * Whether the code of a class passes the option `adopt`.
   *
   * @param className the class's name
   */
  isAdopting(className: string): boolean {
    return this.#passes(className, /\badopt:\s*(?:\{|\w+\s*[,}(])/) !== undefined;
  }

  /** What a pattern finds in the code of a class, and in what that imports: in a line that is no comment. */
  #passes(className: string, pattern: RegExp): RegExpExecArray | undefined {
    const declaration = this.#declarationOf(className);
    if (declaration === undefined) return undefined;
    const { file } = declaration;
    const paths = reachable(
      file.imports.flatMap(({ path }) => path ?? []),
      this.#fileOf,
    );
    const line = new RegExp(`^(?!\\s*(?://|\\*)).*?${pattern.source}`, 'm');
    for (const one of [file, ...Array.from(paths, this.#fileOf)]) {
      const found = line.exec(one?.text ?? '');
      if (found) return found;
    }
    return undefined;
  }

  /**
   * The migrations of each class.
   *
   * @param classNames the classes that there are objects of
   * @returns the source of each, or why it has none: its code imports several, others are meant, or they cannot be read
   * @throws {CliError} if nobody can tell for any class, or the migrations of all cannot be read
   */
  async ofClasses(classNames: readonly string[]): Promise<ReadonlyMap<string, Source | string>> {
    const claims = new Map(classNames.map((name) => [name, this.#claimsOf(name)]));
    const claimed = [...claims.values()].flat();
    const free = this.selected.filter((one) => !claimed.includes(one));
    const pick = (name: string): History | undefined => {
      const own = claims.get(name) ?? [];
      const mine = own.filter((one) => this.selected.includes(one));
      if (mine.length > 0) return mine.length === 1 ? mine[0] : undefined;
      const isFree = own.length === 0 || this.selected.length === 1;
      return free.length === 1 && isFree ? free[0] : undefined;
    };
    const picked = new Map(classNames.map((name) => [name, pick(name)]));
    if (classNames.length > 0 && [...picked.values()].every((one) => one === undefined)) {
      throw new CliError(
        `Nothing says which migrations ${classNames.join(', ')} ${classNames.length > 1 ? 'have' : 'has'}: those of ` +
          `${this.all.map(({ folder, module }) => folder ?? module).join(', ')}. Name them with --config or --module, and ` +
          'the class with --class.',
      );
    }
    const sources = new Map<string, Source | string>();
    const failures: CliError[] = [];
    for (const [name, history] of picked) {
      if (history === undefined) {
        sources.set(name, this.#whyNone(name, claims.get(name) ?? []));
        continue;
      }
      try {
        sources.set(name, await this.#sourceOf(history));
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        failures.push(error);
        sources.set(name, error.message);
      }
    }
    const isRead = [...sources.values()].some((one) => typeof one !== 'string');
    if (failures[0] && !isRead) throw failures[0];
    // What there is no object of yet must still be readable.
    if (classNames.length === 0) for (const one of this.selected) await this.#sourceOf(one);
    return sources;
  }

  /** Why a class is compared with nothing. */
  #whyNone(name: string, own: readonly History[]): string {
    const list = (all: readonly History[]): string =>
      all.map(({ folder, module }) => folder ?? module).join(' and ');
    if (own.length > 1) {
      return `its code imports the migrations of ${list(own)}. Name its own: --class ${name} --folder ${own[0]?.folder ?? '<folder>'}`;
    }
    return own.length === 1
      ? `its code imports the migrations of ${list(own)}, which were not asked for`
      : `nothing says which migrations its class has. Name them: --class ${name} --folder <folder>`;
  }

  #sourceOf(history: History): Promise<Source> {
    const found = this.#read.get(history) ?? this.#readSource(history);
    this.#read.set(history, found);
    return found;
  }

  async #readSource({ folder, module }: History): Promise<Source> {
    const standing = folder !== undefined && existsSync(folder) ? folder : undefined;
    if (folder === undefined) return readModule(module as string, undefined);
    if (typeof this.module === 'string') return readModule(this.module, standing);
    if (this.module === false || module === undefined || !existsSync(module)) {
      return readFolderAsSource(folder, this.#files);
    }
    const imported = this.#files
      .filter(({ file }) => !isFile(module, resolve(file)) && !isInside(folder, resolve(file)))
      .flatMap(({ imports }) => imports.flatMap(({ path }) => path ?? []));
    const usesModule = imported.some((path) => isFile(module, path));
    const usesFolder = imported.some((path) => isInside(folder, path));
    // A module that nobody imports yet is not what objects wake with.
    return usesFolder && !usesModule
      ? readFolderAsSource(folder, this.#files)
      : readModule(module, standing);
  }
}

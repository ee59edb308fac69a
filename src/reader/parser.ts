// The only file that knows the parser. It is young (0.7.1) and its tree may change with any version, so it is pinned,
// and nothing a Worker imports may reach it: a Worker has the small splitter of src/sql/ and no grammar.
import {
  type AstNode,
  parseStmt,
  type Stmt,
  tokenize,
  tokenName,
  VisitorKeys,
} from 'sqlite3-parser';

export type {
  AlterTableStmt,
  AstNode,
  ColumnDefinition,
  CreateIndexStmt,
  CreateTableStmt,
  CreateTriggerStmt,
  CreateViewStmt,
  CreateVirtualTableStmt,
  DeferSubclause,
  Expr,
  ForeignKeyClause,
  FromClause,
  Id,
  JoinConstraint,
  OneSelect,
  PragmaStmt,
  QualifiedName,
  ResolveType,
  Select,
  SelectFrom,
  SelectTable,
  SelectValues,
  SetAssignment,
  Stmt,
  TriggerCmd,
  Upsert,
  With,
} from 'sqlite3-parser';

/** Each rule asks for the tree of the same statement, one after the other. Nobody changes a tree. */
const parsed = new Map<string, Stmt | undefined>();
const REMEMBERED = 256;

/**
 * Reads one statement by SQLite's grammar.
 *
 * @param statement one statement, without or with its semicolon
 * @returns its tree; undefined if it is no SQL
 */
export function parse(statement: string): Stmt | undefined {
  if (parsed.has(statement)) return parsed.get(statement);
  const result = parseStmt(statement);
  const tree = result.status === 'ok' ? result.root : undefined;
  if (parsed.size >= REMEMBERED) parsed.clear();
  parsed.set(statement, tree);
  return tree;
}

/**
 * The nodes directly below a node.
 *
 * @param node any node of a tree
 */
export function childrenOf(node: AstNode): AstNode[] {
  const keys: readonly string[] = VisitorKeys[node.type as keyof typeof VisitorKeys] ?? [];
  return keys.flatMap((key) => {
    const child = (node as unknown as Record<string, AstNode | readonly AstNode[] | undefined>)[
      key
    ];
    return child === undefined ? [] : child;
  });
}

/**
 * A node and all below it.
 *
 * @param node any node of a tree
 */
export function* nodesOf(node: AstNode): Generator<AstNode> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

/** The parser's flags of a table, which it does not export. */
const WITHOUT_ROWID = 128;
const STRICT = 65536;

/**
 * Whether a table's primary key is NOT NULL without saying so: it is WITHOUT ROWID, or STRICT.
 *
 * @param flags the flags of its CREATE TABLE
 */
export const hasFilledKey = (flags: number): boolean => (flags & (WITHOUT_ROWID | STRICT)) !== 0;

/**
 * Whether a table is WITHOUT ROWID.
 *
 * @param flags the flags of its CREATE TABLE
 */
export const hasNoRowid = (flags: number): boolean => (flags & WITHOUT_ROWID) !== 0;

/** A token of a text: as it is written, and where it ends. */
export interface Token {
  readonly text: string;
  readonly kind: 'name' | 'word' | 'text' | 'other';
}

const KINDS: Readonly<Record<string, Token['kind']>> = { ID: 'name', STRING: 'text' };

/**
 * The tokens of a text that mean something: no white space, no comments.
 *
 * @param sql any SQL
 */
export function tokensOf(sql: string): Token[] {
  return Array.from(tokenize(sql), ({ type, span }) => {
    const text = sql.slice(span.offset, span.offset + span.length);
    const kind = KINDS[tokenName(type) ?? ''] ?? (/^[a-z]/i.test(text) ? 'word' : 'other');
    return { text, kind };
  });
}

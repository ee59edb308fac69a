// What drizzle-kit 0.31.11 and 1.0.0-rc.5 write for one schema and changes of it.
import type { Defect, History, Innocent } from '../case.ts';

type Form = '0.x' | '1.x';
const BREAK = '--> statement-breakpoint\n';

/** The columns of the tables, as each kit writes them. */
const columns = {
  users: (form: Form): Record<string, string> => ({
    id: form === '0.x' ? 'text PRIMARY KEY NOT NULL' : 'text PRIMARY KEY',
    email: form === '0.x' ? 'text NOT NULL' : 'text NOT NULL UNIQUE',
    name: 'text',
    created_at: 'integer DEFAULT (unixepoch() * 1000) NOT NULL',
  }),
  projects: (form: Form): Record<string, string> => ({
    id:
      form === '0.x'
        ? 'integer PRIMARY KEY AUTOINCREMENT NOT NULL'
        : 'integer PRIMARY KEY AUTOINCREMENT',
    owner_id: 'text NOT NULL',
    title: 'text NOT NULL',
    settings: "text DEFAULT '{}' NOT NULL",
  }),
  tasks: (form: Form): Record<string, string> => ({
    id: form === '0.x' ? 'text PRIMARY KEY NOT NULL' : 'text PRIMARY KEY',
    project_id: 'integer NOT NULL',
    parent_id: 'text',
    status: 'text NOT NULL',
    position: 'real NOT NULL',
  }),
};

const reference = (
  form: Form,
  table: string,
  column: string,
  to: string,
  action: string,
): string =>
  form === '0.x'
    ? `FOREIGN KEY (\`${column}\`) REFERENCES \`${to}\`(\`id\`) ON UPDATE no action ON DELETE ${action}`
    : `CONSTRAINT \`fk_${table}_${column}_${to}_id_fk\` FOREIGN KEY (\`${column}\`) REFERENCES \`${to}\`(\`id\`) ON DELETE ${action.toUpperCase()}`;

const create = (table: string, made: Record<string, string>, more: readonly string[]): string =>
  `CREATE TABLE \`${table}\` (\n${[...Object.entries(made).map(([name, type]) => `\`${name}\` ${type}`), ...more].map((line) => `\t${line}`).join(',\n')}\n);\n`;

const owner = (form: Form) => reference(form, 'projects', 'owner_id', 'users', 'cascade');
const project = (form: Form) => reference(form, 'tasks', 'project_id', 'projects', 'cascade');
const PROJECT_INDEX = 'CREATE INDEX `tasks_project` ON `tasks` (`project_id`,`position`);';
const EMAIL_INDEX = 'CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);';

const first = (form: Form): string => {
  const labels = create(
    'task_labels',
    { task_id: 'text NOT NULL', label: 'text NOT NULL' },
    form === '0.x'
      ? [
          'PRIMARY KEY(`task_id`, `label`)',
          reference(form, 'task_labels', 'task_id', 'tasks', 'cascade'),
        ]
      : [
          'CONSTRAINT `task_labels_pk` PRIMARY KEY(`task_id`, `label`)',
          reference(form, 'task_labels', 'task_id', 'tasks', 'cascade'),
        ],
  );
  return [
    labels,
    create('projects', columns.projects(form), [owner(form)]),
    create('tasks', columns.tasks(form), [project(form)]),
    create('users', columns.users(form), []),
    ...(form === '0.x' ? [`${PROJECT_INDEX}\n`, EMAIL_INDEX] : [PROJECT_INDEX]),
  ].join(BREAK);
};

/** A rebuild; 0.x copies every column of the new table, 1.x those that the old one has. */
const rebuilt = (
  form: Form,
  table: 'users' | 'projects' | 'tasks',
  made: Record<string, string>,
  more: readonly string[],
  after: readonly string[] = [],
): string => {
  const old = columns[table](form);
  const copied = Object.keys(made).filter(
    (name) => !made[name]?.includes('GENERATED') && (form === '0.x' || name in old),
  );
  const list = copied.map((name) => (form === '0.x' ? `"${name}"` : `\`${name}\``)).join(', ');
  return [
    'PRAGMA foreign_keys=OFF;',
    create(`__new_${table}`, made, more),
    `INSERT INTO \`__new_${table}\`(${list}) SELECT ${list} FROM \`${table}\`;`,
    `DROP TABLE \`${table}\`;`,
    `ALTER TABLE \`__new_${table}\` RENAME TO \`${table}\`;`,
    'PRAGMA foreign_keys=ON;',
    ...after,
  ].join(BREAK);
};

const mailIndex = (form: Form): string[] => (form === '0.x' ? [EMAIL_INDEX] : []);

const ROWS = `INSERT INTO users (id, email, name) VALUES ('u1', 'a@x', 'Ada'), ('u2', 'b@x', 'Ada');
  INSERT INTO projects (id, owner_id, title) VALUES (1, 'u1', 'one'), (9, 'u1', 'nine');
  DELETE FROM projects WHERE id = 9;
  INSERT INTO tasks VALUES ('t1', 1, 'gone', 'open', 1.5), ('t2', 1, NULL, 'done', -2);
  INSERT INTO task_labels VALUES ('t1', 'red')`;

const both = <T extends History>(
  what: string,
  made: (form: Form) => Omit<T, 'what' | 'rows'>,
): T[] =>
  (['0.x', '1.x'] as const).map(
    (form) =>
      ({
        what: `drizzle-kit ${form}: ${what}`,
        rows: ROWS,
        ...(form === '1.x' && { form }),
        ...made(form),
      }) as unknown as T,
  );

export const KIT_DEFECTS: readonly Defect[] = [
  ...both<Defect>('.unique() on a column with equal values', (form) => ({
    history: [
      first(form),
      form === '0.x'
        ? 'CREATE UNIQUE INDEX `users_name_unique` ON `users` (`name`);'
        : rebuilt(form, 'users', { ...columns.users(form), name: 'text UNIQUE' }, []),
    ],
    fails: 'UNIQUE constraint failed',
    names: 'users name',
    depends: true,
  })),
  ...both<Defect>('.references() on a column whose rows have no parent', (form) => ({
    history: [
      first(form),
      rebuilt(
        form,
        'tasks',
        columns.tasks(form),
        [project(form), reference(form, 'tasks', 'parent_id', 'tasks', 'set null')],
        [PROJECT_INDEX],
      ),
    ],
    fails: 'FOREIGN KEY',
    names: 'tasks parent',
    depends: true,
  })),
  ...both<Defect>('a column is taken out of the schema', (form) => ({
    history: [first(form), 'ALTER TABLE `users` DROP COLUMN `name`;'],
    asks: 'SELECT name FROM users',
    names: 'users name',
    by: 'check',
  })),
  ...both<Defect>('.notNull() on a new column', (form) => ({
    history: [first(form), 'ALTER TABLE `tasks` ADD `title` text NOT NULL;'],
    fails: 'Cannot add a NOT NULL column',
    names: 'tasks NOT NULL',
  })),
  ...both<Defect>('.notNull() on an old column', (form) => ({
    history: [
      first(form),
      rebuilt(
        form,
        'users',
        { ...columns.users(form), name: 'text NOT NULL' },
        [],
        mailIndex(form),
      ),
    ],
    rows: `${ROWS}; UPDATE users SET name = NULL WHERE id = 'u1'`,
    fails: 'NOT NULL constraint failed',
    names: 'users name',
    depends: true,
  })),
  ...both<Defect>('check() over old rows', (form) => ({
    history: [
      first(form),
      rebuilt(
        form,
        'tasks',
        columns.tasks(form),
        [
          project(form),
          form === '0.x'
            ? 'CONSTRAINT "positive" CHECK("__new_tasks"."position" > 0)'
            : 'CONSTRAINT "positive" CHECK("position" > 0)',
        ],
        [PROJECT_INDEX],
      ),
    ],
    fails: 'CHECK constraint failed',
    names: 'tasks position',
    depends: true,
  })),
  ...both<Defect>('a changed default of a table with autoIncrement', (form) => ({
    history: [
      first(form),
      rebuilt(
        form,
        'projects',
        { ...columns.projects(form), title: "text DEFAULT 'Untitled' NOT NULL" },
        [owner(form)],
      ),
    ],
    next: "INSERT INTO projects (owner_id, title) VALUES ('u1', 'next')",
    asks: 'SELECT max(id) AS id FROM projects',
    names: 'projects AUTOINCREMENT',
    depends: true,
  })),
  ...both<Defect>('a column with a reference is taken out of the schema: a rebuild', (form) => {
    const { owner_id: _, ...others } = columns.projects(form);
    return {
      history: [first(form), rebuilt(form, 'projects', others, [])],
      asks: 'SELECT owner_id FROM projects',
      names: 'projects owner_id',
      by: 'check',
    };
  }),
  {
    what: 'drizzle-kit 0.x: a new column and a changed default: each row gets the name of the new column',
    history: [
      first('0.x'),
      rebuilt(
        '0.x',
        'users',
        { ...columns.users('0.x'), name: "text DEFAULT 'nobody'", bio: 'text' },
        [],
        [EMAIL_INDEX],
      ),
    ],
    rows: ROWS,
    asks: ['SELECT NULL AS bio FROM users', 'SELECT bio FROM users'],
    names: 'bio',
    by: 'check',
  },
];

const everything =
  'SELECT u.id, u.email, u.name, u.created_at, p.id AS pid, p.title, p.settings, t.id AS tid, t.parent_id, t.status, t.position, l.label ' +
  'FROM users u LEFT JOIN projects p ON p.owner_id = u.id LEFT JOIN tasks t ON t.project_id = p.id LEFT JOIN task_labels l ON l.task_id = t.id ORDER BY 1, 5, 8';

export const KIT_INNOCENTS: readonly Innocent[] = [
  ...both<Innocent>('new columns', (form) => ({
    history: [
      first(form),
      'ALTER TABLE `tasks` ADD `due_at` integer;--> statement-breakpoint\nALTER TABLE `users` ADD `image` text;--> statement-breakpoint\n' +
        "ALTER TABLE `users` ADD `role` text DEFAULT 'member' NOT NULL;",
    ],
    asks: everything,
  })),
  ...both<Innocent>('a changed default of a table with children', (form) => ({
    history: [
      first(form),
      rebuilt(
        form,
        'tasks',
        { ...columns.tasks(form), status: "text DEFAULT 'open' NOT NULL" },
        [project(form)],
        [PROJECT_INDEX],
      ),
    ],
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
  })),
  ...both<Innocent>('changed defaults of two tables in one file', (form) => {
    const users = { ...columns.users(form), name: "text DEFAULT 'nobody'" };
    const tasks = { ...columns.tasks(form), status: "text DEFAULT 'open' NOT NULL" };
    const second = rebuilt(form, 'tasks', tasks, [project(form)], [PROJECT_INDEX]);
    return {
      history: [
        first(form),
        [
          rebuilt(form, 'users', users, [], mailIndex(form)),
          // 0.x switches foreign keys once in a file, however many rebuilds there are.
          form === '0.x'
            ? second.replaceAll(/PRAGMA foreign_keys=O(?:FF|N);--> statement-breakpoint\n/g, '')
            : second,
        ].join(BREAK),
      ],
      asks: everything,
      says: 'REBUILD_WITH_CHILDREN',
    };
  }),
  ...both<Innocent>('a virtual generated column', (form) => ({
    history: [
      first(form),
      'ALTER TABLE `tasks` ADD `quiet` text GENERATED ALWAYS AS (lower(status)) VIRTUAL;',
    ],
    asks: everything,
  })),
  ...both<Innocent>('.unique() on a new column that may be NULL', (form) => ({
    history: [
      first(form),
      form === '0.x'
        ? 'ALTER TABLE `users` ADD `handle` text;--> statement-breakpoint\nCREATE UNIQUE INDEX `users_handle_unique` ON `users` (`handle`);'
        : `ALTER TABLE \`users\` ADD \`handle\` text;${BREAK}${rebuilt(form, 'users', { ...columns.users(form), handle: 'text UNIQUE' }, [])}`,
    ],
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
  })),
  ...both<Innocent>('an index, and another table that refers to two', (form) => ({
    history: [
      first(form),
      `${create(
        'comments',
        {
          id: form === '0.x' ? 'text PRIMARY KEY NOT NULL' : 'text PRIMARY KEY',
          task_id: 'text NOT NULL',
          user_id: 'text',
        },
        [
          reference(form, 'comments', 'task_id', 'tasks', 'cascade'),
          reference(form, 'comments', 'user_id', 'users', 'set null'),
        ],
      )}${BREAK}CREATE INDEX \`users_name\` ON \`users\` (\`name\`);`,
    ],
    asks: everything,
  })),
  {
    what: 'drizzle-kit 1.x: a new column and a changed default, with children: ADD, and a rebuild without it',
    form: '1.x',
    history: [
      first('1.x'),
      `ALTER TABLE \`users\` ADD \`bio\` text;${BREAK}${rebuilt('1.x', 'users', { ...columns.users('1.x'), bio: 'text', name: "text DEFAULT 'nobody'" }, [])}`,
    ],
    rows: ROWS,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'drizzle-kit 1.x: a virtual and a stored generated column: ADD of the one, and a rebuild for the other',
    form: '1.x',
    history: [
      first('1.x'),
      `ALTER TABLE \`tasks\` ADD \`quiet\` text GENERATED ALWAYS AS (lower(status)) VIRTUAL;${BREAK}${rebuilt(
        '1.x',
        'tasks',
        {
          ...columns.tasks('1.x'),
          loud: 'text GENERATED ALWAYS AS (upper(status)) STORED',
          quiet: 'text GENERATED ALWAYS AS (lower(status)) VIRTUAL',
        },
        [project('1.x')],
        [PROJECT_INDEX],
      )}`,
    ],
    rows: ROWS,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
  },
];

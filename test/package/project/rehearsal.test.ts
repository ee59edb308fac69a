import { env } from 'cloudflare:workers';
import * as testing from 'drizzle-offramp/testing';
import { expect, it } from 'vitest';
import migrations from './drizzle/migrations.js';

const { INBOX } = env as unknown as {
  INBOX: DurableObjectNamespace<import('./plain.ts').Inbox>;
};

it('rehearses the whole history', async () => {
  expect(Object.keys(testing).sort()).toEqual(['RehearsalError', 'rehearse']);
  const { starts, text }: testing.Rehearsal = await testing.rehearse(INBOX, migrations, {
    seed: ({ storage }, { applied }) => {
      if (applied.length === 1)
        storage.sql.exec("INSERT INTO users (id, email, name) VALUES ('a', 'b', 'c')");
    },
  });
  expect(starts).toHaveLength(12);
  expect(text.split('\n')).toHaveLength(13);
  // The types are there, and are not `any`.
  // @ts-expect-error
  await expect(testing.rehearse(INBOX, { m0000: 1 })).rejects.toThrow(
    '[SQL_NOT_TEXT] The SQL of m0000 is of type Number, not text',
  );
});

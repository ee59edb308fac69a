import { drizzle } from 'drizzle-orm/durable-sqlite';
import * as schema from './schema.ts';

export type Database = ReturnType<typeof openDatabase>;

export function openDatabase(storage: DurableObjectStorage) {
  return drizzle(storage, { schema, casing: 'snake_case' });
}

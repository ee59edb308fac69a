import { type Rehearsal, rehearse } from 'drizzle-offramp/testing';

/** Only its types are looked at: the module itself can be imported in workerd alone. */
export const run = async (namespace: DurableObjectNamespace): Promise<string> => {
  const { text }: Rehearsal = await rehearse(namespace, { m0000: 'CREATE TABLE a (b)' });
  // The types are there, and are not `any`.
  // @ts-expect-error
  await rehearse(namespace, { m0000: 1 });
  return text;
};

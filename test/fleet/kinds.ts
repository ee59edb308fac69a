/** What an object is before it is swept. */
export type Kind = 'fresh' | 'drizzle' | 'behind' | 'fails' | 'unknown' | 'deleted';

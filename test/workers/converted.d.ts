declare module '*/migrations.ts' {
  const migrations: import('drizzle-offramp').MigrationRecord;
  export default migrations;
}

declare module '*/migrations.ts' {
  const migrations: import('drizzle-offramp').MigrationRecord;
  export default migrations;
}
declare module '*?raw' {
  const text: string;
  export default text;
}

#!/usr/bin/env node
// Looks at Node before anything is loaded that an old one does not have.

/** The first version with node:sqlite and without a flag; wrangler asks for it too. */
const NEEDED = [22, 13] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `error: drizzle-offramp needs Node ${NEEDED.join('.')} or later, and this is ${process.version}.\n`,
  );
  process.exitCode = 2;
} else {
  const show = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    // Nobody who runs a command can do anything about node:sqlite being new.
    if (warning.name === 'ExperimentalWarning' && warning.message.includes('SQLite')) return;
    for (const listener of show) listener(warning);
  });
  const { run } = await import('./program.ts');
  await run();
}

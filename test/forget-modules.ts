// Before each test file: src/ and the tests are imported anew, so that neither a cache nor a constant that was computed
// at import stays behind from an earlier file, or an earlier mutant. As Vitest does for `isolate: true`, which starts a runtime and
// loads everybody's packages for each file: a third of all the time.
interface ModuleNode {
  promise: unknown;
  exports: unknown;
  evaluated: boolean;
  importers: Set<string>;
}

const { __vitest_worker__: worker } = globalThis as unknown as {
  __vitest_worker__: { evaluatedModules: { idToModuleMap: Map<string, ModuleNode> } };
};

for (const [id, node] of worker.evaluatedModules.idToModuleMap) {
  // The worker with the classes of the objects stays: the runtime holds them.
  const isOurs = /\/(src|test\/workers|test\/node)\//.test(id) && !id.includes('/node_modules/');
  if (!isOurs || id.endsWith('/test/workers/worker.ts')) continue;
  node.promise = undefined;
  node.exports = undefined;
  node.evaluated = false;
  node.importers.clear();
}

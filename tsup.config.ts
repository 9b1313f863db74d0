import { defineConfig, type Options } from 'tsup';

// Single files: the agent runs where there is no node_modules. The controller's native addon and the files that the API
// page serves from its own package stay outside.
const bundle = (name: string, entry: string, external: string[] = []): Options => ({
  name,
  entry: { [name]: entry },
  outDir: 'dist',
  format: ['cjs'],
  target: 'node24',
  platform: 'node',
  // What is not named as external goes in; the two are optional parts of `ws` that nothing here installs.
  noExternal: [new RegExp(`^(?!${[...external, 'bufferutil$', 'utf-8-validate$'].join('|')})`)],
  external: ['bufferutil', 'utf-8-validate', ...external],
  minify: name === 'agent',
  sourcemap: false,
  clean: false,
  silent: true,
});

export default defineConfig([
  bundle('agent', 'agent/main.ts'),
  bundle('controller', 'controller/main.ts', ['better-sqlite3', '@fastify/swagger-ui']),
  bundle('signer', 'controller/signer/main.ts'),
  bundle('ppec', 'client/cli/main.ts'),
]);

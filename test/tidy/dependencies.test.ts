// What is delivered is known: every package pinned, of an allowed licence, and listed in the documentation.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { licencesPage, licencesText, productionPackages } from '../../scripts/dependencies.ts';

test('every production dependency is pinned and of an allowed licence', () => {
  const { packages, problems } = productionPackages();
  expect(problems).toEqual([]);
  expect(packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['fastify', 'ws', 'better-sqlite3', 'find-my-way']),
  );
});

test('docs/licences.md lists exactly what is installed', () => {
  expect(readFileSync(licencesPage, 'utf8')).toBe(licencesText(productionPackages()));
});

// The documentation of who may do what is what the code has: docs/api.md per operation, docs/operations.md per role.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { builtInRoles, ownPermissions } from '../../controller/domain/built-in-roles.ts';
import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { roleNames } from '../../shared/api/role-names.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

/** Rows of a table as cells, without the spaces that line them up. */
function rows(text: string, first: RegExp): string[][] {
  return text
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter(([before, cell = '']) => before === '' && first.test(cell))
    .map((cells) => cells.slice(1, -1));
}

function where({ scope }: AnyOperation): string {
  return typeof scope === 'string' ? scope : scope.map((member) => `\`${member}\``).join(', ');
}

function who({ permission, scope }: AnyOperation): string {
  if (scope === 'own' && ownPermissions.has(permission)) return 'everybody';
  const holders = roleNames.filter((role) => builtInRoles[role].permissions.includes(permission));
  const others = roleNames.filter((role) => !holders.includes(role));
  if (others.length === 0) return 'all roles';
  return others.length <= 2 ? `all but ${others.join(', ')}` : holders.join(', ');
}

test('docs/api.md has a row for exactly the operations that exist, with what they need', () => {
  const wanted = operations.map((each) => [
    `\`${each.id}\``,
    each.method,
    `\`${each.path}\``,
    `\`${each.permission}\``,
    each.effect,
    where(each),
    who(each),
    each.summary,
  ]);
  expect(rows(page('api.md'), /^`[a-z-]+\.[a-z-]+`$/)).toEqual(wanted);
});

test('docs/operations.md has the built-in roles as they are', () => {
  const reads = new Set(builtInRoles.viewer.permissions);
  const wanted = roleNames.map((role) => {
    const { description, permissions } = builtInRoles[role];
    const beyond = permissions.filter((permission) => !reads.has(permission));
    const isReader = builtInRoles.viewer.permissions.every((permission) => permissions.includes(permission));
    const listed = isReader ? beyond : permissions;
    const text = listed.map((permission) => `\`${permission}\``).join(' ');
    return [`\`${role}\``, description, isReader ? 'yes' : 'no', text];
  });
  const names = new RegExp(`^\`(${roleNames.join('|')})\`$`);
  expect(rows(page('operations.md'), names)).toEqual(wanted);
});

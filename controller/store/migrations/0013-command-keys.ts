// Which list of command keys each agent holds, as it said last.
import type { Migration } from './migration.ts';

export const commandKeys: Migration = {
  name: '0013-command-keys',
  statements: ['alter table assets add column "command_key_sequence" bigint'],
};

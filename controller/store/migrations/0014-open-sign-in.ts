// Until when somebody who holds rights may be given another way to sign in.
import type { Migration } from './migration.ts';

export const openSignIn: Migration = {
  name: '0014-open-sign-in',
  statements: [
    'alter table people add column "sign_in_open_until" bigint',
    'alter table set_up_tokens add column "agreed" integer not null default 0',
  ],
};

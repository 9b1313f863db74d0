// Opening the region's database: one SQLite file in WAL mode, every commit on disk before it is acknowledged.
import Sqlite from 'better-sqlite3';
import { Kysely, sql, SqliteDialect, type SqliteDatabase } from 'kysely';

import { PpecError } from '../../shared/errors.ts';
import { spine } from './migrations/0001-spine.ts';
import { waivers } from './migrations/0002-waivers.ts';
import { evidence } from './migrations/0003-evidence.ts';
import { orders } from './migrations/0004-orders.ts';
import { parts } from './migrations/0005-parts.ts';
import { cabling } from './migrations/0006-cabling.ts';
import { burnIns } from './migrations/0007-burn-ins.ts';
import { rights } from './migrations/0008-rights.ts';
import { signIn } from './migrations/0009-sign-in.ts';
import { policies } from './migrations/0010-policies.ts';
import { auditHeads } from './migrations/0011-audit-heads.ts';
import { agentIdentity } from './migrations/0012-agent-identity.ts';
import { commandKeys } from './migrations/0013-command-keys.ts';
import { openSignIn } from './migrations/0014-open-sign-in.ts';
import type { Migration } from './migrations/migration.ts';
import type { Database } from './schema.ts';

const migrations: readonly Migration[] = [
  spine,
  waivers,
  evidence,
  orders,
  parts,
  cabling,
  burnIns,
  rights,
  signIn,
  policies,
  auditHeads,
  agentIdentity,
  commandKeys,
  openSignIn,
];

export type Db = Kysely<Database>;

/** Opens and migrates. `path` may be `:memory:`. Throws where the file was written by a newer version. */
export async function openDatabase(path: string): Promise<Db> {
  const file = new Sqlite(path);
  file.pragma('journal_mode = WAL');
  // A commit that was acknowledged survives a power cut.
  file.pragma('synchronous = FULL');
  file.pragma('busy_timeout = 10000');
  file.pragma('foreign_keys = ON');
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: keepingStatements(file) }) });
  await migrate(db);
  return db;
}

/** Statements kept at most; the program has far fewer, but for lists of varying length. */
const statementsMax = 500;

/** The database with each statement prepared once: compiling one can cost as much as running it. */
function keepingStatements(file: Sqlite.Database): SqliteDatabase {
  const statements = new Map<string, Sqlite.Statement>();
  return {
    prepare: (asked) => {
      // Every transaction here writes. One that began as a reader could not, once another process had written meanwhile.
      const text = asked === 'begin' ? 'begin immediate' : asked;
      const known = statements.get(text);
      if (known !== undefined) return known;
      if (statements.size >= statementsMax) statements.clear();
      const made = file.prepare(text);
      statements.set(text, made);
      return made;
    },
    close: () => void file.close(),
  };
}

async function migrate(db: Db): Promise<void> {
  await sql`create table if not exists migrations (name text primary key)`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(db);
  const done = new Set(rows.map((row) => row.name));
  const unknown = [...done].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new PpecError(
      'failed_precondition',
      `This database was written by a newer version (${unknown.join(', ')}). Run that version, or restore a backup.`,
    );
  }
  for (const { name, statements } of migrations.filter((migration) => !done.has(migration.name))) {
    await db.transaction().execute(async (trx) => {
      for (const statement of statements) await sql.raw(statement).execute(trx);
      await sql`insert into migrations (name) values (${name})`.execute(trx);
    });
  }
}

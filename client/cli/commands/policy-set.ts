import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { defined, integer, many, optional, required } from '../options.ts';
import { printFiled, readWindow } from '../views/policy.ts';

const minuteMs = 60_000;

export const policySet = command({
  path: 'policy set',
  summary: 'Ask to make or replace the policy of an operation in a scope; a checker must approve',
  arguments: { operation: required('operation', 'a state-changing operation, or all of a noun: `asset.*`') },
  options: {
    scope: optional('--scope <scope>', 'region unless told; team:NAME, project:NAME, cluster:NAME, tags:KEY=VALUE'),
    quorum: integer('--quorum <n>', { min: 0, max: 5 }, 'how many other people must approve'),
    checkers: many('--checkers <group>', 'a role or a permission; given twice: at least one person of each'),
    openFor: integer('--open-for <minutes>', { min: 5, max: 43_200 }, 'how long a change waits; a day unless told'),
    hours: optional('--hours <hours>', 'when an approved change may run, UTC: "mon-fri 08:00-16:00"'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
  },
  examples: [
    'ppec policy set asset.provision --scope project:payments --quorum 2 --reason "two pairs of eyes on payments"',
    'ppec policy set "asset.*" --quorum 1 --hours "mon-thu 08:00-15:00" --reason "while people are in the office"',
  ],
  async run(context, { operation, scope, quorum, checkers, openFor, hours, reason }) {
    if (quorum === undefined) throw new PpecError('invalid_argument', 'Say how many must approve: --quorum N.');
    const openForMs = openFor === undefined ? undefined : openFor * minuteMs;
    const window = hours === undefined ? undefined : readWindow(hours);
    const groups = checkers.length === 0 ? undefined : [...checkers];
    const input = { verb: operation, quorum, reason, ...defined({ scope, checkers: groups, openForMs, window }) };
    const client = await context.client();
    printFiled(context, await client.call('policy.set', input, { signal: context.signal }));
  },
});

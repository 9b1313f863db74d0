import { overlapHoursMax } from '../../../shared/api/credential.ts';
import { command } from '../command.ts';
import { defined, integer, required } from '../options.ts';
import { due } from '../output/time.ts';

export const credentialRotate = command({
  path: 'credential rotate',
  summary: 'Give an API credential a new secret; the old one stays good for a stated time',
  arguments: { credential: required('credential', 'id of the credential') },
  options: {
    overlapHours: integer(
      '--overlap-hours <n>',
      { min: 0, max: overlapHoursMax },
      'how long both are good; 24 unless told',
    ),
  },
  examples: [
    'ppec credential rotate crd_01jdaqv1zfe4rs8pnxzqk3wh2d',
    'ppec credential rotate crd_01jdaqv1zfe4rs8pnxzqk3wh2d --overlap-hours 0   # the old secret leaked',
  ],
  async run({ client, output, clock, signal }, { credential, overlapHours }) {
    const input = { credential, ...defined({ overlapHours }) };
    const made = await (await client()).call('credential.rotate', input, { signal });
    output.value(made, ({ credential: { id, oldSecretUntil }, secret }) =>
      output.details([
        ['credential', id],
        ['secret', secret, 'bold'],
        ['old secret', oldSecretUntil === null ? 'good no more' : `good until ${due(oldSecretUntil, clock.nowMs())}`],
      ]),
    );
    output.note('The secret is not shown again.');
  },
});

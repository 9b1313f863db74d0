import { command } from '../command.ts';
import { required } from '../options.ts';

export const sessionEnd = command({
  path: 'session end',
  summary: 'End a session; what it has open ends at once',
  arguments: { session: required('session', 'id of the session, of `ppec session list`') },
  examples: ['ppec session end ses_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run({ client, output, signal }, { session }) {
    const ended = await (await client()).call('session.end', { session }, { signal });
    output.value(ended, ({ id, person, client: on }) => `Ended ${id} (${person}, ${on}).\n`);
  },
});

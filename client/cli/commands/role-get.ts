import { command } from '../command.ts';
import { required } from '../options.ts';

export const roleGet = command({
  path: 'role get',
  summary: 'One role with its permissions',
  arguments: { role: required('role', 'its name') },
  examples: ['ppec role get provisioner'],
  async run({ client, output, signal }, { role }) {
    const found = await (await client()).call('role.get', { role }, { signal });
    output.value(found, (each) =>
      output.details([
        ['role', each.name, 'bold'],
        ['about', each.description],
        ['built in', each.builtIn ? 'yes' : 'no'],
        ['grants', String(each.grants)],
        ['may', each.permissions.join(' ')],
      ]),
    );
  },
});

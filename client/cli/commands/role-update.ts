import { command } from '../command.ts';
import { defined, many, optional, required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const roleUpdate = command({
  path: 'role update',
  summary: 'Ask to change the permissions of a custom role; a checker must approve',
  arguments: { role: required('role', 'its name') },
  options: {
    permission: many('--permission <permission>', 'an operation, or noun.*; may be repeated; these are all it has'),
    description: optional('--description <text>', 'what it is for'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
  },
  examples: ['ppec role update burner --permission asset.get --permission "burn-in.*" --reason "for the test bench"'],
  async run(context, { role, permission, description, reason }) {
    const client = await context.client();
    const input = { role, permissions: [...permission], reason, ...defined({ description }) };
    printFiled(context, await client.call('role.update', input, { signal: context.signal }));
  },
});

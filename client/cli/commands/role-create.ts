import { command } from '../command.ts';
import { defined, many, optional, required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const roleCreate = command({
  path: 'role create',
  summary: 'Ask for a role of your own making; a checker must approve',
  arguments: { name: required('name', 'its name') },
  options: {
    permission: many('--permission <permission>', 'an operation, or noun.*; may be repeated; these are all it has'),
    description: optional('--description <text>', 'what it is for'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
  },
  examples: ['ppec role create burner --permission asset.get --permission "burn-in.*" --reason "for the test bench"'],
  async run(context, { name, permission, description, reason }) {
    const client = await context.client();
    const input = { name, permissions: [...permission], reason, ...defined({ description }) };
    printFiled(context, await client.call('role.create', input, { signal: context.signal }));
  },
});

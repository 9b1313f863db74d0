import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const roleDelete = command({
  path: 'role delete',
  summary: 'Ask to delete a custom role that no grant gives; a checker must approve',
  arguments: { role: required('role', 'its name') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec role delete burner --reason "nobody has it"'],
  async run(context, { role, reason }) {
    const client = await context.client();
    printFiled(context, await client.call('role.delete', { role, reason }, { signal: context.signal }));
  },
});

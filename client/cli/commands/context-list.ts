import { command } from '../command.ts';

export const contextList = command({
  path: 'context list',
  summary: 'List the controllers this client knows; secrets are not shown',
  examples: ['ppec context list'],
  async run({ config, output }) {
    const { current, contexts } = await config.read();
    const rows = Object.entries(contexts).map(([name, context]) => ({
      name,
      isCurrent: name === current,
      url: context.url,
      region: context.region ?? null,
      credentialId: context.credential?.id ?? null,
      signedIn: context.login?.person ?? null,
    }));
    output.value(rows, () => {
      if (rows.length === 0) {
        return 'No contexts. Add one: ppec context add NAME --url https://HOST:7443 --ca FILE --credential ID\n';
      }
      return output.table(
        [
          { title: '', value: (row) => (row.isCurrent ? '*' : ' ') },
          { title: 'NAME', value: (row) => row.name },
          { title: 'URL', value: (row) => row.url },
          { title: 'REGION', value: (row) => row.region },
          { title: 'AS', value: (row) => (row.signedIn === null ? row.credentialId : `${row.signedIn} (signed in)`) },
        ],
        rows,
      );
    });
  },
});

// The cloud-init NoCloud seed of a production system: name, network, keys and how to phone home. Pure. The files are JSON,
// which is YAML, so there is nothing to escape.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { Seed } from '../../shared/protocol/command.ts';

export type SeedFacts = {
  readonly assetId: string;
  readonly hostname: string;
  readonly sshKeys: readonly string[];
  readonly inventory: Inventory;
  readonly address: string;
  readonly network: { readonly cidr: string; readonly gateway: string | null; readonly dns: readonly string[] };
  /** Text of /etc/ppec/agent.json, with the one-time token. */
  readonly agentFile: string;
};

export function seedFor(facts: SeedFacts): Seed {
  const prefix = facts.network.cidr.split('/')[1] ?? '32';
  // The port it is reached by: the first with a link, else the first there is.
  const nic = facts.inventory.nics.find((candidate) => candidate.linkUp === true) ?? facts.inventory.nics[0];
  return {
    metaData: JSON.stringify({ 'instance-id': facts.assetId, 'local-hostname': facts.hostname }),
    userData: `#cloud-config\n${JSON.stringify({
      ssh_authorized_keys: facts.sshKeys,
      write_files: [{ path: '/etc/ppec/agent.json', permissions: '0600', content: facts.agentFile }],
    })}`,
    networkConfig: JSON.stringify({
      version: 2,
      ethernets: {
        production: {
          match: { macaddress: nic?.mac ?? '' },
          addresses: [`${facts.address}/${prefix}`],
          ...(facts.network.gateway === null ? {} : { gateway4: facts.network.gateway }),
          ...(facts.network.dns.length === 0 ? {} : { nameservers: { addresses: facts.network.dns } }),
        },
      },
    }),
  };
}

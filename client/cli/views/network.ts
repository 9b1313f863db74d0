// A network in details.
import type { Network } from '../../../shared/api/network.ts';
import type { CommandContext } from '../command.ts';

export function printNetwork({ output }: CommandContext, network: Network): void {
  output.value(network, (value) =>
    output.details([
      ['network', value.name, 'bold'],
      ['id', value.id],
      ['kind', value.kind],
      ['cidr', value.cidr],
      ['gateway', value.gateway],
      ['range', `${value.rangeStart}–${value.rangeEnd}`],
      ['dns', value.dns.join(' ')],
      ['addresses', `${value.used} used, ${value.free} free`, value.free === 0 ? 'bad' : 'plain'],
    ]),
  );
}
